// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  BaseProtocol,
  createTask,
  getRunningLoop,
  newEventLoop,
  openConnection,
  run,
  RuntimeError,
  startServer,
  type WriteTransport,
} from "../../../mod.ts";
import { FakeConn } from "../../../tests/doubles/conn.ts";
import { recordExceptions } from "../../../tests/doubles/exceptions.ts";
import { fake, Recorder, turns } from "../../../tests/doubles/recorder.ts";
import { bytesOf } from "../../../tests/doubles/text.ts";

Deno.test("Transport.send() sends in order with write(), without a copy", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    conn.block();
    transport.write("a");
    const memory = bytesOf("bc");
    const sent = transport.send(memory);
    transport.write("d");
    assertEquals(transport.getWriteBufferSize(), 4);
    await turns();
    assertEquals(sent.done(), false);
    memory[0] = 66; // breaks the rule, to see that there is no copy
    conn.unblock();
    await sent;
    await turns();
    assertEquals(conn.written, ["a", "Bc", "d"]);
    assertEquals(transport.getWriteBufferSize(), 0);
    transport.close();
    await protocol.lost;
  }));

Deno.test("Transport.send() is done when all of the bytes are sent", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    conn.takes = 2;
    await transport.send(bytesOf("abcde"));
    assertEquals(conn.written, ["ab", "cd", "e"]);
    conn.block();
    const last = transport.send(bytesOf("f"));
    const empty = transport.send(new Uint8Array(0));
    await turns();
    assertEquals([last.done(), empty.done()], [false, false]);
    conn.unblock();
    await empty;
    assert(last.done());
    assert(transport.send(new Uint8Array(0)).done());
    transport.close();
    await protocol.lost;
  }));

Deno.test("Transport.send() counts as unsent data and pauses the protocol", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    transport.setWriteBufferLimits(4, 1);
    conn.block();
    const sent = transport.send(bytesOf("abcde"));
    assertEquals(protocol.events, ["made", "pause"]);
    await turns();
    conn.unblock();
    await sent;
    await turns();
    assertEquals(protocol.events, ["made", "pause", "resume"]);
    transport.close();
    await protocol.lost;
  }));

Deno.test("Transport.send() sends nothing if it is cancelled before its turn", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    transport.setWriteBufferLimits(4, 1);
    conn.block();
    transport.write("a");
    await turns();
    const task = createTask(() => transport.send(bytesOf("bcdef")));
    const last = transport.send(bytesOf("g"));
    await turns();
    task.cancel();
    await turns();
    assert(task.cancelled());
    assertEquals(transport.getWriteBufferSize(), 2);
    assertEquals(protocol.events, ["made", "pause"]);
    conn.unblock();
    await last;
    assertEquals(conn.written, ["a", "g"]);
    transport.close();
    await protocol.lost;
  }));

Deno.test("Transport.send() cancelled in the step of the call sends nothing", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    const only = transport.send(bytesOf("a"));
    only.cancel();
    await turns();
    assert(only.cancelled());
    transport.write("b");
    const first = transport.send(bytesOf("c"));
    first.cancel();
    transport.write("d");
    await turns();
    assertEquals(conn.written, ["b", "d"]);
    transport.send(bytesOf("e")).cancel();
    transport.close();
    await protocol.lost;
    assertEquals(conn.written, ["b", "d"]);
  }));

Deno.test("Transport.send() that is cancelled sends the part under way only", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    conn.takes = 2;
    conn.block();
    const sent = transport.send(bytesOf("abcde"));
    await turns();
    sent.cancel();
    await turns();
    assert(sent.cancelled());
    const free = transport.send(new Uint8Array(0));
    await turns();
    assertEquals(free.done(), false);
    transport.write("f");
    conn.unblock();
    await free;
    await turns();
    assertEquals(conn.written, ["ab", "f"]);
    transport.close();
    await protocol.lost;
  }));

Deno.test("Transport.close() sends lent memory first", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    conn.block();
    const sent = transport.send(bytesOf("a"));
    transport.close();
    await assertRejects(
      () => transport.send(bytesOf("b")),
      Deno.errors.ConnectionReset,
      "Connection lost",
    );
    await turns();
    assertEquals(protocol.losses, 0);
    conn.unblock();
    await sent;
    await protocol.lost;
    assertEquals(conn.written, ["a"]);
  }));

Deno.test("Transport.abort() fails a pending send() once the connection is closed", () =>
  run(async () => {
    for (const isUnderWay of [false, true]) {
      const [conn, transport, protocol] = await fake();
      conn.block();
      const sent = [transport.send(bytesOf("a")), transport.send(bytesOf("b"))];
      if (isUnderWay) await turns();
      sent[0]!.addDoneCallback(() => assert(conn.isClosed));
      transport.abort();
      for (const each of sent) {
        await assertRejects(() => each, Deno.errors.ConnectionReset);
      }
      assertEquals(await protocol.lost, null);
    }
  }));

Deno.test("Transport.send() fails with the error that broke the connection", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    conn.block();
    const sent = transport.send(bytesOf("a"));
    await turns();
    const error = new Deno.errors.BrokenPipe("Broken pipe");
    conn.fail(error);
    assertStrictEquals(await assertRejects(() => sent), error);
    assertStrictEquals(await protocol.lost, error);
  }));

Deno.test("loop.close() leaves a pending send() pending and closes the connection", async () => {
  const loop = newEventLoop();
  const conn = new FakeConn();
  conn.block();
  const contexts = recordExceptions(loop);
  const sent = await loop.runUntilComplete(async () => {
    const [transport] = await loop.createConnection(
      () => new Recorder(),
      null,
      null,
      { sock: conn },
    );
    const sent = transport.send(bytesOf("abc"));
    transport.send(bytesOf("def"));
    await turns();
    return [sent];
  });
  loop.close();
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals([sent[0]!.done(), conn.isClosed], [false, true]);
  assertEquals(contexts, []);
});

Deno.test("Transport.send() in debug mode reports memory that changed", () =>
  run(async () => {
    const contexts = recordExceptions(getRunningLoop());
    const [conn, transport, protocol] = await fake();
    const memory = bytesOf("abc");
    await transport.send(memory);
    conn.block();
    const sent = transport.send(memory);
    await turns();
    memory[1] = 66;
    conn.unblock();
    await sent;
    await turns();
    assertEquals(contexts.map(({ message }) => message), [
      "Memory changed while it was lent to send()",
    ]);
    assertStrictEquals(contexts[0]!.future, sent);
    conn.block();
    const cancelled = transport.send(memory);
    await turns();
    cancelled.cancel();
    await turns();
    memory[1] = 67;
    conn.unblock();
    await turns();
    assertEquals(contexts.length, 2);
    transport.close();
    await protocol.lost;
  }, { debug: true }));

Deno.test("Transport.send() does not watch the memory outside debug mode", () =>
  run(async () => {
    const contexts = recordExceptions(getRunningLoop());
    const [conn, transport, protocol] = await fake();
    conn.block();
    const memory = bytesOf("abc");
    const sent = transport.send(memory);
    await turns();
    memory[1] = 66;
    conn.unblock();
    await sent;
    await turns();
    assertEquals(contexts, []);
    transport.close();
    await protocol.lost;
  }, { debug: false }));

Deno.test("Transport.send() refuses what is not bytes, and after writeEof()", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    assertThrows(
      () => transport.send("text" as never),
      TypeError,
      'The data of send() must be a Uint8Array: received "text"',
    );
    transport.writeEof();
    await assertRejects(
      () => transport.send(bytesOf("a")),
      RuntimeError,
      "Cannot write after writeEof()",
    );
    assertEquals(conn.written, ["EOF"]);
    transport.close();
    await protocol.lost;
  }));

Deno.test("Transport.send() copies for a WritableStream, whose reader keeps chunks", () =>
  run(async () => {
    const chunks: Uint8Array[] = [];
    const [transport] = await getRunningLoop().connectWritePipe(
      () => new BaseProtocol(),
      new WritableStream<Uint8Array>({
        write: (chunk) => void chunks.push(chunk),
      }),
    );
    const memory = bytesOf("abc");
    await transport.send(memory);
    memory.fill(0);
    assertEquals(chunks, [bytesOf("abc")]);
    transport.close();
    await assertRejects(
      () => transport.send(memory),
      Deno.errors.ConnectionReset,
    );
  }));

Deno.test("WriteTransport.send() to a full pipe fails as its reader goes", () =>
  run(async () => {
    const { readable, writable } = new TransformStream<
      Uint8Array,
      Uint8Array
    >();
    const [transport] = await getRunningLoop().connectWritePipe(
      () => new BaseProtocol(),
      writable,
    );
    const sent: ReturnType<WriteTransport["send"]> = transport.send(
      bytesOf("abc"),
    );
    await turns();
    assertEquals(sent.done(), false);
    const reason = new Error("gone");
    await readable.cancel(reason);
    assertStrictEquals(await assertRejects(() => sent), reason);
  }));

Deno.test("Transport.send() to a peer that does not read waits, and the system gets all", () =>
  run(async () => {
    await using server = await startServer(
      async (reader, writer) => {
        await sleepUntil(() => isBlocked);
        writer.write((await reader.read()).length + "\n");
        writer.close();
      },
      "127.0.0.1",
      0,
    );
    let isBlocked = false;
    const { hostname, port } = server.sockets[0]!.addr;
    const [reader, writer] = await openConnection(hostname, port);
    const sent = writer.send(new Uint8Array(16 * 1024 * 1024));
    await turns();
    assertEquals(sent.done(), false);
    isBlocked = true;
    await sent;
    writer.writeEof();
    assertEquals(await reader.readText(), `${16 * 1024 * 1024}\n`);
    writer.close();
  }));

async function sleepUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await turns();
}
