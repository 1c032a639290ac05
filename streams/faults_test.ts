// Copyright 2026 the asyncio for Deno authors. MIT license.

import { connect as connectByNode, type Socket } from "node:net";
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  CancelledError,
  createTask,
  Future,
  gather,
  getRunningLoop,
  openConnection,
  run,
  sleep,
  startServer,
  type StreamReader,
  type Task,
} from "../mod.ts";
import { recordExceptions } from "../tests/doubles/exceptions.ts";
import { turns } from "../tests/doubles/recorder.ts";
import { textOf } from "../tests/doubles/text.ts";
import { type Stream, streamPair } from "../tests/doubles/streams.ts";

const MIB = 1024 * 1024;

/** A stream whose peer is a plain connection, which the test misuses. */
async function misused(
  body: (stream: Stream, peer: Deno.Conn) => Promise<void>,
  options: { limit?: number } = {},
): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = listener.accept();
  const { port } = listener.addr as Deno.NetAddr;
  const stream = await openConnection("127.0.0.1", port, options);
  using peer = await accepting;
  await body(stream, peer);
  stream[1].close();
  await stream[1].waitClosed().catch(() => {});
}

/** A stream whose peer can reset the connection. */
async function resettable(
  body: (stream: Stream, peer: Socket) => Promise<void>,
): Promise<void> {
  const accepted = new Future<Stream>();
  await using server = await startServer(
    (...stream) => accepted.setResult(stream),
    "127.0.0.1",
    0,
  );
  const { port } = server.sockets[0]!.addr as Deno.NetAddr;
  const peer = connectByNode(port, "127.0.0.1");
  const closed = new Promise((resolve) => peer.once("close", resolve));
  const stream = await accepted;
  await body(stream, peer);
  stream[1].close();
  peer.destroy();
  await closed;
}

async function send(peer: Deno.Conn, text: string): Promise<void> {
  const data = new TextEncoder().encode(text);
  for (let sent = 0; sent < data.length;) {
    sent += await peer.write(data.subarray(sent));
  }
}

/** Waits until the reader has that many bytes. */
async function buffered(reader: StreamReader, count: number): Promise<void> {
  while (sizeOf(reader) < count) await sleep(0);
}

/** Waits until a count does not change any more. */
async function standstill(count: () => number): Promise<void> {
  for (let before = -1; before !== count();) {
    before = count();
    for (let i = 0; i < 100; i++) await turns();
  }
}

/** How many bytes wait in a reader. */
function sizeOf(reader: StreamReader): number {
  return Number(/(\d+) bytes/.exec(String(reader))?.[1] ?? 0);
}

Deno.test("A peer that resets in the middle of a line breaks each method once", async () => {
  const reads: ((reader: StreamReader) => PromiseLike<unknown>)[] = [
    (reader) => reader.read(),
    (reader) => reader.readLine(),
    (reader) => reader.readExactly(100),
    (reader) => reader.readUntil("never"),
    (reader) => reader[Symbol.asyncIterator]().next(),
    (reader) => new Response(reader.readable).text(),
  ];
  for (const read of reads) {
    await run(() =>
      resettable(async ([reader, writer], peer) => {
        const reports = recordExceptions(getRunningLoop());
        peer.write("half a li");
        await buffered(reader, 9);
        const reading = createTask(() => read(reader));
        const closing = createTask(() => writer.waitClosed());
        await sleep(0);
        peer.resetAndDestroy();
        const { ConnectionReset } = Deno.errors;
        await assertRejects(() => reading, ConnectionReset);
        await assertRejects(() => closing, ConnectionReset);
        await assertRejects(() => writer.drain(), ConnectionReset);
        await assertRejects(() => reader.readLine(), ConnectionReset);
        assert(writer.isClosing());
        writer.write("nobody hears this");
        assertEquals(reports, []);
      })
    );
  }
});

Deno.test("A peer that resets ends a waiting drain()", () =>
  run(() =>
    resettable(async ([, writer], peer) => {
      peer.pause();
      const writing = createTask(async () => {
        while (true) {
          writer.write(new Uint8Array(100_000));
          await writer.drain();
        }
      });
      while (writer.transport.getWriteBufferSize() < 100_000) await sleep(0);
      peer.resetAndDestroy();
      await assertRejects(() => writing, Error);
      assert(!writing.cancelled());
      await writer.waitClosed().catch(() => {});
      assertEquals(writer.transport.getWriteBufferSize(), 0);
    })
  ));

Deno.test("A peer that stalls in the middle of a line can be waited for again", () =>
  run(() =>
    misused(async ([reader], peer) => {
      await send(peer, "half a ");
      await buffered(reader, 7);
      for (let i = 0; i < 3; i++) {
        const task = createTask(() => reader.readLine());
        await turns();
        task.cancel();
        await assertRejects(() => task, CancelledError);
      }
      await send(peer, "line\n");
      assertEquals(textOf(await reader.readLine()), "half a line\n");
    })
  ));

Deno.test("A peer that sends byte by byte is understood", () =>
  run(() =>
    misused(async ([reader], peer) => {
      const lines = Array.from({ length: 200 }, (_, i) => `line ${i}\r\n`);
      const sending = createTask(async () => {
        for (const byte of lines.join("")) await send(peer, byte);
        await peer.closeWrite();
      });
      for (const line of lines) {
        assertEquals(textOf(await reader.readUntil("\r\n")), line);
      }
      await sending;
      assert((await reader.read()).length === 0);
    })
  ));

Deno.test("A peer that never reads fills a bounded buffer, and the stream can end", () =>
  run(() =>
    misused(async ([, writer], peer) => {
      const chunk = new Uint8Array(64 * 1024);
      let written = 0;
      let most = 0;
      const writing = createTask(async () => {
        while (true) {
          writer.write(chunk);
          written++;
          most = Math.max(most, writer.transport.getWriteBufferSize());
          await writer.drain();
        }
      });
      await standstill(() => written);
      assert(most <= 128 * 1024, `${most} bytes buffered`);
      writing.cancel();
      await assertRejects(() => writing, CancelledError);
      // It cannot be closed in order, since the rest is not read.
      writer.close();
      const closing = createTask(() => writer.waitClosed());
      await turns();
      assert(!closing.done());
      writer.transport.abort();
      await closing;
      peer.close();
    })
  ));

Deno.test("A peer that sends 32 MiB without a newline is held up, and fails each readLine()", () =>
  run(() =>
    misused(async ([reader, writer], peer) => {
      let sent = 0;
      const sending = createTask(async () => {
        const chunk = new Uint8Array(64 * 1024);
        while (sent < 32 * MIB) sent += await peer.write(chunk);
        await send(peer, "\nlast\n");
        await peer.closeWrite();
      });
      while (writer.transport.isReading()) await sleep(0);
      // What is more than the kernel holds was not taken from the peer.
      await standstill(() => sent);
      assert(sent < 16 * MIB, `${sent} bytes sent`);
      let failures = 0;
      let most = 0;
      let last = "";
      while (!reader.atEof()) {
        most = Math.max(most, sizeOf(reader));
        try {
          last += textOf(await reader.readLine());
        } catch (error) {
          assert(error instanceof RangeError);
          failures++;
        }
      }
      assert(last.endsWith("\nlast\n") || last === "last\n");
      assert(failures > 10, `${failures} failures`);
      assert(most <= 256 * 1024, `${most} bytes buffered`);
      await sending;
    })
  ));

Deno.test("A peer that ends its direction first still gets the answer", () =>
  run(() =>
    misused(async ([reader, writer], peer) => {
      await send(peer, "question");
      await peer.closeWrite();
      assertEquals(textOf(await reader.read()), "question");
      await sleep(0);
      assertEquals(writer.isClosing(), false);
      const answer = new Uint8Array(MIB);
      const receiving = createTask(async () => {
        const memory = new Uint8Array(64 * 1024);
        let received = 0;
        for (let n; (n = await peer.read(memory)) !== null;) received += n;
        return received;
      });
      writer.write(answer);
      await writer.drain();
      writer.close();
      await writer.waitClosed();
      assertEquals(await receiving, MIB);
    })
  ));

Deno.test("A peer that ends at once is at its end for every method", () =>
  run(() =>
    misused(async ([reader, writer], peer) => {
      peer.close();
      assertEquals((await reader.readLine()).length, 0);
      assertEquals(await Array.fromAsync(reader), []);
      assertEquals(await new Response(reader.readable).text(), "");
      assertEquals(writer.isClosing(), false);
    })
  ));

Deno.test("A cancellation at any await of a stream leaves a stream that works", async () => {
  const awaits: ((stream: Stream) => PromiseLike<unknown>)[] = [
    ([reader]) => reader.read(),
    ([reader]) => reader.read(10),
    ([reader]) => reader.readLine(),
    ([reader]) => reader.readExactly(10),
    ([reader]) => reader.readUntil("\n"),
    ([reader]) => reader[Symbol.asyncIterator]().next(),
    ([reader]) => reader.readable.getReader().read(),
    ([, writer]) => writer.waitClosed(),
  ];
  for (const begin of awaits) {
    // Before its first step, while it waits, and between its wake-up and its step.
    for (const stage of ["new", "waiting", "woken"] as const) {
      await run(() =>
        misused(async (stream, peer) => {
          const [reader, writer] = stream;
          const task = createTask(() => begin(stream));
          if (stage !== "new") await turns();
          let expected = "";
          if (stage === "woken") {
            expected = "line\n";
            reader.feedData(new TextEncoder().encode(expected));
          }
          task.cancel();
          await assertRejects(() => task, CancelledError);
          await send(peer, "line\n");
          expected += "line\n";
          assertEquals(
            textOf(await reader.readExactly(expected.length)),
            expected,
          );
          writer.write("still there");
          await writer.drain();
          const memory = new Uint8Array(100);
          assertEquals(await peer.read(memory), 11);
        })
      );
    }
  }
});

Deno.test("A cancelled openConnection() leaves no connection behind, whenever it is", () =>
  run(async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    for (let passes = 0; passes < 12; passes++) {
      const task: Task<Stream> = createTask(() =>
        openConnection("127.0.0.1", port)
      );
      for (let i = 0; i < passes; i++) await sleep(0);
      task.cancel();
      try {
        const [, writer] = await task;
        writer.transport.abort();
        await writer.waitClosed();
      } catch (error) {
        assert(error instanceof CancelledError);
      }
    }
  }));

Deno.test("A connection ends, and all its waits with it, in whatever order it is closed", async () => {
  const actions = {
    clientClose: ([client]: Stream[]) => client![1].close(),
    serverClose: ([, server]: Stream[]) => server![1].close(),
    clientEof: ([client]: Stream[]) => client![1].writeEof(),
    serverEof: ([, server]: Stream[]) => server![1].writeEof(),
    clientAbort: ([client]: Stream[]) => client![1].transport.abort(),
    serverAbort: ([, server]: Stream[]) => server![1].transport.abort(),
  };
  await run(async () => {
    const reports = recordExceptions(getRunningLoop());
    for (const order of ordersOf(Object.values(actions), 3)) {
      for (const isHasty of [false, true]) {
        const streams = await streamPair();
        const waits = streams.flatMap(([reader, writer]) => {
          writer.write(new Uint8Array(1000));
          return [
            createTask(() => reader.read()),
            createTask(() => writer.waitClosed()),
          ];
        });
        for (const act of order) {
          act(streams);
          if (!isHasty) await sleep(0);
        }
        for (const [, writer] of streams) writer.close();
        await gather(waits, { returnExceptions: true });
        for (const [, writer] of streams) {
          assert(writer.isClosing());
          assertEquals(writer.transport.getWriteBufferSize(), 0);
        }
      }
    }
    assertEquals(reports, []);
  });
});

/** Every way to do some of the things, one after the other. */
function ordersOf<T>(things: T[], count: number): T[][] {
  if (count === 0) return [[]];
  return things.flatMap((thing) =>
    ordersOf(things.filter((other) => other !== thing), count - 1)
      .map((rest) => [thing, ...rest])
  );
}
