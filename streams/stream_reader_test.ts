// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  createTask,
  IncompleteReadError,
  LimitOverrunError,
  newEventLoop,
  ReadTransport,
  run,
  RuntimeError,
  sleep,
  StreamReader,
} from "../mod.ts";
import { bytesOf, textOf } from "../tests/doubles/text.ts";

function feed(reader: StreamReader, ...texts: string[]): StreamReader {
  for (const text of texts) reader.feedData(bytesOf(text));
  return reader;
}

/** Counts what a reader asks of its transport. */
class Valve extends ReadTransport {
  readonly calls: string[] = [];

  override pauseReading(): void {
    this.calls.push("pause");
  }

  override resumeReading(): void {
    this.calls.push("resume");
  }
}

Deno.test("StreamReader.read() gives what is there, up to the number", () =>
  run(async () => {
    const reader = feed(new StreamReader(), "ab", "cd", "ef");
    assertEquals(textOf(await reader.read(0)), "");
    assertEquals(textOf(await reader.read(1)), "a");
    assertEquals(textOf(await reader.read(3)), "bcd");
    assertEquals(textOf(await reader.read(100)), "ef");
    reader.feedEof();
    assertEquals(textOf(await reader.read(100)), "");
    assertEquals(textOf(await reader.read()), "");
  }));

Deno.test("StreamReader.feedData() copies memory that is shared", () =>
  run(async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(2)).fill(1);
    const reader = new StreamReader();
    reader.feedData(shared);
    shared.fill(2);
    const data = await reader.read(100);
    assertEquals(data, new Uint8Array([1, 1]));
    assertEquals((await crypto.subtle.digest("SHA-256", data)).byteLength, 32);
  }));

Deno.test("StreamReader.read() hands on a chunk without copying it", () =>
  run(async () => {
    const reader = new StreamReader();
    const chunk = bytesOf("chunk");
    reader.feedData(chunk);
    assertStrictEquals(await reader.read(100), chunk);
    reader.feedData(chunk);
    assertStrictEquals((await reader.read(2)).buffer, chunk.buffer);
  }));

Deno.test("StreamReader.read() waits for the first data", () =>
  run(async () => {
    const reader = new StreamReader();
    const task = createTask(() => reader.read(10));
    await sleep(0);
    assertEquals(task.done(), false);
    feed(reader, "hello");
    assertEquals(textOf(await task), "hello");
  }));

Deno.test("StreamReader.read() without a number reads to the end", () =>
  run(async () => {
    const reader = new StreamReader({ limit: 3 });
    const valve = new Valve();
    reader.setTransport(valve);
    feed(reader, "more than the limit");
    const task = createTask(() => reader.read());
    await sleep(0);
    feed(reader, " and more");
    await sleep(0);
    reader.feedEof();
    assertEquals(textOf(await task), "more than the limit and more");
    // Otherwise it would wait forever.
    assertEquals(valve.calls.slice(0, 2), ["pause", "resume"]);
  }));

Deno.test("StreamReader.readExactly() gives that many bytes", () =>
  run(async () => {
    const reader = feed(new StreamReader({ limit: 2 }), "abc");
    assertEquals((await reader.readExactly(0)).length, 0);
    const task = createTask(() => reader.readExactly(5));
    await sleep(0);
    feed(reader, "d");
    await sleep(0);
    assertEquals(task.done(), false);
    feed(reader, "efg");
    assertEquals(textOf(await task), "abcde");
    assertEquals(textOf(await reader.readExactly(2)), "fg");
  }));

Deno.test("StreamReader.readExactly() fails at an early end, with what there was", () =>
  run(async () => {
    const reader = feed(new StreamReader(), "ab", "c");
    reader.feedEof();
    const error = await assertRejects(
      () => reader.readExactly(5),
      IncompleteReadError,
      "Expected 5 bytes: received 3 before the end of the stream",
    );
    assertEquals(textOf(error.partial), "abc");
    assertEquals(error.expected, 5);
    assertEquals(textOf(await reader.read()), "");
  }));

Deno.test("StreamReader.readLine() gives lines, the last one as it is", () =>
  run(async () => {
    const reader = feed(new StreamReader(), "one\ntw", "o\n\nth", "ree");
    assertEquals(textOf(await reader.readLine()), "one\n");
    assertEquals(textOf(await reader.readLine()), "two\n");
    assertEquals(textOf(await reader.readLine()), "\n");
    const task = createTask(() => reader.readLine());
    await sleep(0);
    reader.feedEof();
    assertEquals(textOf(await task), "three");
    assertEquals(textOf(await reader.readLine()), "");
  }));

Deno.test("StreamReader.readLine() drops a line that is longer than the limit", () =>
  run(async () => {
    const reader = feed(new StreamReader({ limit: 3 }), "toolong\nok\n");
    await assertRejects(
      () => reader.readLine(),
      RangeError,
      "Cannot read up to the separator as it comes after 7 bytes: the limit is 3",
    );
    assertEquals(textOf(await reader.readLine()), "ok\n");
    feed(reader, "endless");
    await assertRejects(
      () => reader.readLine(),
      RangeError,
      "Cannot read up to a separator as there is none in 7 bytes: the limit is 3",
    );
    feed(reader, "ok\n");
    assertEquals(textOf(await reader.readLine()), "ok\n");
    // The limit does not count the newline.
    feed(reader, "abc\n");
    assertEquals(textOf(await reader.readLine()), "abc\n");
  }));

Deno.test("StreamReader.readUntil() finds a separator across chunks", () =>
  run(async () => {
    const reader = feed(
      new StreamReader(),
      "key=ABval",
      "ueA",
      "A",
      "B",
      "Crest",
    );
    assertEquals(textOf(await reader.readUntil("ABC")), "key=ABvalueAABC");
    assertEquals(textOf(await reader.readUntil(bytesOf("t"))), "rest");
    const task = createTask(() => reader.readUntil("SEP"));
    for (const text of ["datS", "SE", "SES", "E", "P."]) {
      await sleep(0);
      assertEquals(task.done(), false);
      feed(reader, text);
    }
    assertEquals(textOf(await task), "datSSESESEP");
    assertEquals(textOf(await reader.read(9)), ".");
  }));

Deno.test("StreamReader.readUntil() takes several separators, of which the first match wins", () =>
  run(async () => {
    const reader = feed(new StreamReader(), "some dataMY;more\r\nlast\n");
    assertEquals(
      textOf(await reader.readUntil(["\r\n", ";", "A"])),
      "some dataMY;",
    );
    assertEquals(textOf(await reader.readUntil(["\r\n", "\n"])), "more\r\n");
    assertEquals(
      textOf(await reader.readUntil(["\r\n", bytesOf("\n")])),
      "last\n",
    );
    // The one that ends first, though the other begins before it.
    feed(reader, "xABCx");
    assertEquals(textOf(await reader.readUntil(["ABC", "B"])), "xAB");
  }));

Deno.test("StreamReader.readUntil() leaves what exceeds the limit in the reader", () =>
  run(async () => {
    const reader = feed(new StreamReader({ limit: 3 }), "too longAA");
    const none = await assertRejects(
      () => reader.readUntil("AAA"),
      LimitOverrunError,
      "Cannot read up to a separator as there is none in 8 bytes: the limit is 3",
    );
    assertEquals(none.consumed, 8);
    feed(reader, "A!");
    const found = await assertRejects(
      () => reader.readUntil("AAA"),
      LimitOverrunError,
      "Cannot read up to the separator as it comes after 8 bytes: the limit is 3",
    );
    assertEquals(found.consumed, 8);
    assertEquals(textOf(await reader.readExactly(8)), "too long");
    assertEquals(textOf(await reader.readUntil("AAA")), "AAA");
  }));

Deno.test("StreamReader.readUntil() fails at an early end, with what there was", () =>
  run(async () => {
    const reader = feed(new StreamReader(), "some dataAA");
    reader.feedEof();
    const error = await assertRejects(
      () => reader.readUntil("AAA"),
      IncompleteReadError,
      "Expected more bytes: received 11 before the end of the stream",
    );
    assertEquals(textOf(error.partial), "some dataAA");
    assertEquals(error.expected, null);
    assert(reader.atEof());
  }));

Deno.test("StreamReader.atEof() is about the data as well as the end", () =>
  run(async () => {
    const reader = new StreamReader();
    assertEquals(reader.atEof(), false);
    feed(reader, "a");
    reader.feedEof();
    assertEquals(reader.atEof(), false);
    await reader.read();
    assertEquals(reader.atEof(), true);
  }));

Deno.test("StreamReader.setException() breaks the stream", () =>
  run(async () => {
    const reader = feed(new StreamReader(), "data");
    assertEquals(reader.exception(), null);
    const task = createTask(() => reader.readExactly(10));
    await sleep(0);
    const error = new Deno.errors.ConnectionReset("reset");
    reader.setException(error);
    assertStrictEquals(reader.exception(), error);
    const reads = [
      () => task,
      () => reader.read(1),
      () => reader.read(0),
      () => reader.readLine(),
      () => reader.readExactly(1),
      () => reader.readUntil("d"),
    ];
    for (const read of reads) {
      assertStrictEquals(await assertRejects(read), error);
    }
  }));

Deno.test("StreamReader pauses its transport while too much waits", () =>
  run(async () => {
    const reader = new StreamReader({ limit: 4 });
    const valve = new Valve();
    reader.setTransport(valve);
    assertThrows(() => reader.setTransport(valve), RuntimeError);
    feed(reader, "12345678");
    assertEquals(valve.calls, []);
    feed(reader, "9");
    feed(reader, "0");
    assertEquals(valve.calls, ["pause"]);
    await reader.read(5);
    assertEquals(valve.calls, ["pause"]);
    await reader.readExactly(1);
    assertEquals(valve.calls, ["pause", "resume"]);
    // A read of more than the limit gets it.
    feed(reader, "1234567");
    const task = createTask(() => reader.readExactly(20));
    await sleep(0);
    assertEquals(valve.calls, ["pause", "resume", "pause", "resume"]);
    task.cancel();
    await task.catch(() => {});
  }));

Deno.test("StreamReader does without pausing if its transport cannot", () =>
  run(async () => {
    const reader = new StreamReader({ limit: 1 });
    reader.setTransport(new ReadTransport());
    feed(reader, "abc", "def");
    assertEquals(textOf(await reader.read(10)), "abcdef");
  }));

Deno.test("StreamReader keeps the bytes of a cancelled read", () =>
  run(async () => {
    const reads: ((reader: StreamReader) => PromiseLike<Uint8Array>)[] = [
      (reader) => reader.read(),
      (reader) => reader.readExactly(4),
      (reader) => reader.readLine(),
      (reader) => reader.readUntil("."),
    ];
    for (const read of reads) {
      for (const last of ["x", "\n."]) {
        const reader = feed(new StreamReader(), "ab");
        const task = createTask(() => read(reader));
        await sleep(0);
        // The second time it is cancelled between its wake-up and its step.
        feed(reader, last);
        task.cancel();
        await assertRejects(() => task, CancelledError);
        assertEquals(textOf(await reader.read(10)), "ab" + last);
      }
    }
  }));

Deno.test("StreamReader lets one task wait at a time", () =>
  run(async () => {
    const reader = new StreamReader();
    const task = createTask(() => reader.read(1));
    await sleep(0);
    for (
      const [name, read] of [
        ["read", () => reader.read(1)],
        ["readLine", () => reader.readLine()],
        ["readExactly", () => reader.readExactly(1)],
        ["readUntil", () => reader.readUntil("x")],
      ] as const
    ) {
      await assertRejects(read, RuntimeError, `Cannot call ${name}() while`);
    }
    feed(reader, "ab");
    assertEquals(textOf(await task), "a");
    assertEquals(textOf(await reader.read(1)), "b");
  }));

Deno.test("StreamReader tells wrong arguments", () =>
  run(async () => {
    assertThrows(
      () => new StreamReader({ limit: 0 }),
      RangeError,
      "received 0",
    );
    assertThrows(() => new StreamReader({ limit: -1 }), RangeError);
    const reader = feed(new StreamReader(), "data");
    assertThrows(
      () => reader.readExactly(-1),
      RangeError,
      "received -1",
    );
    assertThrows(() => reader.readExactly(1.5), RangeError);
    assertThrows(
      () => reader.read("1" as never),
      TypeError,
      'The n of read() must be an integer: received "1"',
    );
    assertThrows(() => reader.readUntil(""), RangeError, "empty");
    assertThrows(() => reader.readUntil(["a", ""]), RangeError, "empty");
    assertThrows(() => reader.readUntil([]), RangeError, "none");
    assertThrows(
      () => reader.readUntil(1 as never),
      TypeError,
      "A separator must be a string, a Uint8Array or an array of them: received 1",
    );
    assertThrows(() => reader.readUntil([1 as never]), TypeError);
    assertThrows(
      () => reader.feedData("text" as never),
      TypeError,
      'The data of feedData() must be a Uint8Array: received "text"',
    );
    reader.feedEof();
    assertThrows(() => feed(reader, "late"), RuntimeError);
    assertEquals(textOf(await reader.read()), "data");
  }));

Deno.test("StreamReader iterates over its lines", () =>
  run(async () => {
    const reader = feed(new StreamReader(), "one\ntwo\n", "three");
    reader.feedEof();
    const lines: string[] = [];
    for await (const line of reader) lines.push(textOf(line));
    assertEquals(lines, ["one\n", "two\n", "three"]);
  }));

Deno.test("StreamReader.readable is the stream as the platform has it", () =>
  run(async () => {
    const reader = feed(new StreamReader(), "one ", "two");
    reader.feedEof();
    assertEquals(await new Response(reader.readable).text(), "one two");
  }));

Deno.test("StreamReader gives the same bytes however they are cut", () =>
  run(async () => {
    const text = Array.from({ length: 3000 }, (_, i) => `${i}\r\n`).join("");
    const bytes = bytesOf(text);
    let seed = 1;
    const random = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
    for (const longest of [1, 3, 700, 5000]) {
      const reader = new StreamReader({ limit: 1e6 });
      let fed = 0;
      let got = "";
      while (got.length < text.length) {
        for (let i = random(5); i >= 0 && fed < bytes.length; i--) {
          const end = Math.min(bytes.length, fed + 1 + random(longest));
          reader.feedData(bytes.slice(fed, fed = end));
        }
        if (fed === bytes.length) reader.feedEof();
        const available = fed - got.length;
        if (available === 0) continue;
        const rest = text.slice(got.length, fed);
        const cut = rest.indexOf("\r\n");
        switch (random(3)) {
          case 0:
            got += textOf(await reader.read(1 + random(2 * longest)));
            break;
          case 1:
            got += textOf(await reader.readExactly(1 + random(available)));
            break;
          default:
            if (cut === -1) break;
            assertEquals(
              textOf(await reader.readUntil("\r\n")),
              rest.slice(0, cut + 2),
            );
            got += rest.slice(0, cut + 2);
        }
        assert(text.startsWith(got));
      }
      assertEquals(got, text);
    }
  }));

Deno.test("StreamReader.readUntil() takes the shortest separator that ends first", () =>
  run(async () => {
    for (const separators of [["AB", "B"], ["B", "AB"]]) {
      const reader = feed(new StreamReader({ limit: 3 }), "xxxAB");
      const error = await assertRejects(
        () => reader.readUntil(separators),
        LimitOverrunError,
        "as it comes after 4 bytes: the limit is 3",
      );
      assertEquals(error.consumed, 4);
      await reader.readExactly(error.consumed);
      assertEquals(textOf(await reader.readUntil(separators)), "B");
    }
  }));

Deno.test("StreamReader.readUntil() does not look before the beginning for a long separator", () =>
  run(async () => {
    const reader = feed(new StreamReader(), "data");
    const task = createTask(() => reader.readUntil(["A", "long sep"]));
    await sleep(0);
    feed(reader, "Z");
    await sleep(0);
    assertEquals(task.done(), false);
    feed(reader, "A");
    assertEquals(textOf(await task), "dataZA");
  }));

Deno.test("StreamReader goes on with its lines after an iteration was left", () =>
  run(async () => {
    const reader = feed(new StreamReader(), "one\n\ntwo\nthree");
    reader.feedEof();
    for await (const line of reader) if (textOf(line) === "\n") break;
    assertEquals(textOf(await reader.readLine()), "two\n");
    assertEquals(await Array.fromAsync(reader, textOf), ["three"]);
  }));

Deno.test("StreamReader iterates on after a line that is too long", () =>
  run(async () => {
    const reader = feed(new StreamReader({ limit: 5 }), "one\nmuch too long\n");
    feed(reader, "two\n");
    reader.feedEof();
    const lines = reader[Symbol.asyncIterator]();
    assertEquals(textOf((await lines.next()).value!), "one\n");
    await assertRejects(() => lines.next(), RangeError);
    assertEquals(textOf((await lines.next()).value!), "two\n");
    assertEquals((await lines.next()).done, true);
  }));

Deno.test("StreamReader.readLine() in a task of another loop fails and takes nothing", async () => {
  const loop = newEventLoop();
  const reader = new StreamReader({ loop });
  await run(() =>
    assertRejects(
      () => reader.readLine(),
      RuntimeError,
      "Cannot call readLine() in a task of another event loop",
    )
  );
  feed(reader, "line\n");
  assertEquals(textOf(await run(() => reader.readLine())), "line\n");
  feed(reader, "next\n");
  const next = await loop.runUntilComplete(() => reader.readLine());
  assertEquals(textOf(next), "next\n");
  loop.close();
});

Deno.test("StreamReader.toString() tells how it stands", () =>
  run(async () => {
    assertEquals(String(new StreamReader()), "<StreamReader>");
    const reader = feed(new StreamReader({ limit: 4 }), "123");
    assertEquals(String(reader), "<StreamReader 3 bytes limit=4>");
    reader.setTransport(new Valve());
    feed(reader, "456789");
    assertEquals(String(reader), "<StreamReader 9 bytes limit=4 paused>");
    const task = createTask(() => reader.readExactly(20));
    await sleep(0);
    assertEquals(
      Deno.inspect(reader),
      "<StreamReader 9 bytes limit=4 waiting>",
    );
    task.cancel();
    await task.catch(() => {});
    reader.feedEof();
    reader.setException(new RangeError("why"));
    assertEquals(
      String(reader),
      "<StreamReader 9 bytes eof limit=4 exception=RangeError: why>",
    );
  }));

Deno.test("StreamReader.setException() takes whatever a catch block was given", async () => {
  for (const value of ["boom", undefined, null, Object.create(null)]) {
    const reader = new StreamReader();
    reader.setException(value);
    const error = await assertRejects(() => reader.read(), Error);
    assertStrictEquals(error.cause, value);
  }
});
