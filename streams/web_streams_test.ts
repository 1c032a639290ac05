// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  createTask,
  currentTask,
  run,
  RuntimeError,
  sleep,
  StreamReader,
} from "../mod.ts";
import { turns } from "../tests/doubles/recorder.ts";
import { bytesOf, textOf } from "../tests/doubles/text.ts";
import { FakeSource } from "../tests/doubles/source.ts";
import { fakeStream } from "../tests/doubles/streams.ts";

Deno.test("StreamReader.from() pulls a chunk only while a read is pending", () =>
  run(async () => {
    const source = new FakeSource();
    const reader = StreamReader.from(source.stream);
    await turns();
    assertEquals([source.stream.locked, source.pulls], [true, 0]);
    const task = createTask(() => reader.readLine());
    await turns();
    assertEquals(source.pulls, 1);
    source.controller.enqueue(bytesOf("on"));
    await turns();
    assertEquals(source.pulls, 2);
    source.controller.enqueue(new Uint8Array(0));
    source.controller.enqueue(bytesOf("e\ntwo\nth"));
    assertEquals(textOf(await task), "one\n");
    const { pulls } = source;
    assertEquals(textOf(await reader.readLine()), "two\n");
    await turns();
    assertEquals(source.pulls, pulls);
    source.controller.enqueue(bytesOf("ree"));
    source.controller.close();
    assertEquals(textOf(await reader.read()), "three");
    assert(reader.atEof());
    assertEquals([source.stream.locked, source.cancellations.length], [
      false,
      0,
    ]);
  }));

Deno.test("StreamReader.from() keeps the chunk that comes after a cancellation", () =>
  run(async () => {
    const source = new FakeSource();
    const reader = StreamReader.from(source.stream);
    const task = createTask(() => reader.readExactly(4));
    await turns();
    task.cancel();
    await assertRejects(() => task, CancelledError);
    source.controller.enqueue(bytesOf("kept"));
    await turns();
    assertEquals(textOf(await reader.read(100)), "kept");
    assertEquals(source.pulls, 1);
    reader.feedEof();
  }));

Deno.test("StreamReader.from() breaks with its stream", () =>
  run(async () => {
    const source = new FakeSource();
    const reader = StreamReader.from(source.stream);
    const error = new Error("broken");
    const task = createTask(() => reader.read(1));
    await turns();
    source.controller.error(error);
    assertStrictEquals(await assertRejects(() => task), error);
    assertStrictEquals(reader.exception(), error);
    assert(!source.stream.locked);

    const other = new FakeSource();
    const otherReader = StreamReader.from(other.stream);
    other.controller.error("no error");
    await assertRejects(() => otherReader.read(1), Error, "no error");
  }));

Deno.test("StreamReader.from() rejects locked streams and chunks other than bytes", () =>
  run(async () => {
    const source = new FakeSource();
    const reader = StreamReader.from(source.stream);
    source.controller.enqueue("text" as never);
    const error = await assertRejects(
      () => reader.read(1),
      TypeError,
      'Each chunk of the stream must be a Uint8Array: received "text"',
    );
    assertEquals(source.cancellations, [error]);

    const { stream } = new FakeSource();
    assertThrows(() => StreamReader.from(stream, { limit: 0 }), RangeError);
    assert(!stream.locked);
    stream.getReader();
    assertThrows(() => StreamReader.from(stream), TypeError);
    assertThrows(
      () => StreamReader.from({} as never),
      TypeError,
      "The stream of StreamReader.from() must be a ReadableStream: received an instance of Object",
    );
  }));

Deno.test("StreamReader.from() cancels its stream when it is ended, broken or given up", () =>
  run(async () => {
    const error = new Error("enough");
    const endings: [(reader: StreamReader) => unknown, unknown][] = [
      [(reader) => reader.feedEof(), undefined],
      [(reader) => reader.setException(error), error],
      [(reader) => reader.readable.cancel(error), error],
    ];
    for (const [end, reason] of endings) {
      for (const isWaiting of [false, true]) {
        const source = new FakeSource();
        const reader = StreamReader.from(source.stream);
        const task = isWaiting ? createTask(() => reader.read(1)) : null;
        await turns();
        await end(reader);
        await turns();
        assertEquals(source.cancellations, [reason]);
        assert(!source.stream.locked);
        if (task === null) continue;
        if (reader.exception() === null) assertEquals((await task).length, 0);
        else assertStrictEquals(await assertRejects(() => task), error);
      }
    }
  }));

Deno.test("StreamReader.from() has its stream work outside every task", () =>
  run(async () => {
    const tasks: unknown[] = [];
    const stream = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        tasks.push(currentTask());
        await sleep(0);
        controller.enqueue(bytesOf("line\n"));
      },
    }, { highWaterMark: 0 });
    const reader = StreamReader.from(stream);
    const task = createTask(() => reader.readExactly(10));
    assertEquals((await task).length, 10);
    assertEquals(tasks, [null, null]);
    reader.feedEof();
  }));

Deno.test("StreamReader.readable and the reader itself are read in turn", () =>
  run(async () => {
    const [conn, reader, writer] = await fakeStream();
    conn.receive("head\nbody");
    assertEquals(textOf(await reader.readLine()), "head\n");
    const web = reader.readable.getReader();
    assertEquals(textOf((await web.read()).value), "body");
    await turns();
    conn.receive("more\n");
    await turns();
    // It takes nothing ahead.
    assertEquals(textOf(await reader.readLine()), "more\n");
    conn.receive(null);
    assertEquals((await web.read()).done, true);
    assertStrictEquals(reader.readable, reader.readable);
    writer.close();
    await writer.waitClosed();
  }));

Deno.test("StreamReader.readable gives chunks that can be transferred", () =>
  run(async () => {
    const [conn, reader, writer] = await fakeStream();
    const web = reader.readable.getReader();
    for (const text of ["one\ntwo", "three"]) {
      conn.receive(text);
      if (text !== "three") await reader.readLine();
      const { value } = await web.read();
      structuredClone(value, { transfer: [value!.buffer as ArrayBuffer] });
      await turns();
    }
    conn.receive("four");
    assertEquals(textOf(await reader.read(10)), "four");
    writer.close();
    await writer.waitClosed();
  }));

Deno.test("StreamReader.readable that is cancelled leaves a connection as it is", () =>
  run(async () => {
    const [conn, reader, writer] = await fakeStream();
    const first = reader.readable;
    const web = first.getReader();
    const reading = web.read();
    await turns();
    await web.cancel("no more");
    assertEquals((await reading).done, true);
    conn.receive("kept");
    assertEquals(textOf(await reader.read(10)), "kept");
    assertNotStrictEquals(reader.readable, first);
    assertEquals(writer.isClosing(), false);
    writer.close();
    await writer.waitClosed();
  }));

Deno.test("StreamReader.readable breaks with a task that is cancelled, but not the reader", () =>
  run(async () => {
    const [conn, reader, writer] = await fakeStream();
    const task = createTask(() => new Response(reader.readable).text());
    await turns();
    task.cancel();
    await assertRejects(() => task, CancelledError);
    conn.receive("kept");
    await turns();
    const web = reader.readable.getReader();
    assertEquals(textOf((await web.read()).value), "kept");
    writer.close();
    await writer.waitClosed();
    assertEquals((await web.read()).done, true);
  }));

Deno.test("StreamReader.readable does not depend on the limit", () =>
  run(async () => {
    for (const limit of [1, 2.5, Infinity]) {
      const reader = new StreamReader({ limit });
      reader.feedData(bytesOf("data"));
      reader.feedEof();
      assertEquals(await Array.fromAsync(reader.readable, textOf), ["data"]);
    }
  }));

Deno.test("StreamReader.readable breaks with its reader", () =>
  run(async () => {
    const reader = new StreamReader();
    const web = reader.readable.getReader();
    const reading = web.read();
    const error = new Deno.errors.ConnectionReset("reset");
    reader.setException(error);
    assertStrictEquals(await assertRejects(() => reading), error);
    // One at a time, as elsewhere.
    const other = new StreamReader();
    const task = createTask(() => other.read(1));
    await sleep(0);
    await assertRejects(
      () => other.readable.getReader().read(),
      RuntimeError,
      "while another task waits",
    );
    other.feedEof();
    await task;
  }));

Deno.test("StreamWriter.writable waits while the peer is slow", () =>
  run(async () => {
    const [conn, , writer] = await fakeStream();
    writer.transport.setWriteBufferLimits(4);
    conn.block();
    const web = writer.writable.getWriter();
    await web.write(bytesOf("abc"));
    let isWritten = false;
    const writing = web.write(bytesOf("def")).then(() => isWritten = true);
    await turns();
    assertEquals([isWritten, web.desiredSize], [false, 0]);
    conn.unblock();
    await writing;
    await web.close();
    assertEquals([conn.written.join(""), conn.isClosed], ["abcdef", true]);
  }));

Deno.test("StreamWriter.writable breaks when the connection is lost", () =>
  run(async () => {
    const broken = new Deno.errors.BrokenPipe("gone");
    const [conn, , writer] = await fakeStream();
    const web = writer.writable.getWriter();
    conn.failRead(broken);
    assertStrictEquals(await assertRejects(() => web.closed), broken);

    const [, , other] = await fakeStream();
    const otherWeb = other.writable.getWriter();
    other.transport.abort();
    await assertRejects(() => otherWeb.closed, Deno.errors.ConnectionReset);
    await assertRejects(() => otherWeb.write(bytesOf("late")));
  }));

Deno.test("StreamWriter.writable fails its close() if the rest cannot be sent", () =>
  run(async () => {
    const [conn, , writer] = await fakeStream();
    const web = writer.writable.getWriter();
    conn.block();
    await web.write(bytesOf("data"));
    const closing = web.close();
    await turns();
    const broken = new Deno.errors.BrokenPipe("gone");
    conn.fail(broken);
    assertStrictEquals(await assertRejects(() => closing), broken);
  }));

Deno.test("StreamWriter.writable takes bytes and strings only", () =>
  run(async () => {
    const [conn, , writer] = await fakeStream();
    await assertRejects(
      () => writer.writable.getWriter().write(1 as never),
      TypeError,
    );
    // The writer itself is as it was.
    writer.write("on");
    const web = writer.writable.getWriter();
    await web.write(bytesOf("ward"));
    await web.close();
    assertEquals(conn.written.join(""), "onward");
  }));

Deno.test("StreamWriter.writable breaks with a task that is cancelled, but not the writer", () =>
  run(async () => {
    const [conn, , writer] = await fakeStream();
    writer.transport.setWriteBufferLimits(0);
    conn.block();
    const task = createTask(() =>
      new Blob(["one"]).stream().pipeTo(writer.writable)
    );
    while (writer.transport.getWriteBufferSize() === 0) await turns();
    task.cancel();
    assertInstanceOf(await assertRejects(() => task), CancelledError);
    conn.unblock();
    const web = writer.writable.getWriter();
    await web.write(bytesOf(" two"));
    await web.close();
    assertEquals(conn.written.join(""), "one two");
  }));

Deno.test("StreamWriter.writable that is aborted drops what is not sent", () =>
  run(async () => {
    const [conn, , writer] = await fakeStream();
    conn.block();
    const web = writer.writable.getWriter();
    await web.write(bytesOf("one"));
    await web.write(bytesOf("two"));
    await web.abort("no more");
    await writer.waitClosed();
    conn.unblock();
    await turns();
    assertEquals([conn.written, conn.isClosed], [[], true]);
  }));

Deno.test("StreamReader.readable fills the memory of a BYOB reader", () =>
  run(async () => {
    const reader = new StreamReader();
    reader.feedData(bytesOf("abcde"));
    const stream = reader.readable;
    const byob = stream.getReader({ mode: "byob" });
    const first = await byob.read(new Uint8Array(3));
    assertEquals(textOf(first.value), "abc");
    const second = await byob.read(new Uint8Array(first.value!.buffer));
    assertEquals(textOf(second.value), "de");
    byob.releaseLock();
    assertEquals(reader.atEof(), false);
    reader.feedData(bytesOf("f"));
    // A stream that has had a BYOB reader can still be read in chunks.
    const chunks = stream.getReader();
    assertEquals(textOf((await chunks.read()).value), "f");
    chunks.releaseLock();
    const last = stream.getReader({ mode: "byob" });
    const end = last.read(new Uint8Array(2));
    await turns();
    reader.feedEof();
    assertEquals((await end).done, true);
  }));

Deno.test("StreamReader.readable gives a BYOB reader at least as much as it asks for", () =>
  run(async () => {
    const reader = new StreamReader();
    const byob = reader.readable.getReader({ mode: "byob" });
    const reading = byob.read(new Uint8Array(8), { min: 4 });
    for (const part of ["ab", "cd", "ef"]) {
      reader.feedData(bytesOf(part));
      await turns();
    }
    assertEquals(textOf((await reading).value), "abcd");
    assertEquals(textOf(await reader.read(9)), "ef");
  }));

Deno.test("StreamReader.readable cancelled during a BYOB read loses no byte", () =>
  run(async () => {
    const reader = new StreamReader();
    const stream = reader.readable;
    const byob = stream.getReader({ mode: "byob" });
    const reading = byob.read(new Uint8Array(8));
    await turns();
    await byob.cancel();
    assertEquals((await reading).done, true);
    reader.feedData(bytesOf("abc"));
    assertEquals(textOf(await reader.read(9)), "abc");
    assertNotStrictEquals(reader.readable, stream);
  }));

for (const mode of ["default", "byob"] as const) {
  Deno.test(`StreamReader.readable cancelled after a read loses no byte: ${mode}`, () =>
    run(async () => {
      for (let count = 0; count < 20; count++) {
        const reader = new StreamReader();
        reader.feedData(bytesOf("abc"));
        const stream = mode === "byob"
          ? reader.readable.getReader({ mode })
          : reader.readable.getReader();
        const read = () => stream.read(new Uint8Array(8));
        await read();
        reader.feedData(bytesOf("def"));
        const reading = read();
        for (let i = 0; i < count; i++) await Promise.resolve();
        await stream.cancel();
        reader.feedEof();
        const { value = new Uint8Array() } = await reading;
        const rest = await reader.read();
        assertEquals(textOf(value) + textOf(rest), "def");
      }
    }));
}

Deno.test("StreamReader.readable tells a BYOB reader of the error of the stream", () =>
  run(async () => {
    const reader = new StreamReader();
    const byob = reader.readable.getReader({ mode: "byob" });
    const reading = byob.read(new Uint8Array(8));
    await turns();
    reader.setException(new Deno.errors.ConnectionReset("reset"));
    await assertRejects(() => reading, Deno.errors.ConnectionReset);
  }));
