// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  BrokenExecutor,
  Condition,
  createSubprocessExec,
  createSubprocessShell,
  DatagramProtocol,
  type DatagramTransport,
  getRunningLoop,
  Lock,
  openConnection,
  PIPE,
  Queue,
  Semaphore,
  type Server,
  sleep,
  startServer,
  taskGroup,
  timeout,
  TimeoutError,
  type TlsOptions,
  toThread,
  type WorkerExecutor,
} from "../../mod.ts";
import { moment } from "./chance.ts";

/** Something that is done again and again. */
export interface Activity {
  readonly name: string;
  /** How many do it at the same time. */
  readonly count: number;
  /** Within how many seconds it is cancelled, if it is. */
  readonly within: number;
  work(): Promise<unknown>;
  /** Whether this may go wrong with it. */
  isExpected(error: Error): boolean;
}

/** Sends what it gets back, in portions, until the other side ends, or it loses patience. */
export function startEcho(tls?: TlsOptions): Promise<Server> {
  return startServer(
    async (reader, writer) => {
      try {
        while (true) {
          const data = await timeout(5, () => reader.read(10_000));
          if (data.length === 0) break;
          writer.write(data);
          await writer.drain();
        }
      } catch (error) {
        if (!isOfConnection(error as Error)) throw error;
      } finally {
        writer.close();
      }
    },
    "127.0.0.1",
    0,
    { tls },
  );
}

/** A conversation with an echo server, which may end at any moment in any way. */
export function conversation(
  name: string,
  server: Server,
  count: number,
  tls?: TlsOptions,
): Activity {
  const { hostname, port } = server.sockets[0]!.addr as Deno.NetAddr;
  return {
    name,
    count,
    within: 0.05,
    isExpected: isOfConnection,
    async work() {
      const [reader, writer] = await openConnection(hostname, port, { tls });
      try {
        for (let i = 0; i < 10; i++) {
          const size = Math.ceil(moment(200_000));
          await taskGroup((group) => {
            group.createTask(async () => {
              writer.write(new Uint8Array(size));
              await writer.drain();
            });
            group.createTask(() => reader.readExactly(size));
          });
        }
      } finally {
        if (Math.random() < 0.5) writer.transport.abort();
        else writer.close();
      }
    },
  };
}

class Counter extends DatagramProtocol {
  count = 0;

  override datagramReceived(): void {
    this.count++;
  }
}

/** Datagrams from one socket to another. */
export const datagrams: Activity = {
  name: "datagrams",
  count: 2,
  within: 0.01,
  isExpected: () => false,
  async work() {
    const loop = getRunningLoop();
    const open: DatagramTransport[] = [];
    try {
      const [receiver] = await loop.createDatagramEndpoint(
        () => new Counter(),
        { localAddr: { hostname: "127.0.0.1", port: 0 } },
      );
      open.push(receiver);
      const [sender] = await loop.createDatagramEndpoint(() => new Counter(), {
        remoteAddr: receiver.getExtraInfo("sockname") as Deno.NetAddr,
      });
      open.push(sender);
      for (let i = 0; i < 20; i++) sender.sendTo(new Uint8Array(1000));
      await sleep(0.005);
    } finally {
      for (const transport of open) transport.close();
    }
  },
};

/** Processes that are talked to, time out, are killed, or left to the block that they belong to. */
export const processes: Activity = {
  name: "processes",
  count: 4,
  within: 0.03,
  isExpected: (error) => error instanceof TimeoutError,
  async work() {
    const kind = Math.random();
    if (kind < 0.4) {
      await using cat = await createSubprocessExec("cat", [], {
        stdin: PIPE,
        stdout: PIPE,
      });
      await cat.communicate(new Uint8Array(Math.ceil(moment(1_000_000))));
    } else if (kind < 0.7) {
      await using process = await createSubprocessExec("sleep", ["60"]);
      await timeout(moment(0.05), () => process.wait());
    } else {
      await using shell = await createSubprocessShell(
        "for i in 1 2 3; do echo $i; done; sleep 0.01; exit 3",
        { stdout: PIPE },
      );
      for await (const line of shell.stdout!) if (line.length !== 2) break;
      await shell.wait();
    }
  },
};

function work(rounds: number): number {
  let sum = 0;
  for (let i = 0; i < rounds; i++) sum += Math.sqrt(i);
  return sum;
}

/** Jobs in the default executor. */
export const threads: Activity = {
  name: "threads",
  count: 3,
  within: 0.01,
  isExpected: () => false,
  work: async () => {
    await toThread(work, [Math.ceil(moment(1_000_000))]);
  },
};

/** Jobs whose workers are ended with them, or end themselves. */
export function mortalThreads(executor: WorkerExecutor): Activity {
  const die = () => Deno.exit(1);
  // Not forever: Deno cannot stop an endless computation.
  const compute = (seconds: number) => {
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end);
  };
  return {
    name: "mortal threads",
    count: 2,
    within: 0.05,
    isExpected: (error) =>
      error instanceof BrokenExecutor || error instanceof TimeoutError,
    async work() {
      const kind = Math.random();
      if (kind < 0.3) await executor.run(die, []);
      else if (kind < 0.6) {
        await timeout(
          moment(0.05),
          async () =>
            void await executor.run(compute, [0.2], {
              terminateOnCancel: true,
            }),
        );
      } else {
        const buffer = new ArrayBuffer(1_000_000);
        await executor.run((bytes: ArrayBuffer) => bytes, [buffer], {
          transfer: [buffer],
          transferResults: true,
        });
      }
    },
  };
}

/** Operations that wait for each other, with time limits. */
export const primitives: Activity = {
  name: "primitives",
  count: 20,
  within: 0.2,
  isExpected: (error) => error instanceof TimeoutError,
  async work() {
    const lock = new Lock();
    const condition = new Condition(lock);
    const semaphore = new Semaphore(2);
    const queue = new Queue<number>(3);
    let isReady = false;
    await timeout(moment(2), () =>
      taskGroup((group) => {
        group.createTask(async () => {
          for (let i = 0; i < 10; i++) await queue.put(i);
          queue.shutdown();
        });
        for (let i = 0; i < 3; i++) {
          group.createTask(async () => {
            for await (const item of queue) {
              using _ = await semaphore.acquire();
              await sleep(item / 10_000);
            }
            using _ = await lock.acquire();
            isReady = true;
            condition.notifyAll();
          });
        }
        group.createTask(async () => {
          using _ = await lock.acquire();
          await condition.waitFor(() => isReady);
        });
      }));
  },
};

/** Whether an error is one that a connection may end with, or a group of such. */
export function isOfConnection(error: Error): boolean {
  return [
    TimeoutError,
    Deno.errors.ConnectionReset,
    Deno.errors.BrokenPipe,
    Deno.errors.UnexpectedEof,
  ].some((errorClass) => error instanceof errorClass) ||
    error.name === "IncompleteReadError" ||
    ("errors" in error && Array.isArray(error.errors) &&
      error.errors.every(isOfConnection));
}
