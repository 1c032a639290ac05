// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  CancelledError,
  createTask,
  gather,
  getRunningLoop,
  openConnection,
  run,
  RuntimeError,
  startServer,
} from "../../../mod.ts";
import { FakeConn } from "../../../tests/doubles/conn.ts";
import { fake, turns } from "../../../tests/doubles/recorder.ts";
import { resetPeer } from "../../../tests/doubles/reset_peer.ts";
import { schedulerOf } from "../../core/scheduler.ts";
import { textOf } from "../../../tests/doubles/text.ts";

/** Two connected connections. */
async function connections(): Promise<[Deno.Conn, Deno.Conn]> {
  const loop = getRunningLoop();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const one = await loop.sockConnect(listener.addr);
  const [other] = await loop.sockAccept(listener);
  return [one, other];
}

Deno.test("loop.sockRecv() returns available bytes, and none at the end", () =>
  run(async () => {
    const loop = getRunningLoop();
    const [one, other] = await connections();
    await loop.sockSendAll(one, "hällo");
    assertEquals(textOf(await loop.sockRecv(other, 100)), "hällo");
    await loop.sockSendAll(one, new TextEncoder().encode("abcdef"));
    assertEquals((await loop.sockRecv(other, 0)).length, 0);
    assertEquals(textOf(await loop.sockRecv(other, 2)), "ab");
    assertEquals(textOf(await loop.sockRecv(other, 10)), "cdef");
    one.close();
    assertEquals((await loop.sockRecv(other, 10)).length, 0);
    assertEquals((await loop.sockRecv(other, 10)).length, 0);
    other.close();
    await assertRejects(
      () => loop.sockRecv(other, 10),
      Deno.errors.BadResource,
    );
  }));

Deno.test("loop.sockRecv() leaves the bytes to the next call when cancelled", () =>
  run(async () => {
    const loop = getRunningLoop();
    const conn = new FakeConn();
    const first = createTask(() => loop.sockRecv(conn, 100));
    await turns();
    first.cancel();
    await assertRejects(() => first, CancelledError);
    conn.receive("abcdef");
    assertEquals(textOf(await loop.sockRecv(conn, 2)), "ab");
    const buffer = new Uint8Array(3);
    assertEquals(await loop.sockRecvInto(conn, buffer), 3);
    assertEquals(textOf(buffer), "cde");
    assertEquals(textOf(await loop.sockRecv(conn, 9)), "f");
    assertEquals(conn.isReading, false);
  }));

Deno.test("loop.sockRecv() loses no bytes when cancelled after they arrived", () =>
  run(async () => {
    const loop = getRunningLoop();
    let cancelled = 0;
    for (let steps = 0; steps < 12; steps++) {
      const conn = new FakeConn();
      const task = createTask(() => loop.sockRecv(conn, 100));
      await turns();
      conn.receive("kept");
      for (let i = 0; i < steps; i++) await Promise.resolve();
      task.cancel();
      const result = await task.catch(() => {
        cancelled++;
        return loop.sockRecv(conn, 100);
      });
      assertEquals(textOf(result), "kept");
    }
    assert(cancelled > 0);
  }));

Deno.test("loop.sockRecv() serves concurrent tasks", () =>
  run(async () => {
    const loop = getRunningLoop();
    const conn = new FakeConn();
    const both = gather([
      () => loop.sockRecv(conn, 2),
      () => loop.sockRecv(conn, 100),
    ]);
    await turns();
    conn.receive("ab");
    await turns();
    conn.receive("cd");
    const [one, other] = await both;
    assertEquals(textOf(one), "ab");
    assertEquals(textOf(other), "cd");
  }));

Deno.test("loop.sockRecv() rejects with an error from after a cancellation", () =>
  run(async () => {
    const loop = getRunningLoop();
    const conn = new FakeConn();
    const task = createTask(() => loop.sockRecv(conn, 100));
    await turns();
    task.cancel();
    await assertRejects(() => task, CancelledError);
    conn.close();
    await turns();
    await assertRejects(
      () => loop.sockRecv(conn, 100),
      Deno.errors.Interrupted,
    );
  }));

Deno.test("loop.sockRecvInto() does not change the buffer after a cancellation", () =>
  run(async () => {
    const loop = getRunningLoop();
    const conn = new FakeConn();
    const buffer = new Uint8Array(4);
    const task = createTask(() => loop.sockRecvInto(conn, buffer));
    await turns();
    task.cancel();
    await assertRejects(() => task, CancelledError);
    conn.receive("late");
    await turns();
    assertEquals(buffer, new Uint8Array(4));
    assertEquals(await loop.sockRecvInto(conn, buffer), 4);
    assertEquals(textOf(buffer), "late");
    assertEquals(await loop.sockRecvInto(conn, new Uint8Array(0)), 0);
  }));

Deno.test("loop.sockSendAll() continues after partial writes", () =>
  run(async () => {
    const loop = getRunningLoop();
    const conn = new FakeConn();
    conn.takes = 2;
    await loop.sockSendAll(conn, "abcde");
    await loop.sockSendAll(conn, "");
    assertEquals(conn.written, ["ab", "cd", "e"]);
    conn.block();
    const task = createTask(() => loop.sockSendAll(conn, "fg"));
    await turns();
    conn.fail(new Error("broken"));
    await assertRejects(() => task, Error, "broken");
    conn.block();
    const cancelled = createTask(() => loop.sockSendAll(conn, "hijk"));
    await turns();
    cancelled.cancel();
    await assertRejects(() => cancelled, CancelledError);
    conn.unblock();
    await turns();
    assertEquals(conn.written, ["ab", "cd", "e", "hi"]);
  }));

Deno.test("loop.sockSendAll() waits for a peer that does not read", () =>
  run(async () => {
    const loop = getRunningLoop();
    const [one, other] = await connections();
    const size = 10_000_000;
    const sending = createTask(() =>
      loop.sockSendAll(one, new Uint8Array(size).fill(7))
    );
    const buffer = new Uint8Array(100_000);
    for (let received = 0; received < size;) {
      const count = await loop.sockRecvInto(other, buffer);
      assert(count > 0 && buffer[count - 1] === 7);
      received += count;
    }
    await sending;
    one.close();
    other.close();
  }));

Deno.test("loop.sockAccept() leaves the connection to the next call when cancelled", () =>
  run(async () => {
    const loop = getRunningLoop();
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const task = createTask(() => loop.sockAccept(listener));
    await turns();
    task.cancel();
    await assertRejects(() => task, CancelledError);
    using client = await loop.sockConnect(listener.addr);
    const [conn, addr] = await loop.sockAccept(listener);
    using server = conn;
    assertEquals(addr, client.localAddr);
    assertEquals(server.localAddr, client.remoteAddr);
    assertEquals(schedulerOf(loop).resources.size, 0);
  }));

Deno.test("loop.sockAccept() that was cancelled leaks nothing at the end of the loop", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let client: Deno.Conn | undefined;
  for (const comesInTime of [true, false]) {
    await run(async () => {
      const loop = getRunningLoop();
      const task = createTask(() => loop.sockAccept(listener));
      await turns();
      task.cancel();
      await assertRejects(() => task, CancelledError);
      if (!comesInTime) return;
      client = await loop.sockConnect(listener.addr);
      await turns();
    });
    client ??= await Deno.connect({
      port: (listener.addr as Deno.NetAddr).port,
    });
    assertEquals(await client.read(new Uint8Array(1)), null);
    client.close();
    client = undefined;
  }
  listener.close();
});

Deno.test("loop.sockAccept() skips peers that reset before accept", () =>
  run(async () => {
    const loop = getRunningLoop();
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    for (let i = 0; i < 3; i++) await resetPeer(listener.addr.port);
    using client = await loop.sockConnect(listener.addr);
    const [conn, addr] = await loop.sockAccept(listener);
    using _ = conn;
    assertEquals(addr, client.localAddr);
  }));

Deno.test("loop.sockAccept() rejects when the listener is closed", () =>
  run(async () => {
    const loop = getRunningLoop();
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const task = createTask(() => loop.sockAccept(listener));
    await turns();
    listener.close();
    await assertRejects(() => task);
    await assertRejects(
      () => loop.sockAccept(listener),
      Deno.errors.BadResource,
    );
    assertEquals(schedulerOf(loop).resources.size, 0);
  }));

Deno.test("loop.sockRecv() and its like reject sockets that a transport uses", () =>
  run(async () => {
    const loop = getRunningLoop();
    const [conn, transport, protocol] = await fake();
    const uses: (() => Promise<unknown>)[] = [
      () => loop.sockRecv(conn, 1),
      () => loop.sockRecvInto(conn, new Uint8Array(1)),
      () => loop.sockSendAll(conn, "x"),
    ];
    for (const use of uses) {
      await assertRejects(use, RuntimeError, "used by a transport");
    }
    transport.close();
    await protocol.lost;
    const late = await loop.sockSendAll(conn, "x");
    assertEquals(late, undefined);

    await using server = await startServer(
      (_, writer) => writer.close(),
      "127.0.0.1",
      0,
    );
    const { port } = server.sockets[0]!.addr as Deno.NetAddr;
    const [, writer] = await openConnection("127.0.0.1", port);
    const sock = writer.getExtraInfo("socket") as Deno.Conn;
    await assertRejects(() => loop.sockRecv(sock, 1), RuntimeError);
    writer.close();
  }));

Deno.test("loop.sockRecv() and its like validate their arguments", () =>
  run(async () => {
    const loop = getRunningLoop();
    const conn = new FakeConn();
    await assertRejects(() => loop.sockRecv(5 as never, 1), TypeError, "conn");
    await assertRejects(
      () => loop.sockRecv(conn, -1),
      RangeError,
      "received -1",
    );
    await assertRejects(
      () => loop.sockRecvInto(conn, "x" as never),
      TypeError,
      'The buf must be a Uint8Array: received "x"',
    );
    await assertRejects(
      () => loop.sockSendAll(conn, 7 as never),
      TypeError,
      "received 7",
    );
    await assertRejects(
      () => loop.sockAccept(conn as never),
      TypeError,
      "listener",
    );
    assertEquals(conn.isReading, false);
  }));
