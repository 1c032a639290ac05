// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Socket } from "node:dgram";
import { assertEquals, assertRejects } from "@std/assert";
import {
  CancelledError,
  createTask,
  gather,
  getRunningLoop,
  run,
  RuntimeError,
} from "../../../mod.ts";
import { FakeConn } from "../../../tests/doubles/conn.ts";
import { FakeDatagramConn } from "../../../tests/doubles/datagram_conn.ts";
import { receiver } from "../../../tests/doubles/datagram_recorder.ts";
import { turns } from "../../../tests/doubles/recorder.ts";
import type { DatagramSocket } from "../datagram_socket.ts";
import { textOf } from "../../../tests/doubles/text.ts";
import { boundSocket } from "../../../tests/doubles/bound_socket.ts";

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
