// Copyright 2026 the asyncio for Deno authors. MIT license.

import { createSocket, type Socket } from "node:dgram";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  currentTask,
  DatagramProtocol,
  type DatagramTransport,
  Future,
  getRunningLoop,
  run,
  RuntimeError,
} from "../../../mod.ts";
import { untilAtRest } from "../../../tests/doubles/rest.ts";
import { connectAndCancel } from "../../../tests/doubles/cancelled_connect.ts";
import { FakeDatagramConn } from "../../../tests/doubles/datagram_conn.ts";
import {
  DatagramRecorder,
  receiver,
  sender,
} from "../../../tests/doubles/datagram_recorder.ts";
import { runProgram } from "../../../tests/doubles/program.ts";
import { FakeConn } from "../../../tests/doubles/conn.ts";
import { boundSocket } from "../../../tests/doubles/bound_socket.ts";
import { AsyncLocalStorage } from "node:async_hooks";
import { recordExceptions } from "../../../tests/doubles/exceptions.ts";
import { turns } from "../../../tests/doubles/recorder.ts";

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

function addr(port: number): Deno.NetAddr {
  return { transport: "udp", hostname: "192.0.2.1", port };
}

/** An endpoint whose peer is the test. */
async function fake(
  make = () => new DatagramRecorder(),
): Promise<[FakeDatagramConn, DatagramTransport, DatagramRecorder]> {
  const sock = new FakeDatagramConn();
  const [transport, protocol] = await getRunningLoop()
    .createDatagramEndpoint(make, { sock });
  await turns();
  return [sock, transport, protocol];
}

Deno.test("DatagramTransport.sendTo() sends to an address and to the remote one", () =>
  run(async () => {
    const [server, serverAddr] = await receiver();
    const client = await sender(serverAddr);
    client.transport.sendTo("by itself");
    client.transport.sendTo(new TextEncoder().encode("named"), serverAddr);
    await server.has(3);
    assertEquals(server.events, ["made", "got by itself", "got named"]);
    server.transport.sendTo("answer", server.addrs[0] as Deno.NetAddr);
    await client.has(2);
    assertEquals(client.events, ["made", "got answer"]);
    assertEquals(client.addrs, [serverAddr]);
    client.transport.close();
    server.transport.close();
    assertEquals(await client.lost, null);
    assertEquals(await server.lost, null);
  }));

Deno.test("DatagramTransport.sendTo() keeps the order of empty and other datagrams", () =>
  run(async () => {
    const [server, { port }] = await receiver();
    const [client] = await receiver();
    const bytes = new TextEncoder().encode("-view-");
    const to = { hostname: "127.0.0.1", port };
    client.transport.sendTo("ä", { hostname: "localhost", port });
    client.transport.sendTo("", to);
    client.transport.sendTo(bytes.subarray(1, 5), to);
    bytes.fill(0);
    for (let i = 0; i < 20; i++) client.transport.sendTo(String(i), to);
    assert(client.transport.getWriteBufferSize() > 23 * 8);
    await server.has(24);
    assertEquals(server.events, [
      "made",
      "got ä",
      "got ",
      "got view",
      ...Array.from({ length: 20 }, (_, i) => `got ${i}`),
    ]);
    assertEquals(client.transport.getWriteBufferSize(), 0);
    client.transport.close();
    server.transport.close();
  }));

Deno.test("DatagramTransport works over IPv6", () =>
  run(async () => {
    const [server, serverAddr] = await receiver("::1");
    const client = await sender({ ...serverAddr, hostname: "0:0:0:0:0:0:0:1" });
    client.transport.sendTo("six", { ...serverAddr, hostname: "::1" });
    await server.has(2);
    assertEquals(server.events, ["made", "got six"]);
    server.transport.sendTo("back", server.addrs[0] as Deno.NetAddr);
    await client.has(2);
    assertEquals(client.events, ["made", "got back"]);
    client.transport.close();
    server.transport.close();
  }));

Deno.test("DatagramTransport.sendTo() validates its arguments", () =>
  run(async () => {
    const [server, serverAddr] = await receiver();
    const client = await sender(serverAddr);
    assertThrows(
      () => server.transport.sendTo(5 as never, serverAddr),
      TypeError,
      "received 5",
    );
    assertThrows(
      () => server.transport.sendTo("x"),
      TypeError,
      "received none",
    );
    assertThrows(
      () => server.transport.sendTo("x", { hostname: "127.0.0.1", port: 0 }),
      RangeError,
      "received 0",
    );
    assertThrows(
      () => server.transport.sendTo("x", { hostname: "" } as never),
      TypeError,
      "The addr must be an object with a hostname and a port: received an instance of Object",
    );
    assertThrows(
      () =>
        server.transport.sendTo("x", { transport: "unixpacket", path: "/x" }),
      TypeError,
      "The addr must be an object with a hostname and a port: received an instance of Object",
    );
    assertThrows(
      () => client.transport.sendTo("x", { hostname: "127.0.0.1", port: 1 }),
      RangeError,
      'received {"hostname":"127.0.0.1","port":1}',
    );
    assertEquals(client.events, ["made"]);
    client.transport.close();
    server.transport.close();
  }));

Deno.test("DatagramTransport reports failures to send and stays open", () =>
  run(async () => {
    const [server, serverAddr] = await receiver();
    server.transport.setWriteBufferLimits(100_000);
    server.transport.sendTo(new Uint8Array(70_000), serverAddr);
    server.transport.sendTo("x", { hostname: "no.such.invalid", port: 1 });
    server.transport.sendTo("small", serverAddr);
    await server.has(4);
    assertEquals(server.events[0], "made");
    assert(server.events[1]!.startsWith("error send EMSGSIZE"));
    assert(server.events[2]!.startsWith("error getaddrinfo"));
    assertEquals(server.events[3], "got small");
    server.transport.close();
  }));

Deno.test("DatagramTransport with a remote address ignores all others", () =>
  run(async () => {
    const [stranger] = await receiver();
    const [server, serverAddr] = await receiver();
    const client = await sender(serverAddr);
    const { port } = client.transport.getExtraInfo("sockname") as Deno.NetAddr;
    const to = { hostname: "127.0.0.1", port };
    stranger.transport.sendTo("strange", to);
    server.transport.sendTo("known", to);
    await client.has(2);
    assertEquals(client.events, ["made", "got known"]);
    for (const each of [stranger, server, client]) each.transport.close();
  }));

Deno.test("DatagramTransport.getExtraInfo() returns the addresses and the socket", () =>
  run(async () => {
    const [server, serverAddr] = await receiver();
    const client = await sender(serverAddr);
    assertEquals(client.transport.getExtraInfo("peername"), serverAddr);
    assertEquals(server.transport.getExtraInfo("peername"), null);
    assertEquals(server.transport.getExtraInfo("peername", "none"), "none");
    assertEquals(server.transport.getExtraInfo("other"), null);
    assert(
      "addMembership" in (server.transport.getExtraInfo("socket") as object),
    );
    client.transport.close();
    server.transport.close();
    await server.lost;
    assertEquals(server.transport.getExtraInfo("sockname"), serverAddr);
  }));

Deno.test("DatagramTransport.sendTo() denies broadcast without allowBroadcast", () =>
  run(async () => {
    const errors: Error[] = [];
    const [protocol] = await receiver("0.0.0.0");
    protocol.errorReceived = (error) => void errors.push(error);
    protocol.transport.sendTo("data", { hostname: "255.255.255.255", port: 9 });
    protocol.transport.close();
    await protocol.lost;
    assertEquals(errors.length, 1);
    assertInstanceOf(errors[0], Deno.errors.PermissionDenied);
    assertEquals(
      errors[0].message,
      "Cannot send to 255.255.255.255:9 without allowBroadcast or setBroadcast(true), as it is a broadcast address",
    );
  }));

Deno.test("DatagramTransport pauses and resumes writing at its water marks", () =>
  run(async () => {
    const [sock, transport, protocol] = await fake();
    assertEquals(transport.getWriteBufferLimits(), [16384, 65536]);
    transport.setWriteBufferLimits(30, 20);
    assertEquals(transport.getWriteBufferLimits(), [20, 30]);
    assertThrows(() => transport.setWriteBufferLimits(1, 2), RangeError);
    sock.isBlocked = true;
    transport.sendTo("12345", addr(1));
    transport.sendTo("12345", addr(2));
    assertEquals(transport.getWriteBufferSize(), 2 * (5 + 8));
    assertEquals(protocol.events, ["made"]);
    transport.sendTo("", addr(3));
    assertEquals(protocol.events, ["made", "pause"]);
    await turns();
    sock.sending[0]!.resolve();
    await turns();
    assertEquals(protocol.events, ["made", "pause"]);
    sock.isBlocked = false;
    sock.sending[1]!.resolve();
    await turns();
    assertEquals(protocol.events, ["made", "pause", "resume"]);
    assertEquals(sock.sent, ["12345 to 1", "12345 to 2", " to 3"]);
    transport.setWriteBufferLimits(0);
    sock.isBlocked = true;
    transport.sendTo("", addr(3));
    assertEquals(protocol.events.at(-1), "pause");
    await turns();
    transport.abort();
    await protocol.lost;
    sock.sending.at(-1)!.resolve();
  }));

Deno.test("DatagramTransport.close() sends the queue first and stops receiving", () =>
  run(async () => {
    const [sock, transport, protocol] = await fake();
    sock.isBlocked = true;
    transport.sendTo("one", addr(1));
    transport.sendTo("two", addr(2));
    transport.close();
    transport.close();
    assert(transport.isClosing());
    transport.sendTo("late", addr(3));
    sock.deliver("late");
    await turns();
    assertEquals(protocol.events, ["made"]);
    sock.isBlocked = false;
    sock.sending[0]!.resolve();
    assertEquals(await protocol.lost, null);
    assertEquals(sock.sent, ["one to 1", "two to 2"]);
    await turns();
    assertEquals(protocol.events, ["made", "lost null"]);
    assert(sock.isClosed);
  }));

Deno.test("DatagramTransport.abort() drops the queue", () =>
  run(async () => {
    const [sock, transport, protocol] = await fake();
    sock.isBlocked = true;
    transport.sendTo("one", addr(1));
    transport.sendTo("two", addr(2));
    await turns();
    transport.close();
    transport.abort();
    transport.abort();
    assertEquals(transport.getWriteBufferSize(), 0);
    assertEquals(await protocol.lost, null);
    sock.sending[0]!.resolve();
    await turns();
    assertEquals(sock.sent, ["one to 1"]);
    assertEquals(protocol.events, ["made", "lost null"]);
  }));

Deno.test("DatagramTransport reports errors and ends when its socket is closed", () =>
  run(async () => {
    const [sock, , protocol] = await fake();
    sock.fail(new Error("unreachable"));
    await turns();
    sock.deliver("fine");
    await turns();
    sock.close();
    assert(await protocol.lost instanceof Deno.errors.Interrupted);
    assertEquals(protocol.events, [
      "made",
      "error unreachable",
      "got fine",
      "lost operation canceled",
    ]);
  }));

Deno.test("DatagramTransport ends when its node:dgram socket is closed", () =>
  run(async () => {
    const [server] = await receiver();
    (server.transport.getExtraInfo("socket") as { close(): void }).close();
    assert(await server.lost instanceof Deno.errors.BadResource);
    const [other, otherAddr] = await receiver();
    (other.transport.getExtraInfo("socket") as { close(): void }).close();
    other.transport.sendTo("x", otherAddr);
    assert(await other.lost instanceof Deno.errors.BadResource);
  }));

Deno.test("DatagramTransport survives errors in its protocol", () =>
  run(async () => {
    const contexts = recordExceptions(getRunningLoop());
    class Broken extends DatagramRecorder {
      override connectionMade(transport: DatagramTransport): void {
        super.connectionMade(transport);
        throw new Error("no");
      }
      override datagramReceived(data: Uint8Array, addr: Deno.Addr): void {
        super.datagramReceived(data, addr);
        throw new Error("no");
      }
      override errorReceived(): void {
        throw new Error("no");
      }
      override connectionLost(error: Error | null): void {
        super.connectionLost(error);
        throw new Error("no");
      }
    }
    const [sock, transport, protocol] = await fake(() => new Broken());
    sock.deliver("a");
    await turns();
    sock.fail(new Error("unreachable"));
    await turns();
    sock.deliver("b");
    await turns();
    transport.close();
    await protocol.lost;
    assertEquals(protocol.events, ["made", "got a", "got b", "lost null"]);
    assert(sock.isClosed);
    assertEquals(contexts.map(({ message }) => message), [
      "protocol.connectionMade() failed",
      "protocol.datagramReceived() failed",
      "protocol.errorReceived() failed",
      "protocol.datagramReceived() failed",
      "protocol.connectionLost() failed",
    ]);
    assertStrictEquals(contexts[0]!.transport, transport);
    assertStrictEquals(contexts[0]!.protocol, protocol);
  }));

Deno.test("DatagramTransport.setProtocol() delivers later datagrams to the new protocol", () =>
  run(async () => {
    const [sock, transport, first] = await fake();
    const second = new DatagramRecorder();
    transport.setProtocol(second);
    assertStrictEquals(transport.getProtocol(), second);
    sock.deliver("a");
    await turns();
    transport.close();
    await second.lost;
    assertEquals(first.events, ["made"]);
    assertEquals(second.events, ["got a", "lost null"]);
  }));

Deno.test("DatagramTransport calls its protocol outside any task, in its creator's context", () =>
  run(async () => {
    const user = new AsyncLocalStorage<string>();
    const loop = getRunningLoop();
    const calls: string[] = [];
    const note = (name: string) => {
      assertEquals(currentTask(), null);
      assertStrictEquals(getRunningLoop(), loop);
      calls.push(`${name} ${user.getStore()}`);
    };
    class Nosy extends DatagramProtocol {
      readonly lost = new Future<void>();
      readonly got = new Future<void>();
      override connectionMade = () => note("made");
      override errorReceived = () => note("error");
      override pauseWriting = () => note("pause");
      override resumeWriting = () => note("resume");
      override datagramReceived() {
        note("data");
        this.got.setResult();
      }
      override connectionLost() {
        note("lost");
        this.lost.setResult();
      }
    }
    const [transport, protocol] = await user.run(
      "creator",
      () =>
        loop.createDatagramEndpoint(() => new Nosy(), {
          localAddr: { hostname: "127.0.0.1", port: 0 },
        }),
    );
    const self = transport.getExtraInfo("sockname") as Deno.NetAddr;
    transport.setWriteBufferLimits(1);
    await user.run("sender", async () => {
      transport.sendTo(new Uint8Array(70_000), self);
      transport.sendTo("x", self);
      await protocol.got;
      transport.close();
      await protocol.lost;
    });
    assertEquals(
      calls,
      ["made", "pause", "error", "resume", "data", "lost"]
        .map((name) => `${name} creator`),
    );
  }));
