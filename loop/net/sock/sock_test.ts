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
  sleep,
  startServer,
} from "../../../mod.ts";
import type { Socket } from "node:dgram";
import { FakeConn } from "../../../tests/doubles/conn.ts";
import { FakeDatagramConn } from "../../../tests/doubles/datagram_conn.ts";
import { receiver } from "../../../tests/doubles/datagram_recorder.ts";
import { fake, turns } from "../../../tests/doubles/recorder.ts";
import type { DatagramSocket } from "../datagram_socket.ts";
import { textOf } from "../../../tests/doubles/text.ts";
import { boundSocket } from "../../../tests/doubles/bound_socket.ts";
import { resetPeer } from "../../../tests/doubles/reset_peer.ts";
import { schedulerOf } from "../../core/scheduler.ts";

Deno.test("loop.sockConnect() rejects where nothing listens", () =>
  run(async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { addr } = listener;
    listener.close();
    await assertRejects(
      () => getRunningLoop().sockConnect(addr),
      Deno.errors.ConnectionRefused,
    );
  }));

Deno.test("loop.sockConnect() validates its arguments", () =>
  run(async () => {
    const loop = getRunningLoop();
    await assertRejects(
      () => loop.sockConnect("localhost" as never),
      TypeError,
      'The address must be an object with a hostname and a port: received "localhost"',
    );
    await assertRejects(
      () => loop.sockConnect({ hostname: "localhost", port: 65536 }),
      RangeError,
      "received 65536",
    );
    await assertRejects(
      () => loop.sockConnect(null as never),
      TypeError,
      "received null",
    );
  }));

Deno.test(
  "loop.sockConnect() connects to a Unix socket",
  { ignore: Deno.build.os === "windows" },
  () =>
    run(async () => {
      const loop = getRunningLoop();
      const folder = await Deno.makeTempDir();
      const path = `${folder}/socket`;
      using listener = Deno.listen({ transport: "unix", path });
      using client = await loop.sockConnect({ transport: "unix", path });
      const [conn] = await loop.sockAccept(listener);
      using server = conn;
      await loop.sockSendAll(client, "hello");
      assertEquals((await loop.sockRecv(server, 9)).length, 5);
      await Deno.remove(folder, { recursive: true });
    }),
);

Deno.test("loop.sockConnect() closes the connection when cancelled", () =>
  run(async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    let attempts = 0;
    for (let steps = 0; steps < 8; steps++) {
      const task = createTask(() =>
        getRunningLoop().sockConnect(listener.addr)
      );
      for (let i = 0; i < steps; i++) await sleep(0);
      task.cancel();
      await task.then((conn) => conn.close(), () => attempts++);
    }
    assert(attempts > 0);
  }));

Deno.test("loop.sockRecvFrom() returns a datagram and its sender", () =>
  run(async () => {
    const loop = getRunningLoop();
    const [one, oneAddr] = await boundSocket();
    const [other, otherAddr] = await boundSocket();
    const receiving = createTask(() => loop.sockRecvFrom(one, 4));
    await turns();
    assertEquals(await loop.sockSendTo(other, "abcdef", oneAddr), 6);
    const [data, addr] = await receiving;
    assertEquals(textOf(data), "abcd");
    assertEquals(addr, { transport: "udp", ...otherAddr });

    const buffer = new Uint8Array(5);
    await loop.sockSendTo(other, "ghijkl", oneAddr);
    assertEquals((await loop.sockRecvFromInto(one, buffer))[0], 5);
    assertEquals(textOf(buffer), "ghijk");
    await loop.sockSendTo(other, "mnopqr", oneAddr);
    assertEquals(await loop.sockRecvFromInto(one, buffer, 2), [2, addr]);
    assertEquals(textOf(buffer), "mnijk");
    one.close();
    other.close();
    await assertRejects(() => loop.sockRecvFrom(one, 1), RangeError, "bound");
  }));

Deno.test("loop.sockRecvFrom() leaves the datagram to the next call when cancelled", () =>
  run(async () => {
    const loop = getRunningLoop();
    const sock = new FakeDatagramConn();
    const task = createTask(() => loop.sockRecvFrom(sock, 100));
    await turns();
    task.cancel();
    await assertRejects(() => task, CancelledError);
    sock.deliver("kept");
    const buffer = new Uint8Array(4);
    await loop.sockRecvFromInto(sock, buffer);
    assertEquals(textOf(buffer), "kept");
  }));

Deno.test("loop.sockRecvFrom() buffers datagrams up to a limit", () =>
  run(async () => {
    const loop = getRunningLoop();
    const [sock, { hostname: address, port }] = await boundSocket();
    const arrive = (text: string) =>
      sock.emit("message", new TextEncoder().encode(text), { address, port });
    const first = createTask(() => loop.sockRecvFrom(sock, 9));
    await turns();
    arrive("first");
    // Each counts as 256 bytes in addition to its own. The limit is 256 KiB.
    for (let i = 0; i < 1024; i++) arrive("");
    arrive("dropped");
    assertEquals(textOf((await first)[0]), "first");
    for (let i = 0; i < 1024; i++) {
      assertEquals((await loop.sockRecvFrom(sock, 9))[0].length, 0);
    }
    arrive("next");
    assertEquals(textOf((await loop.sockRecvFrom(sock, 9))[0]), "next");
    sock.close();
  }));

Deno.test("loop.sockRecvFrom() rejects when the socket is closed", () =>
  run(async () => {
    const loop = getRunningLoop();
    const [sock] = await boundSocket();
    const task = createTask(() => loop.sockRecvFrom(sock, 100));
    await turns();
    sock.close();
    await assertRejects(() => task, Deno.errors.BadResource);
  }));

Deno.test("loop.sockSendTo() keeps the order of the calls", () =>
  run(async () => {
    const loop = getRunningLoop();
    const [server, addr] = await receiver();
    const [sock] = await boundSocket();
    await gather(
      Array.from(
        { length: 20 },
        (_, i) => () => loop.sockSendTo(sock, String(i), addr),
      ),
    );
    await server.has(21);
    assertEquals(
      server.events.slice(1),
      Array.from({ length: 20 }, (_, i) => `got ${i}`),
    );
    await assertRejects(
      () => loop.sockSendTo(sock, new Uint8Array(70_000), addr),
      Error,
      "EMSGSIZE",
    );
    sock.close();
    server.transport.close();
  }));

Deno.test("loop.sockSendTo() to a broadcast address is denied without allowBroadcast", () =>
  run(async () => {
    const [socket] = await boundSocket("0.0.0.0");
    await assertRejects(
      () =>
        getRunningLoop().sockSendTo(socket, "data", {
          hostname: "255.255.255.255",
          port: 9,
        }),
      Deno.errors.PermissionDenied,
    );
    socket.close();
  }));

Deno.test("loop.sockSendTo() sends one datagram at a time", () =>
  run(async () => {
    const loop = getRunningLoop();
    const addr = { hostname: "192.0.2.1", port: 2 };
    const sendTwo = (sock: DatagramSocket) =>
      gather(["a", "b"].map((text) => () => loop.sockSendTo(sock, text, addr)));

    const conn = new FakeDatagramConn();
    conn.isBlocked = true;
    const byConn = sendTwo(conn);
    await turns();
    assertEquals(conn.sending.length, 1);
    conn.sending[0]!.resolve();
    await turns();
    conn.sending[1]!.resolve();
    await byConn;
    assertEquals(conn.sent, ["a to 2", "b to 2"]);

    const [socket] = await boundSocket();
    const sending: (() => void)[] = [];
    Object.assign(socket, {
      send: (_: unknown, _port: number, _host: string, onSent: () => void) =>
        sending.push(onSent),
    });
    const bySocket = sendTwo(socket);
    await turns();
    assertEquals(sending.length, 1);
    sending[0]!();
    await turns();
    sending[1]!();
    assertEquals(await bySocket, [1, 1]);
    socket.close();
  }));

Deno.test("loop.sockConnect() restricts a datagram socket to one address", () =>
  run(async () => {
    const loop = getRunningLoop();
    const [sock, addr] = await boundSocket();
    const [known, knownAddr] = await boundSocket();
    const [stranger] = await boundSocket();
    await loop.sockConnect(sock, {
      hostname: "localhost",
      port: knownAddr.port,
    });
    await loop.sockSendTo(stranger, "strange", addr);
    await loop.sockSendTo(known, "known", addr);
    const [data] = await loop.sockRecvFrom(sock, 100);
    assertEquals(textOf(data), "known");
    for (const each of [sock, known, stranger]) each.close();

    const [six] = await boundSocket("::1");
    await assertRejects(
      () => loop.sockConnect(six, { hostname: "127.0.0.1", port: 1 }),
      RangeError,
      "IPv6",
    );
    six.close();
  }));

Deno.test("loop.sockRecvFrom() and its like validate their arguments", () =>
  run(async () => {
    const loop = getRunningLoop();
    const [server, addr] = await receiver();
    const used = server.transport.getExtraInfo("socket") as Socket;
    await assertRejects(
      () => loop.sockRecvFrom(used, 1),
      RuntimeError,
      "used by a transport",
    );
    await assertRejects(() => loop.sockSendTo(used, "x", addr), RuntimeError);
    server.transport.close();
    await server.lost;

    const conn = new FakeConn() as never;
    await assertRejects(
      () => loop.sockRecvFrom(conn, 1),
      TypeError,
      "node:dgram",
    );
    await assertRejects(() => loop.sockConnect(conn, addr), TypeError);
    const sock = new FakeDatagramConn();
    await assertRejects(
      () => loop.sockRecvFrom(sock, -1),
      RangeError,
      "received -1",
    );
    await assertRejects(
      () => loop.sockRecvFromInto(sock, new Uint8Array(1), 2),
      RangeError,
      "received 2",
    );
    await assertRejects(
      () => loop.sockSendTo(sock, "x", "there" as never),
      TypeError,
      'The addr must be an object with a hostname and a port: received "there"',
    );
    assertEquals(sock.sent, []);
  }));

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
