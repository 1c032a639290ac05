// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { inVirtualTime } from "../testing/mod.ts";
import {
  CancelledError,
  createTask,
  gather,
  getRunningLoop,
  IncompleteReadError,
  run,
  RuntimeError,
  sleep,
  StreamReaderProtocol,
  StreamWriter,
  timeout,
  TimeoutError,
} from "../mod.ts";
import {
  isUpgradable,
  type UpgradableProtocol,
} from "../loop/net/protocols.ts";
import { recordExceptions } from "../tests/doubles/exceptions.ts";
import { turns } from "../tests/doubles/recorder.ts";
import {
  fakeStream,
  type Stream,
  streamPair,
} from "../tests/doubles/streams.ts";

async function end(...streams: Stream[]): Promise<void> {
  for (const [, writer] of streams) writer.transport.abort();
  for (const [, writer] of streams) await writer.waitClosed().catch(() => {});
}

Deno.test("StreamWriter writes through its transport", () =>
  run(async () => {
    const [conn, , writer] = await fakeStream();
    writer.write("a");
    writer.writeLines(["b", new Uint8Array([99])]);
    await writer.drain();
    assert(writer.canWriteEof());
    writer.writeEof();
    assertThrows(() => writer.write("d"), RuntimeError);
    await turns();
    assertEquals(conn.written, ["abc", "EOF"]);
    assertEquals(
      writer.getExtraInfo("peername"),
      writer.transport.getExtraInfo("peername"),
    );
    assertEquals(writer.getExtraInfo("cipher", "none"), "none");
    assertEquals(writer.isClosing(), false);
    writer.close();
    assertEquals(writer.isClosing(), true);
    await writer.waitClosed();
    await writer.waitClosed();
  }));

Deno.test("StreamWriter.write() takes bytes and strings only", () =>
  run(async () => {
    const [, , writer] = await fakeStream();
    assertThrows(() => writer.write(1 as never), TypeError, "received 1");
    writer.close();
    await writer.waitClosed();
  }));

Deno.test("StreamWriter.drain() does not wait while there is room", () =>
  run(async () => {
    const [conn, , writer] = await fakeStream();
    conn.block();
    writer.write("a");
    assert(writer.drain().done());
    await end([null!, writer]);
  }));

Deno.test("StreamWriter.drain() waits for a slow peer in every caller", () =>
  run(async () => {
    const [conn, , writer] = await fakeStream();
    writer.transport.setWriteBufferLimits(0);
    conn.block();
    writer.write("a");
    const tasks = [1, 2, 3].map(() => createTask(() => writer.drain()));
    await turns();
    assertEquals(tasks.map((task) => task.done()), [false, false, false]);
    // One less does not keep the others from going on.
    tasks[1]!.cancel();
    conn.unblock();
    await tasks[0];
    await tasks[2];
    assert(tasks[1]!.cancelled());
    await end([null!, writer]);
  }));

Deno.test("StreamWriter.drain() that is cancelled sends all the same", () =>
  run(async () => {
    const [conn, , writer] = await fakeStream();
    writer.transport.setWriteBufferLimits(0);
    conn.block();
    writer.write("a");
    writer.write("b");
    const task = createTask(() => writer.drain());
    await sleep(0);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    conn.unblock();
    await turns();
    assertEquals(conn.written, ["ab"]);
    await end([null!, writer]);
  }));

Deno.test("StreamWriter.drain() fails when the connection is lost", () =>
  run(async () => {
    const [conn, reader, writer] = await fakeStream();
    writer.transport.setWriteBufferLimits(0);
    conn.block();
    writer.write("a");
    const task = createTask(() => writer.drain());
    await sleep(0);
    conn.fail(new Deno.errors.BrokenPipe("gone"));
    await assertRejects(() => task, Deno.errors.BrokenPipe, "gone");
    await assertRejects(() => writer.drain(), Deno.errors.BrokenPipe, "gone");
    await assertRejects(() => reader.read(1), Deno.errors.BrokenPipe, "gone");
    await assertRejects(() => writer.waitClosed(), Deno.errors.BrokenPipe);
  }));

Deno.test("StreamWriter.drain() after close() lets the end come, and tells", () =>
  run(async () => {
    const [, , writer] = await fakeStream();
    writer.close();
    await assertRejects(
      async () => {
        while (true) {
          writer.write("");
          await writer.drain();
        }
      },
      Deno.errors.ConnectionReset,
      "Connection lost",
    );
  }));

Deno.test("StreamWriter.drain() after close() takes one turn while there is room", () =>
  run(async () => {
    const [conn, , writer] = await fakeStream();
    conn.block();
    writer.write("a");
    writer.close();
    const drain = writer.drain();
    assertEquals(drain.done(), false);
    await sleep(0);
    assertEquals(drain.done(), true);
    assertEquals(conn.written, []);
    conn.unblock();
    await writer.waitClosed();
    assertEquals(conn.written, ["a"]);
  }));

Deno.test("StreamWriter.drain() waits for what close() still sends", () =>
  run(async () => {
    const [conn, , writer] = await fakeStream();
    writer.transport.setWriteBufferLimits(0);
    conn.block();
    writer.write("a");
    writer.close();
    const task = createTask(() => writer.drain());
    await turns();
    assertEquals(task.done(), false);
    conn.unblock();
    await task;
    assertEquals(conn.written, ["a"]);
  }));

Deno.test("StreamWriter.waitClosed() that is cancelled leaves the others waiting", () =>
  run(async () => {
    const [, , writer] = await fakeStream();
    const one = createTask(() => writer.waitClosed());
    const other = createTask(() => writer.waitClosed());
    await sleep(0);
    one.cancel();
    await assertRejects(() => one, CancelledError);
    writer.close();
    await other;
  }));

Deno.test("StreamWriter.waitClosed() cancelled before the loss leaves others waiting", () =>
  run(async () => {
    const loop = getRunningLoop();
    const [, , writer] = await fakeStream();
    const waits = [writer.waitClosed(), writer.waitClosed()] as const;
    const contexts = recordExceptions(loop);
    // Right before the loss is told, in the same round.
    loop.callSoon(() => waits[0].cancel());
    writer.transport.abort();
    await sleep(0);
    await waits[1];
    assert(waits[0].cancelled());
    assertEquals(contexts, []);
  }));

Deno.test("StreamWriter is disposed of without a second error", () =>
  run(async () => {
    const [conn, , writer] = await fakeStream();
    {
      await using scoped = writer;
      conn.block();
      scoped.write("a");
      await turns();
      conn.fail(new Deno.errors.BrokenPipe("gone"));
    }
    assert(conn.isClosed);
    await assertRejects(() => writer.waitClosed(), Deno.errors.BrokenPipe);
  }));

Deno.test("StreamWriter in code that is being cancelled is not held up by its peer", () =>
  inVirtualTime(async () => {
    const [conn, , writer] = await fakeStream();
    conn.block();
    const start = getRunningLoop().time();
    const took = () => Math.round(getRunningLoop().time() - start);
    await assertRejects(() =>
      timeout(5, async () => {
        await using _ = writer;
        writer.write("a");
        await sleep(100);
      }), TimeoutError);
    assertEquals(took(), 7);
    assert(conn.isClosed);
    await writer.waitClosed();
  })());

Deno.test("StreamWriter in code that is being cancelled sends what the peer takes in time", () =>
  inVirtualTime(async () => {
    const [conn, , writer] = await fakeStream();
    conn.block();
    const task = createTask(async () => {
      await using _ = writer;
      writer.write("farewell");
      await sleep(100);
    });
    await sleep(0);
    task.cancel();
    await sleep(1);
    assertFalse(task.done());
    conn.unblock();
    await assertRejects(() => task, CancelledError);
    assertEquals(conn.written.join(""), "farewell");
  })());

Deno.test("StreamWriter whose disposal is cancelled is closed a little later", () =>
  inVirtualTime(async () => {
    const [conn, , writer] = await fakeStream();
    conn.block();
    const start = getRunningLoop().time();
    const took = () => Math.round(getRunningLoop().time() - start);
    await assertRejects(() =>
      timeout(5, async () => {
        await using _ = writer;
        writer.write("a");
      }), TimeoutError);
    assertEquals([took(), conn.isClosed], [5, false]);
    await writer.waitClosed();
    assertEquals([took(), conn.isClosed], [7, true]);
  })());

Deno.test("StreamWriter whose disposal is cancelled twice is closed a little later", () =>
  inVirtualTime(async () => {
    const [conn, , writer] = await fakeStream();
    conn.block();
    const start = getRunningLoop().time();
    const task = createTask(async () => {
      await using _ = writer;
      writer.write("a");
      await sleep(100);
    });
    await sleep(0);
    task.cancel();
    await sleep(1);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    await writer.waitClosed();
    assertEquals(Math.round(getRunningLoop().time() - start), 2);
    assert(conn.isClosed);
  })());

Deno.test("StreamWriter.writable is the stream as the platform has it", () =>
  run(async () => {
    const [conn, , writer] = await fakeStream();
    await new Blob(["one ", "two"]).stream().pipeTo(writer.writable);
    assertEquals(conn.written.join(""), "one two");
    assert(conn.isClosed);
    const [other, , aborted] = await fakeStream();
    await aborted.writable.abort("no more");
    await aborted.waitClosed();
    assert(other.isClosed);
  }));

Deno.test("StreamWriter takes only the protocol of a stream", () =>
  run(() => {
    const loop = getRunningLoop();
    assertThrows(
      () => new StreamWriter(null!, {} as StreamReaderProtocol, null, loop),
      TypeError,
    );
  }));

Deno.test("StreamReaderProtocol needs a reader only for the client of a server", () =>
  run(() => {
    const protocol = new StreamReaderProtocol(null);
    protocol.dataReceived(new Uint8Array(1));
    protocol.eofReceived();
    protocol.connectionLost(null);
    assertThrows(() => new StreamReaderProtocol(null, () => {}), TypeError);
  }));

Deno.test("StreamReaderProtocol can be told that its connection is encrypted now", () =>
  run(() => {
    const protocol: UpgradableProtocol = new StreamReaderProtocol(null);
    assert(isUpgradable(protocol));
  }));

Deno.test("StreamWriter.close() ends the reader too", () =>
  run(async () => {
    const [conn, reader, writer] = await fakeStream();
    conn.receive("unread");
    await turns();
    const task = createTask(() => reader.readExactly(100));
    await sleep(0);
    writer.close();
    await writer.waitClosed();
    await assertRejects(() => task, IncompleteReadError);
    assert(reader.atEof());
  }));

Deno.test("StreamWriter keeps memory bounded while the peer does not read", () =>
  run(async () => {
    const [client, server] = await streamPair();
    const [, writer] = client;
    const chunk = new Uint8Array(64 * 1024);
    let written = 0;
    let most = 0;
    const task = createTask(async () => {
      for (; written < 64_000_000; written += chunk.length) {
        writer.write(chunk);
        most = Math.max(most, writer.transport.getWriteBufferSize());
        await writer.drain();
      }
      writer.writeEof();
    });
    // The reader fills up, then the kernel, then the writer.
    while (!server[1].isClosing()) {
      await sleep(0);
      if (writer.transport.getWriteBufferSize() > 64 * 1024) break;
    }
    let received = 0;
    for (let data; (data = await server[0].read(1e6)).length > 0;) {
      received += data.length;
      assert(data.length <= 3 * 64 * 1024, `${data.length} bytes buffered`);
    }
    await task;
    assertEquals(received, written);
    assert(most <= 2 * 64 * 1024 + 1, `${most} bytes buffered`);
    await end(client, server);
  }));

Deno.test("StreamReader that is not read stops its peer", () =>
  run(async () => {
    const [client, server] = await streamPair();
    const task = createTask(async () => {
      while (true) {
        server[1].write(new Uint8Array(100_000));
        await server[1].drain();
      }
    });
    const transport = client[1].transport;
    while (transport.isReading()) await sleep(0);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    await client[0].readExactly(100_000);
    await end(client, server);
  }));

Deno.test("StreamWriter and StreamReader are half closed one by one", () =>
  run(async () => {
    const [[clientReader, clientWriter], [serverReader, serverWriter]] =
      await streamPair();
    clientWriter.write("question");
    clientWriter.writeEof();
    assertEquals((await serverReader.read()).length, 8);
    serverWriter.write("answer");
    await serverWriter.drain();
    assertEquals((await clientReader.readExactly(6)).length, 6);
    serverWriter.writeEof();
    assertEquals((await clientReader.read()).length, 0);
    clientWriter.close();
    serverWriter.close();
    await gather([clientWriter.waitClosed(), serverWriter.waitClosed()]);
  }));

Deno.test("StreamWriter.toString() describes its transport and its reader", () =>
  run(async () => {
    const [, reader, writer] = await fakeStream();
    reader.feedData(new Uint8Array(3));
    assertEquals(
      Deno.inspect(writer),
      `<StreamWriter transport=${writer.transport} reader=<StreamReader 3 bytes>>`,
    );
    await end([reader, writer]);
  }));
