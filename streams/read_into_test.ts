// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  createTask,
  getRunningLoop,
  IncompleteReadError,
  openConnection,
  run,
  RuntimeError,
  sleep,
  startServer,
  StreamReader,
  StreamReaderProtocol,
  Transport,
} from "../mod.ts";
import { cancelEverywhere, explore, MemoryNetwork } from "../testing/mod.ts";
import { turns } from "../tests/doubles/recorder.ts";
import { FakeConn } from "../tests/doubles/conn.ts";
import { fakeStream, streamPair } from "../tests/doubles/streams.ts";
import { bytesOf, textOf } from "../tests/doubles/text.ts";

/** More than an in-memory connection buffers. */
const SIZE = 100_000;

/** A connection that writes down the memory of each read. */
class WatchedConn extends FakeConn {
  readonly memories: Uint8Array[] = [];

  override read(memory: Uint8Array): Promise<number | null> {
    this.memories.push(memory);
    return super.read(memory);
  }
}

async function watchedStream() {
  const conn = new WatchedConn();
  const [reader, writer] = await openConnection({ sock: conn });
  await turns();
  return { conn, reader, writer };
}

Deno.test("StreamReader.readInto() fills the memory with what is buffered", () =>
  run(async () => {
    const reader = new StreamReader();
    reader.feedData(bytesOf("abc"));
    reader.feedData(bytesOf("d"));
    const memory = new Uint8Array(3);
    assertEquals(await reader.readInto(memory), 3);
    assertEquals(textOf(memory), "abc");
    assertEquals(await reader.readInto(memory), 1);
    assertEquals(textOf(memory), "dbc");
    const last = reader.readInto(memory);
    reader.feedEof();
    assertEquals([await last, await reader.readInto(memory)], [0, 0]);
  }));

Deno.test("StreamReader.readInto() reads straight from the connection", () =>
  run(async () => {
    const { conn, reader, writer } = await watchedStream();
    const memory = new Uint8Array(8);
    const first = reader.readInto(memory);
    await turns();
    conn.receive("ab"); // the read that was pending already
    assertEquals(await first, 2);
    await turns();
    assertEquals([conn.memories.length, conn.isReading], [1, false]);
    const second = reader.readInto(memory.subarray(2));
    await turns();
    assertStrictEquals(conn.memories[1]!.buffer, memory.buffer);
    conn.receive("cd");
    assertEquals(await second, 2);
    assertEquals(textOf(memory.subarray(0, 4)), "abcd");
    const rest = reader.read();
    await turns();
    conn.receive("ef");
    await turns();
    assert(conn.isReading);
    conn.receive(null);
    assertEquals(textOf(await rest), "ef");
    writer.close();
  }));

Deno.test("StreamReader.readInto() refuses other values and memory of no bytes", () =>
  run(async () => {
    const reader = new StreamReader();
    assertThrows(
      () => reader.readInto("abc" as never),
      TypeError,
      'The memory of readInto() must be a Uint8Array: received "abc"',
    );
    assertThrows(
      () => reader.readInto(new Uint8Array(0)),
      RangeError,
      "The memory of readInto() must have at least one byte: received none",
    );
    const read = reader.readInto(new Uint8Array(1));
    await assertRejects(() => reader.readInto(new Uint8Array(1)), RuntimeError);
    read.cancel();
    await turns();
  }));

Deno.test("StreamReader.readInto() that is cancelled loses no byte", () =>
  run(async () => {
    const { conn, reader, writer } = await watchedStream();
    conn.receive("x");
    await reader.readInto(new Uint8Array(1));
    const memory = new Uint8Array(8);
    const cancelled = reader.readInto(memory);
    await turns();
    cancelled.cancel();
    await turns();
    assert(cancelled.cancelled());
    conn.receive("late");
    const other = new Uint8Array(3);
    assertEquals(await reader.readInto(other), 3);
    assertEquals(textOf(other), "lat");
    memory.fill(0); // the memory is its owner's again
    assertEquals(textOf(await reader.readExactly(1)), "e");
    writer.close();
  }));

Deno.test("StreamReader.readInto() cancelled after its wake-up hands the bytes back", () =>
  run(async () => {
    const { conn, reader, writer } = await watchedStream();
    conn.receive("x");
    await reader.readInto(new Uint8Array(1));
    const memory = new Uint8Array(8);
    const reading = reader.readInto(memory);
    await turns();
    const loop = getRunningLoop();
    conn.receive("late");
    const seen = Promise.withResolvers<void>();
    loop.callSoon(() => {
      // The bytes have been read, and the reading future has been woken.
      loop.callSoon(() => {
        reading.cancel();
        seen.resolve();
      });
    });
    await seen.promise;
    await turns();
    memory.fill(0);
    assertEquals(
      reading.cancelled() ? textOf(await reader.read(9)) : "late",
      "late",
    );
    writer.close();
  }));

Deno.test("StreamReader.readInto() ends with the connection", () =>
  run(async () => {
    for (const error of [null, new Deno.errors.ConnectionReset("reset")]) {
      const { conn, reader, writer } = await watchedStream();
      conn.receive("x");
      const memory = new Uint8Array(8);
      await reader.readInto(memory);
      const reading = reader.readInto(memory);
      await turns();
      if (error === null) {
        conn.receive(null);
        assertEquals(await reading, 0);
      } else {
        conn.failRead(error);
        assertStrictEquals(await assertRejects(() => reading), error);
      }
      writer.close();
      await writer.waitClosed().catch(() => {});
    }
  }));

Deno.test("loop.close() while memory is lent to a read closes the connection", async () => {
  const conn = new FakeConn();
  await run(async () => {
    const [reader] = await openConnection({ sock: conn });
    await turns();
    conn.receive("x");
    await reader.readInto(new Uint8Array(1));
    void reader.readInto(new Uint8Array(1)).catch(() => {});
    await turns();
  });
  assert(conn.isClosed);
});

Deno.test("StreamReader.readInto() fills a memory from a web stream", () =>
  run(async () => {
    const reader = StreamReader.from(new Response("hello").body!);
    const memory = new Uint8Array(3);
    assertEquals([await reader.readInto(memory), textOf(memory)], [3, "hel"]);
    assertEquals(await reader.readInto(memory), 2);
    assertEquals(await reader.readInto(memory), 0);
  }));

Deno.test("StreamReader.readExactly() reads large results straight", () =>
  run(async () => {
    const { conn, reader, writer } = await watchedStream();
    const size = 100_000;
    conn.receive("ab");
    await turns();
    const reading = reader.readExactly(size);
    await turns();
    conn.receive("cd"); // into the memory of the transport
    await turns();
    const { memories } = conn;
    assertEquals(memories.at(-1)!.length, size - 4);
    conn.receive("e".repeat(60_000));
    await turns();
    assertEquals(memories.at(-1)!.length, size - 60_004);
    conn.receive("f".repeat(size - 60_004));
    const result = await reading;
    assertStrictEquals(result.buffer, memories.at(-2)!.buffer);
    assertEquals(
      textOf(result),
      "abcd" + "e".repeat(60_000) + "f".repeat(size - 60_004),
    );
    conn.receive("g");
    assertEquals(textOf(await reader.read(5)), "g");
    writer.close();
  }));

Deno.test("StreamReader.readExactly() of large results loses nothing", () =>
  run(async () => {
    const { conn, reader, writer } = await watchedStream();
    const size = 100_000;
    conn.receive("a");
    await turns();
    const first = reader.readExactly(size);
    await turns();
    conn.receive("b");
    await turns();
    conn.receive("c".repeat(1000));
    await turns();
    first.cancel();
    await turns();
    conn.receive("d"); // into memory that nothing waits for any more
    await turns();
    assertEquals(textOf(await reader.read(3)), "abc");
    const second = reader.readExactly(size);
    await turns();
    conn.receive("e");
    await turns();
    conn.receive(null);
    const error = await assertRejects(() => second, IncompleteReadError);
    assertEquals(textOf(error.partial), "c".repeat(999) + "de");
    assertEquals(error.expected, size);
    writer.close();
  }));

Deno.test("StreamReader.readExactly() takes data that is fed by hand in between", () =>
  run(async () => {
    const { conn, reader, writer } = await watchedStream();
    const size = 70_000;
    const reading = reader.readExactly(size);
    await turns();
    conn.receive("a");
    await turns();
    conn.receive("b");
    await turns();
    reader.feedData(bytesOf("c"));
    conn.receive("d");
    await turns();
    reader.feedData(bytesOf("e".repeat(size)));
    assertEquals(textOf(await reading), "abcd" + "e".repeat(size - 4));
    writer.close();
  }));

Deno.test("StreamReader.readExactly() of any number waits without its memory", () =>
  run(async () => {
    const [conn, reader, writer] = await fakeStream();
    const reading = reader.readExactly(2 ** 50);
    await turns();
    conn.receive("a");
    await turns();
    reading.cancel();
    await turns();
    assertEquals(textOf(await reader.read(2)), "a");
    writer.close();
  }));

Deno.test("StreamReaderProtocol.dataReceived() of a subclass sees all data", () =>
  run(async () => {
    const loop = getRunningLoop();
    const conn = new FakeConn();
    const reader = new StreamReader();
    let count = 0;
    class Counting extends StreamReaderProtocol {
      override dataReceived(data: Uint8Array<ArrayBuffer>): void {
        count += data.length;
        super.dataReceived(data);
      }
    }
    const [transport] = await loop.createConnection(
      () => new Counting(reader),
      null,
      null,
      { sock: conn },
    );
    const memory = new Uint8Array(4);
    for (const text of ["ab", "cd"]) {
      const reading = reader.readInto(memory);
      await turns();
      conn.receive(text);
      assertEquals(await reading, 2);
    }
    assertEquals(count, 4);
    transport.close();
  }));

Deno.test("StreamReader.chunks() lends the same memory until the end", () =>
  run(async () => {
    const [[reader, writer], [peerReader, peerWriter]] = await streamPair();
    const memory = new Uint8Array(1000);
    const sizes = [];
    peerWriter.write(new Uint8Array(2500).fill(7));
    peerWriter.writeEof();
    for await (const chunk of reader.chunks({ memory })) {
      assertStrictEquals(chunk.buffer, memory.buffer);
      assert(chunk.every((byte) => byte === 7));
      sizes.push(chunk.length);
    }
    assertEquals(sizes.reduce((a, b) => a + b), 2500);
    assert(sizes.every((size) => size <= 1000));
    writer.close();
    peerWriter.close();
    assertEquals((await peerReader.read()).length, 0);
  }));

Deno.test("StreamReader.chunks() leaves the rest to the reader after a break", () =>
  run(async () => {
    const reader = new StreamReader();
    reader.feedData(bytesOf("abcdef"));
    reader.feedEof();
    for await (const chunk of reader.chunks({ memory: 4 })) {
      assertEquals(textOf(chunk), "abcd");
      break;
    }
    assertEquals(textOf(await reader.read()), "ef");
    for await (const _ of reader.chunks()) assert(false);
  }));

Deno.test("StreamReader.chunks() refuses memory of other kinds", () =>
  run(() => {
    const reader = new StreamReader();
    for (const memory of [0, 1.5, new Uint8Array(0)]) {
      assertThrows(() => reader.chunks({ memory }), RangeError, "memory");
    }
    for (const memory of ["4", null]) {
      assertThrows(() => reader.chunks({ memory } as never), TypeError);
    }
  }));

Deno.test("StreamReader.readInto() loses no byte wherever it is cancelled", async () => {
  const text = "abcdefghij".repeat(30);
  const awaits = await cancelEverywhere(async () => {
    const received: string[] = [];
    const server = await startServer(
      async (_, writer) => {
        for (let i = 0; i < text.length; i += 50) {
          await writer.send(bytesOf(text.slice(i, i + 50)));
          await sleep(0.01);
        }
        writer.close();
      },
      "server",
      80,
    );
    const [reader, writer] = await openConnection("server", 80);
    const read = async () => {
      const memory = new Uint8Array(7);
      for (let count; (count = await reader.readInto(memory)) > 0;) {
        received.push(textOf(memory.subarray(0, count)));
      }
    };
    return {
      body: read,
      check: async () => {
        await read();
        assertEquals(received.join(""), text);
        writer.close();
        server.close();
        await server.waitClosed();
      },
    };
  }, { network: () => new MemoryNetwork() });
  assert(awaits > 5);
});

Deno.test("StreamWriter.send() cancelled anywhere sends a beginning, then what follows", async () => {
  const awaits = await cancelEverywhere(async () => {
    let received = "";
    const server = await startServer(
      async (reader, writer) => {
        received = await reader.readText();
        writer.close();
      },
      "server",
      80,
    );
    const [, writer] = await openConnection("server", 80);
    return {
      body: async () => {
        for (const letter of ["a", "b", "c"]) {
          await writer.send(bytesOf(letter.repeat(SIZE)));
        }
      },
      check: async () => {
        await writer.send(bytesOf("end"));
        writer.close();
        server.close();
        await server.waitClosed();
        assert(/^a*b*c*end$/.test(received));
      },
    };
  }, { network: () => new MemoryNetwork() });
  assert(awaits >= 3);
});

Deno.test("StreamReader.readInto() and readLine() keep the order of the bytes", async () => {
  await explore(async () => {
    const loop = getRunningLoop();
    const reader = new StreamReader();
    const transport = new Transport();
    let isPaused = false;
    transport.pauseReading = () => isPaused = true;
    transport.resumeReading = () => isPaused = false;
    const protocol = new StreamReaderProtocol(reader);
    protocol.connectionMade(transport);
    const feeder = createTask(async () => {
      for (const part of ["a", "b\n", "cd\ne", "f\n", "g"]) {
        while (isPaused) await sleep(0);
        protocol.dataReceived(bytesOf(part));
        await sleep(0);
      }
      loop.callSoon(() => protocol.eofReceived());
    });
    const memory = new Uint8Array(2);
    let text = textOf(await reader.readLine());
    text += textOf(memory.subarray(0, await reader.readInto(memory)));
    text += textOf(memory.subarray(0, await reader.readInto(memory)));
    text += await reader.readText();
    await feeder;
    assertEquals(text, "ab\ncd\nef\ng");
  });
});
