// Copyright 2026 the asyncio for Deno authors. MIT license.

import { createSocket, type Socket } from "node:dgram";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { getRunningLoop, run, RuntimeError } from "../../../mod.ts";
import { untilAtRest } from "../../../tests/doubles/rest.ts";
import { connectAndCancel } from "../../../tests/doubles/cancelled_connect.ts";
import { FakeDatagramConn } from "../../../tests/doubles/datagram_conn.ts";
import {
  DatagramRecorder,
  receiver,
} from "../../../tests/doubles/datagram_recorder.ts";
import { runProgram } from "../../../tests/doubles/program.ts";
import { FakeConn } from "../../../tests/doubles/conn.ts";
import { boundSocket } from "../../../tests/doubles/bound_socket.ts";

const LOCAL = { hostname: "127.0.0.1", port: 0 };
const make = () => new DatagramRecorder();

Deno.test("loop.createDatagramEndpoint() validates its arguments first", () =>
  run(async () => {
    const loop = getRunningLoop();
    const create = loop.createDatagramEndpoint.bind(loop, make);
    await assertRejects(
      () => loop.createDatagramEndpoint(make() as never, { localAddr: LOCAL }),
      TypeError,
      "The protocol factory of createDatagramEndpoint() must be a function: received an instance of DatagramRecorder",
    );
    await assertRejects(() => create(), RangeError, "none of them");
    await assertRejects(
      () => create({ localAddr: "x" as never }),
      TypeError,
      'The localAddr must be an object with a hostname and a port: received "x"',
    );
    await assertRejects(
      () => create({ localAddr: { hostname: "127.0.0.1", port: -1 } }),
      RangeError,
      "received -1",
    );
    await assertRejects(
      () => create({ remoteAddr: LOCAL }),
      RangeError,
      "received 0",
    );
    await assertRejects(
      () => create({ family: 5 as never }),
      RangeError,
      "received 5",
    );
    await assertRejects(
      () => create({ localAddr: { path: "/x" } as never }),
      Deno.errors.NotSupported,
      "--unstable-net",
    );
    const unix = new FakeDatagramConn({ transport: "unixpacket", path: "/x" });
    await assertRejects(
      () => create({ sock: unix }),
      Deno.errors.NotSupported,
      "sockRecvFrom()",
    );
    await assertRejects(
      () => create({ sock: new FakeConn() as never }),
      TypeError,
      "datagram socket",
    );
    await assertRejects(
      () =>
        create({
          sock: new FakeDatagramConn(),
          localAddr: LOCAL,
          allowBroadcast: true,
        }),
      RangeError,
      "received localAddr, allowBroadcast",
    );
    await assertRejects(
      () =>
        create({ localAddr: LOCAL, remoteAddr: { hostname: "::1", port: 9 } }),
      RangeError,
      "received 127.0.0.1 and ::1",
    );
    await assertRejects(
      () => create({ localAddr: LOCAL, family: 6 }),
      RangeError,
      "IP version, 6",
    );
  }));

Deno.test(
  "loop.createDatagramEndpoint() rejects reusePort where Deno does not support it",
  { ignore: Deno.build.os !== "linux" },
  () =>
    run(async () => {
      await assertRejects(
        () =>
          getRunningLoop().createDatagramEndpoint(make, {
            localAddr: LOCAL,
            reusePort: true,
          }),
        Deno.errors.NotSupported,
        "reuseAddr",
      );
    }),
);

Deno.test("loop.createDatagramEndpoint() names the address that cannot be bound", () =>
  run(async () => {
    const [holder, { hostname, port }] = await receiver();
    await assertRejects(
      () =>
        getRunningLoop().createDatagramEndpoint(make, {
          localAddr: { hostname, port },
        }),
      Deno.errors.AddrInUse,
      `127.0.0.1:${port}`,
    );
    holder.transport.close();
    await assertRejects(
      () =>
        getRunningLoop().createDatagramEndpoint(make, {
          localAddr: { hostname: "no.such.invalid", port: 1 },
        }),
      Error,
      "no.such.invalid",
    );
  }));

Deno.test("loop.createDatagramEndpoint() accepts host names, and a family alone", () =>
  run(async () => {
    const loop = getRunningLoop();
    const [server, server_] = await loop.createDatagramEndpoint(make, {
      localAddr: { hostname: "localhost", port: 0 },
      family: 4,
    });
    const { port, hostname } = server.getExtraInfo("sockname") as Deno.NetAddr;
    assertEquals(hostname, "127.0.0.1");
    const [client] = await loop.createDatagramEndpoint(make, {
      remoteAddr: { hostname: "localhost", port },
    });
    client.sendTo("hello");
    const [anybody] = await loop.createDatagramEndpoint(make, { family: 4 });
    anybody.sendTo("hello", { hostname, port });
    await server_.has(3);
    for (const transport of [server, client, anybody]) transport.close();
  }));

Deno.test("loop.createDatagramEndpoint() receives from any sender with allowBroadcast", () =>
  run(async () => {
    const [asked, askedAddr] = await receiver();
    const [other] = await receiver();
    const [transport, protocol] = await getRunningLoop()
      .createDatagramEndpoint(make, {
        localAddr: LOCAL,
        remoteAddr: askedAddr,
        allowBroadcast: true,
      });
    assertEquals(transport.getExtraInfo("peername"), null);
    transport.sendTo("who is there?");
    await asked.has(2);
    other.transport.sendTo("me", asked.addrs[0] as Deno.NetAddr);
    await protocol.has(2);
    assertEquals(protocol.events, ["made", "got me"]);
    for (const each of [asked, other]) each.transport.close();
    transport.close();
  }));

Deno.test("loop.createDatagramEndpoint() accepts a node:dgram socket", () =>
  run(async () => {
    const loop = getRunningLoop();
    const [server, serverAddr] = await receiver();
    const [sock] = await boundSocket();
    const [transport] = await loop.createDatagramEndpoint(make, { sock });
    transport.sendTo("unconnected", serverAddr);
    await server.has(2);
    transport.close();

    const [connected] = await boundSocket();
    await new Promise<void>((resolve) =>
      connected.connect(serverAddr.port, "127.0.0.1", resolve)
    );
    const [other] = await loop.createDatagramEndpoint(make, {
      sock: connected,
    });
    assertEquals(other.getExtraInfo("peername"), serverAddr);
    other.sendTo("connected");
    await server.has(3);
    other.sendTo("named", serverAddr);
    await server.has(4);
    other.close();
    server.transport.close();

    const unbound = createSocket("udp4");
    await assertRejects(
      () => loop.createDatagramEndpoint(make, { sock: unbound }),
      RangeError,
      "bound",
    );
    unbound.close();
  }));

Deno.test("loop.createDatagramEndpoint() closes the socket if the factory fails", () =>
  run(async () => {
    const sock = new FakeDatagramConn();
    const fail = () => {
      throw new Error("no protocol");
    };
    await assertRejects(
      () => getRunningLoop().createDatagramEndpoint(fail, { sock }),
      Error,
      "no protocol",
    );
    assert(sock.isClosed);
    await assertRejects(
      () => getRunningLoop().createDatagramEndpoint(fail, { localAddr: LOCAL }),
      Error,
      "no protocol",
    );
  }));

Deno.test("loop.createDatagramEndpoint() closes the socket when cancelled", () =>
  run(async () => {
    let attempts = 0;
    for (const hostname of ["127.0.0.1", "localhost"]) {
      for (let steps = 0; steps < 12; steps++) {
        const recorder = make();
        const connect = () =>
          getRunningLoop().createDatagramEndpoint(() => recorder, {
            localAddr: { hostname, port: 0 },
          });
        if (await connectAndCancel(recorder, connect, steps)) attempts++;
      }
    }
    assert(attempts > 2);
    await untilAtRest();
  }));

Deno.test("run() closes datagram endpoints that are left open", async () => {
  // The sanitizers detect leaks.
  await run(async () => {
    const [server, addr] = await receiver();
    server.transport.sendTo("x", addr);
  });
});

Deno.test("loop.createDatagramEndpoint() throws on a closed loop", async () => {
  const loop = await run(() => Promise.resolve(getRunningLoop()));
  assertThrows(
    () => loop.createDatagramEndpoint(make, { family: 4 }),
    RuntimeError,
  );
});

Deno.test("loop.createDatagramEndpoint() rejects on a missing permission", async () => {
  const { stdout } = await runProgram(`
    import { DatagramProtocol, getRunningLoop, run } from "asyncio";
    await Deno.permissions.revoke({ name: "net" });
    await run(() => getRunningLoop()
      .createDatagramEndpoint(() => new DatagramProtocol(), {
        localAddr: { hostname: "127.0.0.1", port: 0 },
      })
      .catch((error) => console.log(error.name))
    );
  `);
  assertEquals(stdout, "NotCapable\n");
});

Deno.test({
  name:
    "DatagramTransport.sendTo() reports a missing permission to the protocol",
  permissions: { net: ["127.0.0.1:0"] },
  fn: () =>
    run(async () => {
      const [protocol] = await receiver();
      protocol.transport.sendTo("data", { hostname: "192.0.2.1", port: 9 });
      await protocol.has(2);
      assertEquals(
        protocol.events[1],
        'error Requires net access to "192.0.2.1:9", run again with the --allow-net flag',
      );
      protocol.transport.close();
      await protocol.lost;
    }),
});

Deno.test("DatagramTransport can join a multicast group", () =>
  run(async () => {
    const [server, serverProtocol] = await getRunningLoop()
      .createDatagramEndpoint(make, {
        localAddr: { hostname: "0.0.0.0", port: 0 },
      });
    const socket = server.getExtraInfo("socket") as Socket;
    socket.addMembership("239.255.0.1", "127.0.0.1");
    socket.setMulticastInterface("127.0.0.1");
    const { port } = server.getExtraInfo("sockname") as Deno.NetAddr;
    server.sendTo("to all", { hostname: "239.255.0.1", port });
    await serverProtocol.has(2);
    assertEquals(serverProtocol.events, ["made", "got to all"]);
    server.close();
  }));
