// Copyright 2026 the asyncio for Deno authors. MIT license.

// Follows the values of the user through the library: one of an AsyncLocalStorage, one of a context variable, and
// Deno's OpenTelemetry context. Prints a line wherever one is not what it must be, and how many places it has seen.

import { AsyncLocalStorage } from "node:async_hooks";
import {
  asCompleted,
  ContextVar,
  createTask,
  DatagramProtocol,
  gather,
  getRunningLoop,
  Lock,
  openConnection,
  Protocol,
  Queue,
  run,
  Runner,
  shield,
  sleep,
  startServer,
  taskGroup,
  timeout,
  toThread,
  type Transport,
  wait,
  waitFor,
} from "../../mod.ts";
import { isDirect } from "../../loop/core/async_context.ts";

const storage = new AsyncLocalStorage<string>();
const other = new AsyncLocalStorage<string>();
const variable = new ContextVar<string>("variable", "none");

/** The used part of the OpenTelemetry contexts of Deno. */
interface ContextManager {
  with<T>(context: { name: string }, fn: () => T): T;
  active(): { name?: string };
}
const spans = Deno.telemetry.contextManager as unknown as ContextManager;

let places = 0;

/** The values must be those of a name here. */
function see(name: string, place: string): void {
  places++;
  const seen = [storage.getStore(), variable.get(), spans.active().name];
  if (seen.some((each) => each !== name)) {
    console.log(`${place}: expected ${name}, found ${seen}`);
  }
}

/** Calls a function with a value of each kind. */
function as<T>(name: string, fn: () => T): T {
  return storage.run(name, () =>
    spans.with({ name }, () => {
      variable.set(name);
      return fn();
    }));
}

async function throughAwaits(name: string): Promise<void> {
  see(name, "before");
  await null;
  see(name, "native await");
  await sleep(0);
  see(name, "sleep(0)");
  await sleep(0.001);
  see(name, "sleep()");
  await new Promise((resolve) => setTimeout(resolve, 1));
  see(name, "foreign await");
  await sleep(0);
  see(name, "sleep(0) after a foreign await");
  await Promise.all([
    sleep(0),
    sleep(0.001),
    (async () => {
      await sleep(0);
      see(name, "concurrent line");
    })(),
  ]);
  see(name, "Promise.all()");
  other.run("inner", () => see(name, "nested run()"));
  await other.run("inner", async () => {
    await sleep(0);
    see(name, "await in a nested run()");
    if (other.getStore() !== "inner") console.log("the inner value is lost");
  });
  if (other.getStore() !== undefined) console.log("the inner value stays");
  try {
    await storage.run("failing", async () => {
      await sleep(0);
      throw new Error("failed");
    });
  } catch {
    see(name, "catch");
  }
  try {
    storage.run("failing", () => {
      throw new Error("failed");
    });
  } catch {
    see(name, "synchronous catch");
  }
}

async function throughTasks(name: string): Promise<void> {
  const look = (place: string) => async () => {
    see(name, `${place}, first step`);
    await sleep(0);
    see(name, `${place}, later`);
    variable.set("changed in the task");
  };
  await createTask(look("task"));
  await createTask(look("eager task"), { eagerStart: true });
  await createTask(() => see(name, "task of a plain function"));
  await gather([look("gather()"), look("gather()")]);
  await shield(look("shield()"));
  await wait([createTask(look("wait()"))]);
  for (const each of asCompleted([look("asCompleted()")])) await each;
  await taskGroup(async (group) => {
    see(name, "body of a group");
    group.createTask(look("child"));
    await sleep(0.001);
    see(name, "body of a group, later");
  });
  await timeout(9, async () => {
    await sleep(0);
    see(name, "body of a limit");
  });
  await waitFor(async () => {
    await sleep(0);
    see(name, "waitFor()");
  }, 9);
  await timeout(0.001, () => sleep(9)).catch(() => see(name, "TimeoutError"));
  const cancelled = createTask(async () => {
    try {
      await sleep(9);
    } finally {
      see(name, "finally");
      await sleep(0);
      see(name, "clean-up");
    }
  });
  await sleep(0);
  cancelled.cancel();
  await cancelled.catch(() => see(name, "CancelledError"));
  const failed = createTask(async () => {
    await sleep(0);
    throw new Error("failed");
  });
  await failed.catch(() => see(name, "failure of a task"));
}

async function throughCallbacks(name: string): Promise<void> {
  const loop = getRunningLoop();
  const called = (place: string, schedule: (fn: () => void) => unknown) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    schedule(() => {
      see(name, place);
      resolve();
    });
    return promise;
  };
  await called("callSoon()", (fn) => loop.callSoon(fn));
  await called("callLater()", (fn) => loop.callLater(0.001, fn));
  await called("callSoonThreadsafe()", (fn) => loop.callSoonThreadsafe(fn));
  await called("done callback", (fn) => sleep(0).addDoneCallback(fn));
  await called("setTimeout()", (fn) => setTimeout(fn, 1));
  await called("queueMicrotask()", queueMicrotask);
}

async function throughPrimitives(name: string): Promise<void> {
  const queue = new Queue<number>(1);
  const lock = new Lock();
  const consumer = createTask(async () => {
    for (let i = 0; i < 3; i++) {
      await queue.get();
      see(name, "get()");
    }
  });
  for (let i = 0; i < 3; i++) {
    await queue.put(i);
    see(name, "put()");
  }
  await consumer;
  const holders = [1, 2].map(() =>
    createTask(async () => {
      await lock.acquire();
      see(name, "acquire()");
      await sleep(0);
      lock.release();
    })
  );
  await gather(holders);
}

async function throughTheNetwork(name: string): Promise<void> {
  const loop = getRunningLoop();
  class Seeing extends Protocol {
    readonly lost = Promise.withResolvers<void>();
    override connectionMade(transport: Transport): void {
      see(name, "connectionMade()");
      transport.write("hello");
    }
    override dataReceived(): void {
      see(name, "dataReceived()");
    }
    override connectionLost(): void {
      see(name, "connectionLost()");
      this.lost.resolve();
    }
  }
  const server = await loop.createServer(() => new Seeing(), "127.0.0.1", 0);
  const { port } = server.sockets[0]!.addr as Deno.NetAddr;
  const [transport, protocol] = await loop.createConnection(
    () => new Seeing(),
    "127.0.0.1",
    port,
  );
  await sleep(0.02);
  transport.close();
  await protocol.lost.promise;
  server.close();
  await server.waitClosed();

  const streams = await startServer(
    async (reader, writer) => {
      see(name, "connection callback");
      await reader.readLine();
      see(name, "connection callback, later");
      writer.close();
      await writer.waitClosed();
    },
    "127.0.0.1",
    0,
  );
  const address = streams.sockets[0]!.addr as Deno.NetAddr;
  // What a client has makes no difference to the server.
  await as("client", async () => {
    const [reader, writer] = await openConnection("127.0.0.1", address.port);
    see("client", "openConnection()");
    writer.write("line\n");
    await reader.read();
    see("client", "read()");
    writer.close();
    await writer.waitClosed();
  });
  variable.set(name);
  streams.close();
  await streams.waitClosed();

  class Datagrams extends DatagramProtocol {
    readonly received = Promise.withResolvers<void>();
    override datagramReceived(): void {
      see(name, "datagramReceived()");
      this.received.resolve();
    }
  }
  const [endpoint, datagrams] = await loop.createDatagramEndpoint(
    () => new Datagrams(),
    { localAddr: { hostname: "127.0.0.1", port: 0 } },
  );
  endpoint.sendTo("hello", endpoint.getExtraInfo("sockname") as Deno.NetAddr);
  await datagrams.received.promise;
  endpoint.close();
}

async function throughThreads(name: string): Promise<void> {
  await toThread((a: number) => a + 1, [1]);
  see(name, "toThread()");
}

async function everything(name: string): Promise<void> {
  await throughAwaits(name);
  await throughTasks(name);
  await throughCallbacks(name);
  await throughPrimitives(name);
  await throughTheNetwork(name);
  await throughThreads(name);
  see(name, "the end");
}

await run(() =>
  taskGroup((group) => {
    for (const name of ["one", "two", "three"]) {
      group.createTask(() => as(name, () => everything(name)));
    }
  })
);
await as("outer", async () => {
  await run(() => throughAwaits("outer"));
  await using runner = new Runner();
  await runner.run(() => throughTasks("outer"));
  storage.run("inside", () => {});
});
if (storage.getStore() !== undefined) console.log("a value stays outside");
console.log(`${places} places, ${isDirect ? "direct" : "public"} contexts`);
