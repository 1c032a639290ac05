// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  CancelledError,
  createTask,
  type EventLoop,
  type ExceptionContext,
  Future,
  getRunningLoop,
  openConnection,
  Protocol,
  run,
  RuntimeError,
  type Server,
  sleep,
  startServer,
  type Transport,
  wrapFuture,
} from "../../../mod.ts";
import { FakeConn } from "../../../tests/doubles/conn.ts";
import { recordExceptions } from "../../../tests/doubles/exceptions.ts";
import { Recorder, turns } from "../../../tests/doubles/recorder.ts";
import { resetPeer } from "../../../tests/doubles/reset_peer.ts";
import { textOf } from "../../../tests/doubles/text.ts";
import { TLS_PAIRS } from "../../../tests/doubles/tls.ts";
import { portOf } from "../../../tests/doubles/server_port.ts";

function serve(
  host: string | string[] | null = "127.0.0.1",
  options = {},
): Promise<Server> {
  return getRunningLoop().createServer(() => new Recorder(), host, 0, options);
}

async function connect(server: Server): Promise<Recorder> {
  const [, protocol] = await getRunningLoop().createConnection(
    () => new Recorder(),
    "127.0.0.1",
    portOf(server),
  );
  return protocol;
}

Deno.test("Server has its loop, its listeners and its state", () =>
  run(async () => {
    const server = await serve();
    assertEquals(server.getLoop(), getRunningLoop());
    assert(server.isServing());
    assertEquals(server.sockets.length, 1);
    server.close();
    assertEquals(server.isServing(), false);
    assertEquals(server.sockets, []);
    server.close();
    await server.waitClosed();
  }));

Deno.test("Server.waitClosed() resolves when the port is free again", () =>
  run(async () => {
    let port = 0;
    for (let i = 0; i < 20; i++) {
      const server = await getRunningLoop()
        .createServer(() => new Recorder(), "127.0.0.1", port);
      port = portOf(server);
      server.close();
      await server.waitClosed();
    }
  }));

Deno.test("Server.waitClosed() waits until server and connections are closed", () =>
  run(async () => {
    const order: string[] = [];
    const server = await serve();
    const client = await connect(server);
    const waiter = createTask(async () => {
      await server.waitClosed();
      order.push("closed");
    });
    await turns();
    order.push("closing");
    server.close();
    await turns();
    order.push("client ends");
    client.transport.close();
    await waiter;
    assertEquals(order, ["closing", "client ends", "closed"]);
    await server.waitClosed();
    await client.lost;
  }));

Deno.test("Server.waitClosed() leaves other waits pending when cancelled", () =>
  run(async () => {
    const server = await serve();
    const one = createTask(() => server.waitClosed());
    const other = createTask(() => server.waitClosed());
    await sleep(0);
    one.cancel();
    await assertRejects(() => one, CancelledError);
    assertEquals(other.done(), false);
    server.close();
    await other;
  }));

Deno.test("Server.sockets are typed by their addresses", () => {
  type Addresses<S extends Server> = S["sockets"][number]["addr"];
  type Tcp = Awaited<ReturnType<EventLoop["createServer"]>>;
  type Unix = Awaited<ReturnType<EventLoop["createUnixServer"]>>;
  assertType<IsExact<Addresses<Server>, Deno.Addr>>(true);
  assertType<IsExact<Addresses<Tcp>, Deno.NetAddr>>(true);
  assertType<IsExact<Addresses<Unix>, Deno.UnixAddr>>(true);
});

Deno.test("Server.serveForever() closes the server when cancelled", () =>
  run(async () => {
    const server = await serve("127.0.0.1", { startServing: false });
    assertEquals(server.isServing(), false);
    const task = createTask(() => server.serveForever());
    await sleep(0);
    assert(server.isServing());
    assertThrows(() => server.serveForever(), RuntimeError, "another");
    task.cancel();
    await assertRejects(() => task, CancelledError);
    assertEquals(server.sockets, []);
    assertThrows(() => server.serveForever(), RuntimeError, "closed");
    assertThrows(() => server.startServing(), RuntimeError, "closed");
  }));

Deno.test("Server.serveForever() ends when the server is closed", () =>
  run(async () => {
    const server = await serve();
    const task = createTask(() => server.serveForever());
    await sleep(0);
    server.close();
    await assertRejects(() => task, CancelledError);
  }));

Deno.test("Server.startServing() accepts waiting connections", () =>
  run(async () => {
    const server = await serve("127.0.0.1", { startServing: false });
    const client = await connect(server);
    assertEquals(server.isServing(), false);
    await server.startServing();
    await server.startServing();
    client.transport.writeEof();
    // Its protocol closes at the end of the stream.
    await client.lost;
    server.close();
    await server.waitClosed();
  }));

Deno.test("Server.closeClients() and abortClients() end the connections", () =>
  run(async () => {
    for (const end of ["closeClients", "abortClients"] as const) {
      await using server = await serve();
      const clients = await Promise.all([1, 2, 3].map(() => connect(server)));
      for (const client of clients) client.transport.write("hello");
      // Once one has received the end, all three have been accepted.
      server.close();
      server[end]();
      for (const client of clients) {
        // A connection may have been waiting to be accepted.
        client.transport.close();
        await client.lost;
      }
    }
  }));

Deno.test("Server closes and waits for its connections when disposed", () =>
  run(async () => {
    let server;
    {
      await using scoped = await serve();
      server = scoped;
      (await connect(scoped)).transport.close();
    }
    assertEquals(server.isServing(), false);
  }));

Deno.test("loop.createServer() listens at several hosts or at all addresses", () =>
  run(async () => {
    await using both = await serve(["127.0.0.1", "localhost", "127.0.0.2"]);
    const hosts = both.sockets.map(({ addr }) =>
      (addr as Deno.NetAddr).hostname
    );
    assert(hosts.includes("127.0.0.1") && hosts.includes("127.0.0.2"));
    assertEquals(hosts.length, new Set(hosts).size);
    for (const host of [null, ""]) {
      await using everywhere = await serve(host);
      const client = await connect(everywhere);
      client.transport.close();
      await client.lost;
    }
  }));

Deno.test("loop.createServer() validates its arguments first", () =>
  run(async () => {
    const loop = getRunningLoop();
    const make = () => new Recorder();
    await assertRejects(() => loop.createServer(make), RangeError, "neither");
    await assertRejects(
      () => loop.createServer(make, "127.0.0.1", -1),
      RangeError,
      "received -1",
    );
    await assertRejects(
      () => loop.createServer(make, [], 0),
      RangeError,
      "empty",
    );
    await assertRejects(
      () => loop.createServer(make, null, 0, { backlog: -1 }),
      RangeError,
      "backlog",
    );
    await assertRejects(
      () => loop.createServer("make" as never, null, 0),
      TypeError,
      'The protocol factory of createServer() must be a function: received "make"',
    );
    const sock = new FakeListener();
    await assertRejects(
      () => loop.createServer(make, null, 0, { sock }),
      RangeError,
      "both",
    );
    assertEquals(sock.isClosed, false);
    await assertRejects(
      () => loop.createServer(make, { sock: {} as never }),
      TypeError,
      "The sock must be a Deno.Listener: received an instance of Object",
    );
    await assertRejects(
      () => loop.createServer(make, null, 0, { family: 5 as never }),
      RangeError,
      "received 5",
    );
    await assertRejects(
      () => loop.createServer(make, ["127.0.0.1", 5 as never], 0),
      TypeError,
      "Each host must be a string: received 5",
    );
  }));

Deno.test("loop.createServer() and startServer() pick a free port without a port", () =>
  run(async () => {
    const loop = getRunningLoop();
    await using one = await loop
      .createServer(() => new Recorder(), "127.0.0.1");
    await using two = await startServer(() => {}, ["127.0.0.1"]);
    await using everywhere = await startServer(() => {}, "");
    for (const server of [one, two, everywhere]) assert(portOf(server) > 0);
    const client = await connect(one);
    client.transport.close();
    await client.lost;
  }));

Deno.test("loop.createServer() accepts a backlog of 0", () =>
  run(async () => {
    await using server = await serve("127.0.0.1", { backlog: 0 });
    const client = await connect(server);
    client.transport.close();
    await client.lost;
  }));

Deno.test("loop.createServer() names the flag that reusePort requires", {
  ignore: "listenDatagram" in Deno,
}, () =>
  run(async () => {
    await assertRejects(
      () => serve("127.0.0.1", { reusePort: true }),
      Deno.errors.NotSupported,
      "reusePort requires --unstable-net",
    );
  }));

Deno.test("loop.createServer() listens at all local addresses of a host", () =>
  run(async () => {
    const loop = getRunningLoop();
    const addresses = ["127.0.0.1", "192.0.2.1", "127.0.0.2"];
    loop.getAddrInfo = (host, port, options) => {
      assertEquals([host, options], ["host.test", {
        family: 0,
        passive: true,
      }]);
      return wrapFuture(Promise.resolve(addresses.map((hostname) => ({
        transport: "tcp" as const,
        hostname,
        port: port!,
        family: 4 as const,
      }))));
    };
    await using server = await serve("host.test");
    assertEquals(
      server.sockets.map(({ addr }) => (addr as Deno.NetAddr).hostname),
      ["127.0.0.1", "127.0.0.2"],
    );
    const ports = server.sockets.map(({ addr }) => (addr as Deno.NetAddr).port);
    assertEquals(new Set(ports).size, 2);

    addresses.length = 0;
    addresses.push("192.0.2.1");
    await assertRejects(
      () => serve("host.test"),
      Deno.errors.AddrNotAvailable,
      "Cannot listen at 192.0.2.1:0: ",
    );
  }));

Deno.test("loop.createServer() listens on one IP version", () =>
  run(async () => {
    await using server = await serve(null, { family: 4 });
    assertEquals(
      server.sockets.map(({ addr }) => (addr as Deno.NetAddr).hostname),
      ["0.0.0.0"],
    );
    await assertRejects(
      () => serve("127.0.0.1", { family: 6 }),
      Deno.errors.NotFound,
      "no IPv6 address",
    );
  }));

Deno.test(
  "loop.createServer() serves IPv6",
  { ignore: !hasIPv6() },
  () =>
    run(async () => {
      const loop = getRunningLoop();
      for (const options of [{}, { family: 6 }]) {
        await using server = await serve("::1", options);
        const [transport, client] = await loop.createConnection(
          () => new Recorder(),
          "::1",
          portOf(server),
        );
        const { hostname } = transport.getExtraInfo("peername") as Deno.NetAddr;
        assertEquals(hostname, "::1");
        transport.close();
        await client.lost;
      }
    }),
);

Deno.test("loop.createServer() closes the listener when cancelled", () =>
  run(async () => {
    let cancelled = 0;
    for (let steps = 0; steps < 10; steps++) {
      const task = createTask(() => serve(["localhost", "127.0.0.2"]));
      for (let i = 0; i < steps; i++) await sleep(0);
      task.cancel();
      await task.catch(() => {});
      if (task.cancelled()) cancelled++;
      else await task.result()[Symbol.asyncDispose]();
      // An abandoned lookup ends before the next.
      await getRunningLoop().getAddrInfo("localhost", 0);
    }
    assert(cancelled > 0);
  }));

Deno.test("loop.createServer() names the address where it cannot listen", () =>
  run(async () => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr;
    const error = await assertRejects(
      () =>
        getRunningLoop()
          .createServer(() => new Recorder(), "127.0.0.1", port),
      Deno.errors.AddrInUse,
      `Cannot listen at 127.0.0.1:${port}: Address already in use`,
    ) as Error & { code: string };
    assertEquals(error.code, "EADDRINUSE");
    assert(error.cause instanceof Deno.errors.AddrInUse);
  }));

Deno.test("loop.createServer() enables keep-alive if requested", () =>
  run(async () => {
    for (const keepAlive of [true, undefined]) {
      const sock = new FakeListener();
      await using server = await getRunningLoop()
        .createServer(() => new Recorder(), { sock, keepAlive });
      const conn = new FakeTcpConn();
      sock.connect(conn);
      await turns();
      assertEquals(conn.isNoDelay, true);
      assertEquals(conn.isKeptAlive, keepAlive ?? false);
      server.abortClients();
    }
  }));

Deno.test("Server.close() closes an accepted connection that is not yet served", () =>
  run(async () => {
    // Cancelled at each step.
    for (let steps = 0; steps < 6; steps++) {
      const sock = new FakeListener();
      const served: boolean[] = [];
      const make = () => {
        served.push(server.isServing());
        return new Recorder();
      };
      const server = await getRunningLoop()
        .createServer(make, { sock });
      const conn = new FakeConn();
      sock.connect(conn);
      for (let i = 0; i < steps; i++) await Promise.resolve();
      server.close();
      await turns();
      if (served.length === 0) assert(conn.isClosed);
      else assertEquals(served, [true]);
      server.abortClients();
      await server.waitClosed();
    }
  }));

Deno.test("Server ignores a connection that its client has reset", () =>
  run(async () => {
    const reports = recordExceptions(getRunningLoop());
    const sock = new FakeListener();
    await using _ = await getRunningLoop()
      .createServer(() => new Recorder(), { sock });
    sock.fail(new Deno.errors.ConnectionAborted("aborted"));
    await turns();
    assert(sock.isAccepting);
    assertEquals(reports, []);
  }));

Deno.test("loop.createServer() releases all ports if one is not free", () =>
  run(async () => {
    const taken = Deno.listen({ hostname: "127.0.0.2", port: 0 });
    const { port } = taken.addr;
    const listen = () =>
      getRunningLoop().createServer(
        () => new Recorder(),
        ["127.0.0.1", "127.0.0.2"],
        port,
      );
    await assertRejects(listen, Deno.errors.AddrInUse);
    taken.close();
    const server = await listen();
    server.close();
    await server.waitClosed();
  }));

Deno.test("loop.createServer() accepts a listener", () =>
  run(async () => {
    const sock = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await using server = await getRunningLoop()
      .createServer(() => new Recorder(), { sock });
    assertEquals(server.sockets, [sock]);
    const client = await connect(server);
    client.transport.close();
    await client.lost;
  }));

Deno.test("Server reports errors in the protocol factory and continues", () =>
  run(async () => {
    const report = new Future<ExceptionContext>();
    const loop = getRunningLoop();
    loop.setExceptionHandler((_, context) => report.setResult(context));
    let count = 0;
    await using server = await loop.createServer(
      () => {
        if (count++ === 0) throw new Error("no protocol");
        return new Recorder();
      },
      "127.0.0.1",
      0,
    );
    const first = await connect(server);
    assertEquals(((await report).exception as Error).message, "no protocol");
    await first.lost;
    const second = await connect(server);
    second.transport.close();
    await second.lost;
  }));

Deno.test("Server pauses after a failure to accept and continues", () =>
  run(async () => {
    const report = new Future<ExceptionContext>();
    const loop = getRunningLoop();
    loop.setExceptionHandler((_, context) => report.setResult(context));
    const delays: unknown[] = [];
    loop.callLater = (delay, callback, ...args) => {
      delays.push(delay);
      return loop.callAt(0, callback, ...args);
    };
    const sock = new FakeListener();
    const server = await loop
      .createServer(() => new Recorder(), { sock });
    sock.fail(tooManyFiles());
    assert(String((await report).exception).includes("Too many open files"));
    await turns();
    assertEquals(delays, [1]);
    assert(sock.isAccepting);
    server.close();
    await server.waitClosed();
  }));

Deno.test("Server can be closed during the pause after a failure", () =>
  run(async () => {
    const report = new Future<ExceptionContext>();
    const loop = getRunningLoop();
    loop.setExceptionHandler((_, context) => report.setResult(context));
    loop.callLater = (_, ...rest) => loop.callAt(loop.time() + 3600, ...rest);
    const sock = new FakeListener();
    const server = await loop
      .createServer(() => new Recorder(), { sock });
    sock.fail(tooManyFiles());
    await report;
    server.close();
    await server.waitClosed();
    assertEquals(sock.isAccepting, false);
  }));

Deno.test("Server does not pause after the failure of a single connection", () =>
  run(async () => {
    const loop = getRunningLoop();
    const reports = recordExceptions(loop);
    const sock = new FakeListener();
    await using _ = await loop
      .createServer(() => new Recorder(), { sock });
    for (
      const error of [
        new Deno.errors.ConnectionAborted("gone"),
        new Deno.errors.ConnectionReset("gone"),
        new Deno.errors.NotConnected("gone"),
        systemError("EPERM"),
        systemError("EPROTO"),
      ]
    ) {
      sock.fail(error);
      await turns();
      assert(sock.isAccepting);
    }
    assertEquals(reports, []);
    sock.fail(systemError("EIO"));
    await turns();
    assert(sock.isAccepting);
    assertEquals(
      reports.map(({ message }) => message),
      ["Cannot accept a connection"],
    );
  }));

Deno.test("Server lets other tasks run when its listener always fails", () =>
  run(async () => {
    const loop = getRunningLoop();
    recordExceptions(loop);
    const sock = new FakeListener();
    sock.accept = () => Promise.reject(new Deno.errors.NotConnected("gone"));
    await using _ = await loop
      .createServer(() => new Recorder(), { sock });
    await turns();
    await sleep(0.001);
    sock.accept = () => Promise.reject(new Deno.errors.BadResource("closed"));
  }));

for (
  const [name, tls] of [["TCP", undefined], ["TLS", TLS_PAIRS[0]]] as const
) {
  Deno.test(`startServer() with ${name} skips peers that reset before accept`, () =>
    run(async () => {
      const loop = getRunningLoop();
      const reports = recordExceptions(loop);
      const server = await startServer(
        async (reader, writer) => {
          writer.write(await reader.readLine());
          writer.close();
        },
        "127.0.0.1",
        0,
        { startServing: false, ...(tls && { tls: tls.server }) },
      );
      for (let i = 0; i < 20; i++) await resetPeer(portOf(server));
      await server.startServing();
      const start = loop.time();
      const [reader, writer] = await openConnection(
        "127.0.0.1",
        portOf(server),
        tls && { tls: tls.client },
      );
      writer.write("hello\n");
      assertEquals(textOf(await reader.readLine()), "hello\n");
      assert(loop.time() - start < 0.9);
      assertEquals(reports, []);
      writer.close();
      server.close();
      await server.waitClosed();
    }));
}

Deno.test("Server stops accepting when user code closes its listener", () =>
  run(async () => {
    const loop = getRunningLoop();
    const reports = recordExceptions(loop);
    await using server = await serve();
    server.sockets[0]!.close();
    await turns();
    assertEquals(reports, []);
  }));

function systemError(code: string): Error {
  return Object.assign(new Error(`failed with ${code}`), { code });
}

function tooManyFiles(): Error {
  const error = new Error("Too many open files (os error 24)");
  return Object.assign(error, { code: "EMFILE" });
}

function hasIPv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

/** A connection that records its options. */
class FakeTcpConn extends FakeConn {
  isNoDelay = false;
  isKeptAlive = false;

  setNoDelay(on: boolean): void {
    this.isNoDelay = on;
  }

  setKeepAlive(on: boolean): void {
    this.isKeptAlive = on;
  }
}

/** A listener that the test connects to. */
class FakeListener implements Deno.Listener<Deno.Conn, Deno.NetAddr> {
  readonly addr: Deno.NetAddr = {
    transport: "tcp",
    hostname: "192.0.2.1",
    port: 1,
  };
  isClosed = false;
  #accept: PromiseWithResolvers<Deno.Conn> | null = null;

  get isAccepting(): boolean {
    return this.#accept !== null;
  }

  connect(conn: Deno.Conn): void {
    const accept = this.#accept;
    this.#accept = null;
    accept?.resolve(conn);
  }

  fail(error: Error): void {
    const accept = this.#accept;
    this.#accept = null;
    accept?.reject(error);
  }

  accept(): Promise<Deno.Conn> {
    this.#accept = Promise.withResolvers();
    return this.#accept.promise;
  }

  close(): void {
    this.isClosed = true;
    this.fail(new Deno.errors.BadResource("Listener has been closed"));
  }

  ref(): void {}
  unref(): void {}

  [Symbol.dispose](): void {
    this.close();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Deno.Conn> {
    throw new Error("The iterator of a listener is not used");
  }
}

Deno.test("Server accepts the next connection while one waits for its turn", () =>
  run(async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accept = listener.accept.bind(listener);
    let calls = 0;
    listener.accept = () => {
      calls++;
      return accept();
    };
    const callsWhenMade: number[] = [];
    class Counting extends Protocol {
      override connectionMade(transport: Transport): void {
        callsWhenMade.push(calls);
        transport.close();
      }
    }
    const loop = getRunningLoop();
    await using server = await loop.createServer(() => new Counting(), {
      sock: listener,
    });
    const { port } = listener.addr;
    for (let i = 0; i < 3; i++) {
      const [reader, writer] = await openConnection("127.0.0.1", port);
      assertEquals((await reader.read()).length, 0);
      writer.close();
    }
    assertEquals(callsWhenMade, [2, 3, 4]);
    server.close();
  }));

Deno.test("Server takes a burst of 1,000 connections at once", () =>
  run(async () => {
    await using server = await startServer(
      (_, writer) => writer.close(),
      "127.0.0.1",
      0,
    );
    const { port } = server.sockets[0]!.addr;
    const start = performance.now();
    await Promise.all(Array.from({ length: 1000 }, async () => {
      using conn = await Deno.connect({ hostname: "127.0.0.1", port });
      await conn.read(new Uint8Array(1));
    }));
    // Dropped connections are tried again after a second.
    assert(performance.now() - start < 900);
  }));

Deno.test("Server.toString() describes its addresses and its state", () =>
  run(async () => {
    const server = await serve("127.0.0.1", { startServing: false });
    const place = `127.0.0.1:${portOf(server)}`;
    assertEquals(String(server), `<Server ${place} idle>`);
    await server.startServing();
    assertEquals(Deno.inspect(server), `<Server ${place} serving>`);
    server.close();
    assertEquals(String(server), "<Server closed>");
  }));
