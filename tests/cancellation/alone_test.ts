// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import {
  asCompleted,
  Barrier,
  CancelledError,
  Condition,
  createSubprocessExec,
  createSubprocessShell,
  currentTask,
  DatagramProtocol,
  type DatagramTransport,
  Event,
  Future,
  gather,
  getEventLoop,
  Lock,
  openConnection,
  openUnixConnection,
  PIPE,
  Protocol,
  Queue,
  run,
  Semaphore,
  type Server,
  shield,
  sleep,
  startServer,
  startUnixServer,
  StreamReader,
  SubprocessProtocol,
  TimeoutError,
  type Transport,
  wait,
  waitFor,
  type WriteTransport,
} from "../../mod.ts";
import { AUTHORITY } from "../certificates/certificates.ts";
import { untilAtRest } from "../doubles/rest.ts";
import { turns } from "../doubles/recorder.ts";

/** A call that was begun, and what follows. */
interface Call {
  readonly future: PromiseLike<unknown>;
  /** Whether there is something to wait for; otherwise the call may be done by the time that it is cancelled. */
  readonly isWait?: boolean;
  /** Lets go of what the call gave although it was cancelled, or was not in time. */
  readonly discard?: (result: never) => unknown;
  /** Lets go of what the call needed. */
  readonly end?: () => unknown;
}

const isWindows = Deno.build.os === "windows";
const CLIENT = { caCerts: [AUTHORITY], serverName: "localhost" };

/** A server that reads and writes nothing, and a client. */
async function connected() {
  const server = await startServer(() => {}, "127.0.0.1", 0);
  const [reader, writer] = await openConnection("127.0.0.1", portOf(server));
  return {
    server,
    reader,
    writer,
    end: async () => {
      writer.transport.abort();
      server.close();
      server.abortClients();
      await server.waitClosed();
    },
  };
}

function temporaryDirectory(): Disposable & { path: string } {
  const path = Deno.makeTempDirSync();
  return {
    path,
    [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }),
  };
}

function portOf(server: Server): number {
  return (server.sockets[0]!.addr as Deno.NetAddr).port;
}

async function listening() {
  const server = await startServer(() => {}, "127.0.0.1", 0);
  return {
    port: portOf(server),
    end: async () => {
      server.close();
      server.abortClients();
      await server.waitClosed();
    },
  };
}

async function accepting() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const conn = await Deno.connect({ ...listener.addr, transport: "tcp" });
  const peer = await listener.accept();
  return {
    listener,
    conn,
    peer,
    end: () => {
      for (const each of [listener, conn, peer]) {
        try {
          each.close();
        } catch {
          // The call has closed it.
        }
      }
    },
  };
}

async function bound() {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    socket,
    end: async () => {
      const closed = once(socket, "close");
      socket.close();
      await closed;
    },
  };
}

function closeServer(server: Server) {
  server.close();
  return server.waitClosed();
}

function closeTransport([transport]: [WriteTransport, unknown]) {
  transport.abort();
}

async function process() {
  const process = await createSubprocessExec("sleep", ["60"], {
    stdin: PIPE,
    stdout: PIPE,
  });
  return { process, end: () => process[Symbol.asyncDispose]() };
}

/** Operations that wait for long. */
const CALLS: Record<string, () => Call | Promise<Call>> = {
  "Lock.acquire()": async () => {
    const lock = new Lock();
    await lock.acquire();
    return { future: lock.acquire(), end: () => lock.release() };
  },
  "Event.wait()": () => ({ future: new Event().wait() }),
  "Semaphore.acquire()": () => ({ future: new Semaphore(0).acquire() }),
  "Condition.wait()": async () => {
    const condition = new Condition();
    await condition.acquire();
    return { future: condition.wait(), end: () => condition.release() };
  },
  "Condition.waitFor()": async () => {
    const condition = new Condition();
    await condition.acquire();
    return {
      future: condition.waitFor(() => false),
      end: () => condition.release(),
    };
  },
  "Barrier.wait()": () => {
    const barrier = new Barrier(2);
    return {
      future: barrier.wait(),
      end: () => assertEquals(barrier.nWaiting, 0),
    };
  },
  "Queue.get()": () => ({ future: new Queue().get() }),
  "Queue.put()": () => {
    const queue = new Queue(1);
    queue.putNowait(1);
    return { future: queue.put(2), end: () => assertEquals(queue.qsize(), 1) };
  },
  "Queue.join()": () => {
    const queue = new Queue();
    queue.putNowait(1);
    return { future: queue.join() };
  },
  "Queue's iterator": () => ({
    future: new Queue()[Symbol.asyncIterator]().next(),
  }),
  "sleep()": () => ({ future: sleep(3600) }),
  "gather()": () => ({ future: gather([sleep(3600)]) }),
  "wait()": () => ({ future: wait([new Future()]) }),
  "shield()": () => ({ future: shield(new Future()) }),
  "asCompleted()": () => ({
    future: asCompleted([new Future()]).next().value!,
  }),
  "StreamReader.read()": () => ({ future: new StreamReader().read() }),
  "StreamReader.readLine()": () => ({ future: new StreamReader().readLine() }),
  "StreamReader.readExactly()": () => ({
    future: new StreamReader().readExactly(1),
  }),
  "StreamReader.readUntil()": () => ({
    future: new StreamReader().readUntil("x"),
  }),
  "StreamWriter.drain()": async () => {
    const { writer, end } = await connected();
    writer.transport.setWriteBufferLimits(0);
    writer.write(new Uint8Array(30_000_000));
    return { future: writer.drain(), end };
  },
  "StreamWriter.waitClosed()": async () => {
    const { writer, end } = await connected();
    return { future: writer.waitClosed(), end };
  },
  "StreamWriter[Symbol.asyncDispose]()": async () => {
    const { writer, end } = await connected();
    writer.write(new Uint8Array(30_000_000));
    return { future: writer[Symbol.asyncDispose](), end };
  },
  "StreamWriter.startTls()": async () => {
    const { writer, end } = await connected();
    return { future: writer.startTls(CLIENT), end };
  },
  "openConnection()": async () => {
    const { port, end } = await listening();
    return {
      future: openConnection("127.0.0.1", port),
      discard: ([, writer]: Awaited<ReturnType<typeof openConnection>>) =>
        writer[Symbol.asyncDispose](),
      end,
    };
  },
  "openConnection() with TLS": async () => {
    const { port, end } = await listening();
    return {
      future: openConnection("127.0.0.1", port, { tls: CLIENT }),
      end,
    };
  },
  "openConnection() of a name": async () => {
    const { port, end } = await listening();
    return {
      future: openConnection("localhost", port),
      discard: ([, writer]: Awaited<ReturnType<typeof openConnection>>) =>
        writer[Symbol.asyncDispose](),
      end: async () => {
        await end();
        await untilAtRest();
      },
    };
  },
  "startServer()": () => ({
    future: startServer(() => {}, "127.0.0.1", 0),
    isWait: false,
    discard: closeServer,
  }),
  "loop.createConnection()": async () => {
    const { port, end } = await listening();
    return {
      future: getEventLoop()
        .createConnection(() => new Protocol(), "127.0.0.1", port),
      discard: closeTransport,
      end,
    };
  },
  "loop.createServer()": () => ({
    future: getEventLoop().createServer(() => new Protocol(), "127.0.0.1", 0),
    isWait: false,
    discard: closeServer,
  }),
  "loop.connectAcceptedSocket()": async () => {
    const { conn, end } = await accepting();
    return {
      future: getEventLoop().connectAcceptedSocket(() => new Protocol(), conn),
      discard: closeTransport,
      end,
    };
  },
  "loop.startTls()": async () => {
    const { writer, end } = await connected();
    const transport = writer.transport as Transport;
    return {
      future: getEventLoop().startTls(transport, new Protocol(), CLIENT),
      end,
    };
  },
  "loop.createDatagramEndpoint()": () => ({
    future: getEventLoop().createDatagramEndpoint(
      () => new DatagramProtocol(),
      { localAddr: { hostname: "127.0.0.1", port: 0 } },
    ),
    discard: ([transport]: [DatagramTransport, unknown]) => transport.abort(),
    end: turns,
  }),
  "loop.getAddrInfo()": () => ({
    end: untilAtRest,
    future: getEventLoop().getAddrInfo("localhost", 80),
  }),
  "loop.getNameInfo()": () => ({
    end: untilAtRest,
    future: getEventLoop().getNameInfo({ hostname: "127.0.0.1", port: 80 }),
  }),
  "loop.sendFile()": async () => {
    const { writer, end } = await connected();
    const directory = temporaryDirectory();
    const path = `${directory.path}/file`;
    await Deno.writeFile(path, new Uint8Array(30_000_000));
    const file = await Deno.open(path);
    return {
      future: getEventLoop().sendFile(writer.transport, file, {}),
      end: async () => {
        await end();
        file.close();
        directory[Symbol.dispose]();
      },
    };
  },
  "loop.sockRecv()": async () => {
    const { conn, end } = await accepting();
    return { future: getEventLoop().sockRecv(conn, 1), end };
  },
  "loop.sockRecvInto()": async () => {
    const { conn, end } = await accepting();
    return {
      future: getEventLoop().sockRecvInto(conn, new Uint8Array(1)),
      end,
    };
  },
  "loop.sockSendAll()": async () => {
    const { conn, end } = await accepting();
    return {
      future: getEventLoop().sockSendAll(conn, new Uint8Array(30_000_000)),
      end,
    };
  },
  "loop.sockAccept()": async () => {
    const { listener, end } = await accepting();
    return { future: getEventLoop().sockAccept(listener), end };
  },
  "loop.sockConnect()": async () => {
    const { listener, end } = await accepting();
    return {
      future: getEventLoop().sockConnect(listener.addr),
      discard: (conn: Deno.Conn) => conn.close(),
      end,
    };
  },
  "loop.sockRecvFrom()": async () => {
    const { socket, end } = await bound();
    return { future: getEventLoop().sockRecvFrom(socket, 10), end };
  },
  "loop.sockRecvFromInto()": async () => {
    const { socket, end } = await bound();
    const memory = new Uint8Array(10);
    return { future: getEventLoop().sockRecvFromInto(socket, memory), end };
  },
  "loop.sockSendTo()": async () => {
    const { socket, end } = await bound();
    const address = { hostname: "localhost", port: 9 };
    return {
      future: getEventLoop().sockSendTo(socket, "x", address),
      end: async () => {
        // Node never tells how sending ended if the socket is closed before.
        await untilAtRest();
        await end();
      },
    };
  },
  "loop.connectReadPipe()": () => {
    const { readable, writable } = new TransformStream<
      Uint8Array,
      Uint8Array
    >();
    return {
      future: getEventLoop().connectReadPipe(() => new Protocol(), readable),
      discard: (([transport]: [Transport]) => transport.close()) as never,
      end: () => writable.abort().catch(() => {}),
    };
  },
  "loop.connectWritePipe()": () => {
    const { readable, writable } = new TransformStream<
      Uint8Array,
      Uint8Array
    >();
    return {
      future: getEventLoop().connectWritePipe(() => new Protocol(), writable),
      discard: closeTransport,
      end: () => readable.cancel().catch(() => {}),
    };
  },
  "Server.serveForever()": async () => {
    const server = await startServer(() => {}, "127.0.0.1", 0);
    return {
      future: server.serveForever(),
      end: () => assertEquals(server.sockets, []),
    };
  },
  "Server.waitClosed()": async () => {
    const server = await startServer(() => {}, "127.0.0.1", 0);
    return { future: server.waitClosed(), end: () => closeServer(server) };
  },
  "Server[Symbol.asyncDispose]()": async () => {
    const { server, end } = await connected();
    return { future: server[Symbol.asyncDispose](), end };
  },
};

const CALLS_OF_UNIX: typeof CALLS = {
  "openUnixConnection()": async () => {
    const directory = temporaryDirectory();
    const path = `${directory.path}/socket`;
    const server = await startUnixServer(() => {}, path);
    return {
      future: openUnixConnection(path),
      discard: ([, writer]: Awaited<ReturnType<typeof openUnixConnection>>) =>
        writer[Symbol.asyncDispose](),
      end: async () => {
        server.close();
        server.abortClients();
        await server.waitClosed();
        directory[Symbol.dispose]();
      },
    };
  },
  "startUnixServer()": () => {
    const directory = temporaryDirectory();
    return {
      future: startUnixServer(() => {}, `${directory.path}/socket`),
      discard: closeServer as never,
      end: () => directory[Symbol.dispose](),
    };
  },
  "createSubprocessExec()": () => ({
    end: untilAtRest,
    future: createSubprocessExec("sleep", ["60"]),
    discard: (process: Awaited<ReturnType<typeof createSubprocessExec>>) =>
      process[Symbol.asyncDispose](),
  }),
  "createSubprocessShell()": () => ({
    end: untilAtRest,
    future: createSubprocessShell("exec sleep 60"),
    discard: (process: Awaited<ReturnType<typeof createSubprocessShell>>) =>
      process[Symbol.asyncDispose](),
  }),
  "loop.subprocessExec()": () => ({
    end: untilAtRest,
    future: getEventLoop()
      .subprocessExec(() => new SubprocessProtocol(), "sleep", ["60"]),
    discard: (([transport]: [Transport]) => transport.close()) as never,
  }),
  "loop.subprocessShell()": () => ({
    end: untilAtRest,
    future: getEventLoop()
      .subprocessShell(() => new SubprocessProtocol(), "exec sleep 60"),
    discard: (([transport]: [Transport]) => transport.close()) as never,
  }),
  "Process.wait()": async () => {
    const { process: each, end } = await process();
    return { future: each.wait(), end };
  },
  "Process.communicate()": async () => {
    const { process: each, end } = await process();
    return { future: each.communicate("x"), end };
  },
};

/** Begins a call, lets the loop turn, and cancels it while its caller awaits something else too. */
async function cancelAfter(
  begin: () => Call | Promise<Call>,
  turns: number,
): Promise<void> {
  const { future, isWait = true, discard, end } = await begin();
  assertInstanceOf(future, Future);
  const both = Promise.allSettled([future, sleep(0.001, "there")]);
  for (let turn = 0; turn < turns; turn++) await sleep(0);
  const wasPending = !future.done();
  assert(wasPending || turns > 0);
  assertEquals(future.cancel(), wasPending);
  const [outcome, alongside] = await both;
  assertEquals(alongside, { status: "fulfilled", value: "there" });
  if (outcome.status === "rejected") {
    assertInstanceOf(outcome.reason, CancelledError);
  } else {
    // It was not in time.
    assert(turns > 0 || !isWait);
    await discard?.(outcome.value as never);
  }
  await end?.();
}

for (
  const [name, begin] of Object.entries({
    ...CALLS,
    ...isWindows ? {} : CALLS_OF_UNIX,
  })
) {
  Deno.test(`${name} can be cancelled by itself outside tasks`, async () => {
    for (const count of [0, 1, 2, 5]) await cancelAfter(begin, count);
  });

  Deno.test(`${name} can be cancelled by itself in a task`, () =>
    run(async () => {
      for (const count of [0, 1, 2, 5]) {
        await cancelAfter(begin, count);
        assertEquals(currentTask()!.cancelling(), 0);
        await sleep(0);
      }
    }));
}

Deno.test("waitFor(openConnection()) cancels the connecting at the limit", () =>
  run(async () => {
    const { port, end } = await listening();
    // The server never answers the handshake.
    const connecting = openConnection("127.0.0.1", port, { tls: CLIENT });
    const error = await waitFor(connecting, 0.01).catch((reason) => reason);
    assertInstanceOf(error, TimeoutError);
    assert(connecting.cancelled());
    const [, writer] = await waitFor(openConnection("127.0.0.1", port), 60);
    writer.close();
    await end();
  }));

Deno.test("Functions that need not wait return a future that is done at once or soon", async () => {
  const server = await startServer(() => {}, "127.0.0.1", 0);
  const barrier = new Barrier(1);
  for (
    const begin of [
      () => server.startServing(),
      () => server[Symbol.asyncDispose](),
      () => getEventLoop().shutdownAsyncGens(),
      () => barrier.wait(),
      () => barrier.reset(),
      () => barrier.abort(),
      () => new Queue().join(),
    ]
  ) {
    const future = begin();
    assertInstanceOf(future, Future);
    await future;
    assert(future.done());
    assertEquals(future.cancel(), false);
  }
});
