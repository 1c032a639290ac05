// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  asCompleted,
  type Awaitable,
  BufferedProtocol,
  Condition,
  createTask,
  DatagramProtocol,
  ensureFuture,
  Executor,
  FIRST_EXCEPTION,
  Future,
  gather,
  getRunningLoop,
  openConnection,
  PriorityQueue,
  Protocol,
  Queue,
  runCoroutineThreadsafe,
  shield,
  sleep,
  startServer,
  StreamReader,
  Task,
  taskGroup,
  timeout,
  toThread,
  type Transport,
  wait,
  waitFor,
  wrapFuture,
} from "../../mod.ts";

/** The arguments of a way. */
export interface Trial {
  readonly value: unknown;
  /** Throws the value. */
  readonly raise: () => never;
  /** Notes what came out of the library. */
  readonly see: (error: unknown) => void;
}

/** Brings a value into the library, as part of a running loop. */
export type Way = (trial: Trial) => unknown;

/** Notes how an awaitable fails. */
async function seeing(
  { see }: Trial,
  fn: () => Awaitable<unknown> | PromiseLike<unknown>,
): Promise<void> {
  try {
    await fn();
  } catch (error) {
    see(error);
  }
}

/** Waits until the loop has nothing to do. */
const idle = () => sleep(1);

const HOST = "server";

/** A connection of a protocol with a peer that sends, and ends. */
async function talkWith(
  makeProtocol: () => Protocol | BufferedProtocol,
): Promise<void> {
  const loop = getRunningLoop();
  const server = await loop.createServer(makeProtocol, HOST, 0);
  const [reader, writer] = await openConnection(
    HOST,
    server.sockets[0]!.addr.port,
  );
  writer.write("hello");
  writer.writeEof();
  await waitFor(() => reader.read(), 5).catch(() => {});
  writer.close();
  await idle();
  server.abortClients();
  server.close();
  await server.waitClosed();
}

/** A client with a connection to a server that reads to the end. */
async function connectTo(
  makeProtocol: () => Protocol,
  talk: (transport: Transport) => unknown,
): Promise<void> {
  const loop = getRunningLoop();
  const server = await startServer(
    async (reader, writer) => {
      await reader.read();
      writer.close();
    },
    HOST,
    0,
  );
  const { port } = server.sockets[0]!.addr;
  const [transport] = await loop.createConnection(makeProtocol, HOST, port);
  talk(transport);
  await idle();
  transport.close();
  await idle();
  server.abortClients();
  server.close();
  await server.waitClosed();
}

class Datagrams extends DatagramProtocol {}

/** Ways in which user code throws. The value must be thrown by the library, or go to the exception handler. */
export const THROWING: Readonly<Record<string, Way>> = {
  "a task that is awaited": (trial) =>
    seeing(trial, () => createTask(async () => await trial.raise())),
  "a task whose function throws": (trial) =>
    seeing(trial, () => createTask(trial.raise)),
  "a task that fails after an await": (trial) =>
    seeing(trial, () =>
      createTask(async () => {
        await sleep(0);
        trial.raise();
      })),
  "an eager task": (trial) =>
    seeing(
      trial,
      () => getRunningLoop().createTask(trial.raise, { eagerStart: true }),
    ),
  "a task that nothing awaits": async ({ raise }) => {
    createTask(raise);
    await idle();
  },
  "a task whose exception is asked for": async ({ raise, see }) => {
    const task = createTask(raise);
    await wait([task]);
    const exception = task.exception();
    see(exception);
    task.getStack();
    task.printStack({ write: () => {} });
  },
  "a future": (trial) =>
    seeing(trial, () => {
      const future = new Future();
      future.setException(trial.value);
      return future;
    }),
  "a promise": (trial) =>
    seeing(trial, () => wrapFuture(Promise.reject(trial.value))),
  "a chain of tasks": (trial) =>
    seeing(
      trial,
      () => createTask(() => createTask(() => createTask(trial.raise))),
    ),
  "gather()": (trial) =>
    seeing(trial, () => gather([trial.raise, () => sleep(0)])),
  "gather() of promises": (trial) =>
    seeing(trial, () => gather([Promise.reject(trial.value)])),
  "gather() that returns exceptions": async ({ raise, see }) => {
    const [outcome] = await gather([raise, async () => await raise()], {
      returnExceptions: true,
    });
    see(outcome);
  },
  "a group's body": (trial) => seeing(trial, () => taskGroup(trial.raise)),
  "a group's task": (trial) =>
    seeing(trial, () =>
      taskGroup(async (group) => {
        group.createTask(trial.raise);
        await sleep(10);
      })),
  "a group within a group": (trial) =>
    seeing(trial, () =>
      taskGroup(() =>
        taskGroup((group) => {
          group.createTask(trial.raise);
          group.createTask(async () => await trial.raise());
        })
      )),
  "a group's clean-up": (trial) =>
    seeing(trial, () =>
      taskGroup(async (group) => {
        group.createTask(async () => {
          try {
            await sleep(10);
          } finally {
            trial.raise();
          }
        });
        await sleep(0);
        throw new Error("The body fails");
      })),
  "shield()": (trial) => seeing(trial, () => shield(trial.raise)),
  "a shield that was given up": async ({ raise }) => {
    const outer = shield(async () => {
      await sleep(1);
      raise();
    });
    outer.cancel();
    await sleep(2);
  },
  "wait()": async (trial) => {
    const task = createTask(trial.raise);
    await wait([task]);
    await seeing(trial, () => task);
  },
  "wait() for the first exception": async (trial) => {
    const task = createTask(trial.raise);
    await wait([task, createTask(() => sleep(1))], {
      returnWhen: FIRST_EXCEPTION,
      timeout: 2,
    });
    await seeing(trial, () => task);
  },
  "waitFor() a function": (trial) =>
    seeing(trial, () => waitFor(trial.raise, 1)),
  "waitFor() a task": (trial) =>
    seeing(trial, () => waitFor(createTask(trial.raise), 1)),
  "waitFor() a promise": (trial) =>
    seeing(trial, () => waitFor(Promise.reject(trial.value), 1)),
  "waitFor() no time": async (trial) => {
    const task = createTask(async () => {
      try {
        await sleep(1);
      } finally {
        trial.raise();
      }
    });
    await sleep(0);
    await seeing(trial, () => waitFor(task, 0));
  },
  "waitFor() that expires": (trial) =>
    seeing(trial, () =>
      waitFor(async () => {
        try {
          await sleep(2);
        } catch {
          trial.raise();
        }
      }, 1)),
  "asCompleted()": async (trial) => {
    for (const next of asCompleted([trial.raise])) {
      await seeing(trial, () => next);
    }
  },
  "asCompleted() with for await": async (trial) => {
    for await (const future of asCompleted([trial.raise])) {
      await seeing(trial, async () => await future);
    }
  },
  "a time limit": (trial) => seeing(trial, () => timeout(1, trial.raise)),
  "a time limit that expires": (trial) =>
    seeing(trial, () =>
      timeout(1, async () => {
        try {
          await sleep(2);
        } catch {
          trial.raise();
        }
      })),
  "time limits that expire together": (trial) =>
    seeing(trial, () =>
      timeout(1, () =>
        timeout(1, async () => {
          try {
            await sleep(2);
          } finally {
            trial.raise();
          }
        }))),
  "a group within a time limit that expires": (trial) =>
    seeing(trial, () =>
      timeout(1, () =>
        taskGroup((group) => {
          group.createTask(async () => {
            try {
              await sleep(2);
            } finally {
              trial.raise();
            }
          });
        }))),
  "a callback": async ({ raise }) => {
    getRunningLoop().callSoon(raise);
    await idle();
  },
  "a callback that is async": async ({ raise }) => {
    // In debug mode an async function is refused.
    getRunningLoop().callSoon(() => Promise.resolve().then(raise));
    await idle();
  },
  "a callback later": async ({ raise }) => {
    getRunningLoop().callLater(0.5, raise);
    await idle();
  },
  "a callback from outside": async ({ raise }) => {
    getRunningLoop().callSoonThreadsafe(raise);
    await idle();
  },
  "a done callback": async ({ raise }) => {
    const future = new Future<void>();
    future.addDoneCallback(raise);
    future.setResult();
    await idle();
  },
  "a cancelled task's clean-up": async (trial) => {
    const task = createTask(async () => {
      try {
        await sleep(1);
      } catch {
        trial.raise();
      }
    });
    await sleep(0);
    task.cancel();
    await seeing(trial, () => task);
  },
  "a signal's reason": async (trial) => {
    const controller = new AbortController();
    const task = createTask(() => sleep(1), { signal: controller.signal });
    await sleep(0);
    controller.abort(trial.value);
    await seeing(trial, () => task);
    // What aborts with no reason gives one of its own.
    if (trial.value === undefined) trial.see(undefined);
  },
  "a task of another loop's code": (trial) =>
    seeing(trial, () => runCoroutineThreadsafe(trial.raise, getRunningLoop())),
  "a task factory": async (trial) => {
    const loop = getRunningLoop();
    loop.setTaskFactory(trial.raise);
    try {
      await seeing(trial, () => createTask(() => 1));
      await seeing(trial, () => runCoroutineThreadsafe(() => 1, loop));
    } finally {
      loop.setTaskFactory(null);
    }
  },
  "a condition's predicate": async (trial) => {
    const condition = new Condition();
    await condition.acquire();
    let calls = 0;
    const waiting = seeing(
      trial,
      () => condition.waitFor(() => calls++ > 0 ? trial.raise() : false),
    );
    await createTask(async () => {
      await condition.acquire();
      condition.notifyAll();
      condition.release();
    });
    await waiting;
  },
  "an executor": (trial) => {
    class Failing extends Executor {
      submit = trial.raise;
      shutdown = () => Promise.resolve();
    }
    return seeing(
      trial,
      () => toThread(() => 1, [], { executor: new Failing() }),
    );
  },
  "a future of an executor": (trial) => {
    class Failing extends Executor {
      submit<T>(): Future<T> {
        return ensureFuture<T>(trial.raise);
      }
      shutdown = () => Promise.resolve();
    }
    return seeing(
      trial,
      () => toThread(() => 1, [], { executor: new Failing() }),
    );
  },
};

async function meet(port: number): Promise<void> {
  const [reader, writer] = await openConnection(HOST, port);
  writer.write("hello");
  await waitFor(() => reader.read(), 5).catch(() => {});
  writer.close();
  await idle();
}

/**
 * As {@linkcode THROWING}, of web streams. Deno's own cannot take a proxy that throws: it looks at what a stream
 * fails with in a promise of its own, which rejects.
 */
export const THROWING_STREAMS: Readonly<Record<string, Way>> = {
  "a web stream": async (trial) => {
    const reader = StreamReader.from(
      new ReadableStream({ pull: trial.raise }, { highWaterMark: 0 }),
    );
    await seeing(trial, () => reader.read());
    await seeing(trial, () => reader.readLine());
  },
  "for await of a reader": (trial) =>
    seeing(trial, async () => {
      const reader = StreamReader.from(
        new ReadableStream({
          start: (controller) => controller.error(trial.value),
        }),
      );
      for await (const line of reader) trial.see(line);
    }),
  "a reader's chunks": (trial) =>
    seeing(trial, async () => {
      const reader = StreamReader.from(
        new ReadableStream({
          start: (controller) => controller.error(trial.value),
        }),
      );
      for await (const chunk of reader.readable) trial.see(chunk);
    }),
};

/** Ways in which user code returns or defines something. The loop must go on. */
export const USING: Readonly<Record<string, Way>> = {
  "what a task returns": (trial) =>
    seeing(trial, () => createTask(() => trial.value)),
  "what an async task returns": (trial) =>
    seeing(trial, () =>
      createTask(async () => {
        await sleep(0);
        return trial.value;
      })),
  "what an eager task returns": (trial) =>
    seeing(
      trial,
      () =>
        getRunningLoop().createTask(() => trial.value, { eagerStart: true }),
    ),
  "what a future is set to": (trial) =>
    seeing(trial, () => {
      const future = new Future();
      getRunningLoop().callSoon(() => future.setResult(trial.value));
      return future;
    }),
  "what is awaited": (trial) =>
    seeing(trial, () => createTask(async () => await trial.value)),
  "what is gathered": (trial) =>
    seeing(trial, () => gather([() => trial.value])),
  "what is shielded": (trial) => seeing(trial, () => shield(() => trial.value)),
  "what completes": async (trial) => {
    for (const next of asCompleted([() => trial.value])) {
      await seeing(trial, () => next);
    }
  },
  "what a group's body returns": (trial) =>
    seeing(trial, () => taskGroup(() => trial.value)),
  "what a limited function returns": (trial) =>
    seeing(trial, () => timeout(1, () => trial.value)),
  "what is waited for": (trial) =>
    seeing(trial, () => waitFor(() => trial.value, 1)),
  "what is given to gather()": (trial) =>
    seeing(trial, () => gather([trial.value as Awaitable<unknown>])),
  "what is given to waitFor()": (trial) =>
    seeing(trial, () => waitFor(trial.value as Awaitable<unknown>, 1)),
  "what is given to ensureFuture()": (trial) =>
    seeing(trial, () => ensureFuture(trial.value as Awaitable<unknown>)),
  "what a callback returns": async ({ value }) => {
    getRunningLoop().callSoon(() => value);
    await idle();
  },
  "what a done callback returns": async ({ value }) => {
    const future = new Future<void>();
    future.addDoneCallback(() => value);
    future.setResult();
    await idle();
  },
  "a callback's name": async ({ raise, value }) => {
    const callback = Object.defineProperty(() => raise(), "name", { value });
    const handle = getRunningLoop().callSoon(callback);
    handle.toString();
    await idle();
  },
  "a callback's name that throws": async ({ raise }) => {
    const callback = Object.defineProperty(() => raise(), "name", {
      get: raise,
    });
    getRunningLoop().callSoon(callback).toString();
    await idle();
  },
  "what a predicate returns": async (trial) => {
    const condition = new Condition();
    await condition.acquire();
    await seeing(
      trial,
      () => timeout(1, () => condition.waitFor(() => trial.value as boolean)),
    );
  },
  "what an exception handler throws": async ({ raise }) => {
    getRunningLoop().setExceptionHandler(raise);
    getRunningLoop().callSoon(raise);
    createTask(raise);
    await idle();
    getRunningLoop().callExceptionHandler({ message: "odd" });
  },
  "what an async exception handler throws": async ({ raise }) => {
    getRunningLoop().setExceptionHandler(async () => await raise());
    getRunningLoop().callSoon(raise);
    await idle();
  },
  "what an exception handler returns": async ({ raise, value }) => {
    getRunningLoop().setExceptionHandler(() => value as undefined);
    getRunningLoop().callSoon(raise);
    await idle();
  },
  "what is printed": async ({ raise, value }) => {
    const loop = getRunningLoop();
    loop.setExceptionHandler(null);
    loop.callSoon(raise);
    createTask(raise);
    await idle();
    loop.callExceptionHandler({
      message: value as string,
      protocol: value,
      transport: value,
      exception: value,
    });
  },
  "what a default exception handler throws": async ({ raise }) => {
    const loop = getRunningLoop();
    loop.setExceptionHandler(null);
    loop.defaultExceptionHandler = raise;
    loop.callSoon(raise);
    await idle();
  },
  "what a task factory makes": async (trial) => {
    const loop = getRunningLoop();
    loop.setTaskFactory(<T>() => trial.value as Task<T>);
    try {
      await seeing(trial, () => createTask(() => 1));
      await seeing(trial, () => gather([() => 1]));
      await seeing(
        trial,
        () => taskGroup((group) => void group.createTask(() => 1)),
      );
    } finally {
      loop.setTaskFactory(null);
    }
  },
  "what an executor makes": (trial) => {
    class Odd extends Executor {
      submit = () => trial.value as never;
      shutdown = () => Promise.resolve();
    }
    return seeing(trial, async () => {
      await toThread(() => 1, [], { executor: new Odd() });
    });
  },
  "a message of a cancellation": async (trial) => {
    const task = createTask(() => sleep(1));
    await sleep(0);
    task.cancel(trial.value as string);
    await seeing(trial, () => task);
    const future = new Future();
    future.cancel(trial.value as string);
    await seeing(trial, () => future);
  },
  "a message of an awaited cancellation": async (trial) => {
    const future = new Future();
    const task = createTask(async () => await future);
    await sleep(0);
    future.cancel(trial.value as string);
    await seeing(trial, () => task);
  },
  "a future's cancel()": async (trial) => {
    class Odd extends Future<void> {
      override cancel(): boolean {
        return trial.raise();
      }
    }
    const future = new Odd();
    getRunningLoop().callLater(2, () => future.setResult());
    await seeing(trial, () => timeout(1, async () => await future));
  },
  "a task's texts": async ({ raise }) => {
    class Odd<T> extends Task<T> {
      override toString(): string {
        return raise();
      }
      override getName(): string {
        return raise();
      }
      override get [Symbol.toStringTag](): string {
        return raise();
      }
    }
    new Odd(raise);
    const slow = new Odd(() => sleep(3600));
    await sleep(0);
    slow.cancel();
    await idle();
  },
  "what a queue holds": async (trial) => {
    const queue = new Queue<unknown>();
    queue.putNowait(trial.value);
    await seeing(trial, () => createTask(() => queue.get()));
  },
  "what orders a priority queue": async (trial) => {
    const queue = new PriorityQueue<unknown>();
    await seeing(trial, () =>
      createTask(async () => {
        for (const item of [1, trial.value, [trial.value], trial.value]) {
          await queue.put(item);
        }
        while (!queue.empty()) await queue.get();
      }));
  },
  "a chunk of a web stream": async (trial) => {
    const reader = StreamReader.from(
      new ReadableStream({
        start(controller) {
          controller.enqueue(trial.value as Uint8Array);
          controller.close();
        },
      }),
    );
    await seeing(trial, () => reader.read());
  },
};

/** As {@linkcode THROWING}, of protocols on a network in memory. */
export const THROWING_PROTOCOLS: Readonly<Record<string, Way>> = {
  "a protocol factory": ({ raise }) => talkWith(raise),
  "connectionMade()": ({ raise }) =>
    talkWith(() => Object.assign(new Protocol(), { connectionMade: raise })),
  "dataReceived()": ({ raise }) =>
    talkWith(() => Object.assign(new Protocol(), { dataReceived: raise })),
  "eofReceived()": ({ raise }) =>
    talkWith(() => Object.assign(new Protocol(), { eofReceived: raise })),
  "connectionLost()": ({ raise }) =>
    talkWith(() => Object.assign(new Protocol(), { connectionLost: raise })),
  "getBuffer()": ({ raise }) =>
    talkWith(() => Object.assign(new BufferedProtocol(), { getBuffer: raise })),
  "bufferUpdated()": ({ raise }) =>
    talkWith(() =>
      Object.assign(new BufferedProtocol(), {
        getBuffer: () => new Uint8Array(100),
        bufferUpdated: raise,
      })
    ),
  "pauseWriting()": ({ raise }) =>
    connectTo(
      () => Object.assign(new Protocol(), { pauseWriting: raise }),
      (transport) => {
        transport.setWriteBufferLimits(0);
        transport.write(new Uint8Array(100));
      },
    ),
  "resumeWriting()": ({ raise }) =>
    connectTo(
      () => Object.assign(new Protocol(), { resumeWriting: raise }),
      (transport) => {
        transport.setWriteBufferLimits(0);
        transport.write(new Uint8Array(100));
      },
    ),
  "the callback of a connection": async ({ raise }) => {
    const server = await startServer(raise, HOST, 0);
    await meet(server.sockets[0]!.addr.port);
    server.close();
    await server.waitClosed();
  },
  "the task of a connection": async ({ raise }) => {
    const server = await startServer(
      async (reader) => {
        await reader.read(1);
        raise();
      },
      HOST,
      0,
    );
    await meet(server.sockets[0]!.addr.port);
    server.close();
    await server.waitClosed();
  },
  "datagramReceived()": async ({ raise }) => {
    const loop = getRunningLoop();
    const [receiver] = await loop.createDatagramEndpoint(
      () => Object.assign(new Datagrams(), { datagramReceived: raise }),
      { localAddr: { hostname: HOST, port: 7 } },
    );
    const [sender] = await loop.createDatagramEndpoint(() => new Datagrams(), {
      remoteAddr: { hostname: HOST, port: 7 },
    });
    sender.sendTo("hello");
    await idle();
    sender.close();
    receiver.close();
    await idle();
  },
};

/** As {@linkcode USING}, of protocols on a network in memory. */
export const USING_PROTOCOLS: Readonly<Record<string, Way>> = {
  "what a protocol factory makes": ({ value }) =>
    talkWith(() => value as Protocol),
  "what a protocol's methods return": ({ value }) =>
    talkWith(() =>
      Object.assign(new Protocol(), {
        connectionMade: () => value,
        dataReceived: () => value,
        eofReceived: () => value,
        connectionLost: () => value,
      })
    ),
  "what a protocol's methods are": ({ value }) =>
    talkWith(() =>
      Object.assign(new Protocol(), {
        connectionMade: value,
        dataReceived: value,
        eofReceived: value,
        connectionLost: value,
      })
    ),
  "what getBuffer() returns": ({ value }) =>
    talkWith(() =>
      Object.assign(new BufferedProtocol(), { getBuffer: () => value })
    ),
  "what the callback of a connection returns": async ({ value }) => {
    const server = await startServer(
      (_, writer) => {
        writer.close();
        return value as undefined;
      },
      HOST,
      0,
    );
    await meet(server.sockets[0]!.addr.port);
    server.close();
    await server.waitClosed();
  },
};
