// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  CancelledError,
  createTask,
  type ExceptionContext,
  Future,
  getRunningLoop,
  run,
  RuntimeError,
  type Server,
  sleep,
} from "../../mod.ts";
import { Recorder, turns } from "../../tests/doubles/recorder.ts";

function portOf(server: Server): number {
  return (server.sockets[0]!.addr as Deno.NetAddr).port;
}

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

Deno.test("Server knows its loop, its listeners and whether it serves", () =>
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

Deno.test("Server.waitClosed() waits until the server is closed and its connections have ended", () =>
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

Deno.test("Server.waitClosed() that is cancelled leaves the others waiting", () =>
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

Deno.test("Server.serveForever() ends by cancellation, which closes the server", () =>
  run(async () => {
    const server = await serve("127.0.0.1", { startServing: false });
    assertEquals(server.isServing(), false);
    const task = createTask(() => server.serveForever());
    await sleep(0);
    assert(server.isServing());
    await assertRejects(() => server.serveForever(), RuntimeError, "another");
    task.cancel();
    await assertRejects(() => task, CancelledError);
    assertEquals(server.sockets, []);
    await assertRejects(() => server.serveForever(), RuntimeError, "closed");
    await assertRejects(() => server.startServing(), RuntimeError, "closed");
  }));

Deno.test("Server.serveForever() ends when the server is closed", () =>
  run(async () => {
    const server = await serve();
    const task = createTask(() => server.serveForever());
    await sleep(0);
    server.close();
    await assertRejects(() => task, CancelledError);
  }));

Deno.test("Server.startServing() accepts what was waiting", () =>
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
      // Once one has an answer to its end, all three have been accepted.
      server.close();
      server[end]();
      for (const client of clients) {
        // A connection may have been waiting to be accepted.
        client.transport.close();
        await client.lost;
      }
    }
  }));

Deno.test("Server is disposed of with its connections", () =>
  run(async () => {
    let server;
    {
      await using scoped = await serve();
      server = scoped;
      (await connect(scoped)).transport.close();
    }
    assertEquals(server.isServing(), false);
  }));

Deno.test("loop.createServer() listens at several hosts, and everywhere", () =>
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

Deno.test("loop.createServer() tells wrong arguments before it does anything", () =>
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
      () => loop.createServer(make, null, 0, { backlog: 0 }),
      RangeError,
      "backlog",
    );
    await assertRejects(
      () => loop.createServer("make" as never, null, 0),
      TypeError,
      "received string",
    );
    await assertRejects(
      () => loop.createServer(make, null, 0, { tls: {} }),
      Deno.errors.NotSupported,
      "tls",
    );
    const sock = new FakeListener();
    await assertRejects(
      () => loop.createServer(make, null, 0, { sock }),
      RangeError,
      "both",
    );
    assertEquals(sock.isClosed, false);
  }));

Deno.test("loop.createServer() lets go of all ports if one is not free", () =>
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

Deno.test("loop.createServer() takes a listener", () =>
  run(async () => {
    const sock = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await using server = await getRunningLoop()
      .createServer(() => new Recorder(), null, null, { sock });
    assertEquals(server.sockets, [sock]);
    const client = await connect(server);
    client.transport.close();
    await client.lost;
  }));

Deno.test("Server reports what its protocol factory throws, and goes on", () =>
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

Deno.test("Server reports a failure to accept, waits, and goes on", () =>
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
      .createServer(() => new Recorder(), null, null, { sock });
    sock.fail(new Error("Too many open files (os error 24)"));
    assert(String((await report).exception).includes("Too many open files"));
    await turns();
    assertEquals(delays, [1]);
    assert(sock.isAccepting);
    server.close();
    await server.waitClosed();
  }));

Deno.test("Server closes while it waits after a failure to accept", () =>
  run(async () => {
    const report = new Future<ExceptionContext>();
    const loop = getRunningLoop();
    loop.setExceptionHandler((_, context) => report.setResult(context));
    loop.callLater = (_, ...rest) => loop.callAt(loop.time() + 3600, ...rest);
    const sock = new FakeListener();
    const server = await loop
      .createServer(() => new Recorder(), null, null, { sock });
    sock.fail(new Error("Too many open files (os error 24)"));
    await report;
    server.close();
    await server.waitClosed();
    assertEquals(sock.isAccepting, false);
  }));

/** A listener to which nobody connects. */
class FakeListener implements Deno.Listener {
  readonly addr: Deno.Addr = {
    transport: "tcp",
    hostname: "192.0.2.1",
    port: 1,
  };
  isClosed = false;
  #accept: PromiseWithResolvers<Deno.Conn> | null = null;

  get isAccepting(): boolean {
    return this.#accept !== null;
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
