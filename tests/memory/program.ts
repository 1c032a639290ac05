// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Does each of many things again and again, and prints how many bytes of the heap each left behind.
 *
 * @module
 */

import {
  asCompleted,
  Barrier,
  Condition,
  createTask,
  DatagramProtocol,
  Event,
  Future,
  gather,
  getRunningLoop,
  LifoQueue,
  Lock,
  PriorityQueue,
  Queue,
  run,
  Semaphore,
  shield,
  sleep,
  taskGroup,
  timeout,
  TimeoutError,
  wait,
  waitFor,
} from "../../mod.ts";
import { FakeConn } from "../doubles/conn.ts";
import { fakeStream } from "../doubles/streams.ts";

const WARM_UP = 500;
const TIMES = 2_000;
const MEASUREMENTS = 4;

/** So few bytes need no second measurement. */
const ENOUGH = 32;

type Action = () => PromiseLike<unknown> | void;

declare global {
  function gc(): void;
}

/** Operations for which a program may wait as long as it runs. */
let never: Future<void>;
const endless = new Promise<void>(() => {});
const queue = new Queue<number>(1);
const fullQueue = new Queue<number>(1);
const joined = new Queue<number>();
const event = new Event();
const lock = new Lock();
const semaphore = new Semaphore(1);
const condition = new Condition();
const barrier = new Barrier(2);

/** Starts an operation in a task, and cancels the task while it waits. */
function cancelled(wait: () => PromiseLike<unknown>): Action {
  return async () => {
    const task = createTask(async () => void await wait());
    await sleep(0);
    task.cancel();
    await task.catch(() => {});
  };
}

const actions: Record<string, Action> = {
  "Queue.get() cancelled": cancelled(() => queue.get()),
  "Queue.put() cancelled": cancelled(() => fullQueue.put(2)),
  "Queue.join() cancelled": cancelled(() => joined.join()),
  "Queue's iteration cancelled": cancelled(async () => {
    for await (const _ of queue);
  }),
  "Event.wait() cancelled": cancelled(() => event.wait()),
  "Lock.acquire() cancelled": cancelled(() => lock.acquire()),
  "Semaphore.acquire() cancelled": cancelled(() => semaphore.acquire()),
  "Condition.wait() cancelled": cancelled(async () => {
    using _ = await condition.acquire();
    await condition.wait();
  }),
  "Barrier.wait() cancelled": cancelled(() => barrier.wait()),
  "shield() given up": cancelled(() => shield(never)),
  "gather() cancelled": cancelled(() => gather([shield(never)])),
  "wait() cancelled": cancelled(() => wait([never])),
  "wait() out of time": () => wait([never], { timeout: 0 }),
  "wait() with a time limit that is not needed": () =>
    wait([sleep(0)], { timeout: 3600 }),
  "asCompleted() out of time": async () => {
    for (const next of asCompleted([never], { timeout: 0 })) {
      await next.catch(expected);
    }
  },
  "asCompleted() with a time limit that is not needed": async () => {
    for (const next of asCompleted([sleep(0)], { timeout: 3600 })) await next;
  },
  "waitFor() out of time": () =>
    waitFor(shield(never), 0.000_001).catch(expected),
  "waitFor() of a promise, out of time": () =>
    waitFor(endless, 0.000_001).catch(expected),
  "waitFor() with a time limit that is not needed": () =>
    waitFor(sleep(0), 3600),
  "timeout() out of time": () =>
    timeout(0, () => shield(never)).catch(expected),
  "timeout() with a time limit that is not needed": () =>
    timeout(3600, () => sleep(0)),
  "taskGroup() whose task fails": () =>
    taskGroup((group) => {
      group.createTask(() => Promise.reject(new Error("expected")));
      group.createTask(() => shield(never));
    }).catch(() => {}),
  "Transport closed": async () => {
    const [, , writer] = await fakeStream();
    writer.close();
    await writer.waitClosed();
  },
  "DatagramTransport aborted while it sends": async () => {
    const [transport] = await getRunningLoop().createDatagramEndpoint(
      () => new DatagramProtocol(),
      { localAddr: { hostname: "127.0.0.1", port: 0 } },
    );
    transport.sendTo("a", transport.getExtraInfo("sockname") as Deno.NetAddr);
    transport.abort();
  },
  "Future.removeDoneCallback()": () => {
    const callback = () => {};
    never.addDoneCallback(callback);
    never.removeDoneCallback(callback);
  },
  "TimerHandle.cancel()": () =>
    getRunningLoop().callLater(3600, nothing).cancel(),
};

function nothing(): void {}

function expected(error: unknown): void {
  if (!(error instanceof TimeoutError)) throw error;
}

function heap(): number {
  gc();
  return Deno.memoryUsage().heapUsed;
}

async function repeat(action: Action, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await action();
  await sleep(0);
}

/** How many bytes stay each time: the least of a few measurements, as other things come to the heap, too. */
async function leftBy(action: Action): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < MEASUREMENTS && least > ENOUGH; i++) {
    const before = heap();
    await repeat(action, TIMES);
    least = Math.min(least, Math.round((heap() - before) / TIMES));
  }
  return least;
}

/** Which items of queues stay in memory though they were taken, or dropped. */
async function keptItems(): Promise<string[]> {
  const items = new Map<string, WeakRef<object>>();
  const queues = [Queue, LifoQueue, PriorityQueue].flatMap((Class) =>
    ["taken", "dropped"].map((how) => {
      const queue = new Class<object>(0, { compare: () => 0 });
      for (let i = 0; i < 3; i++) {
        items.set(`${Class.name} ${i} ${how}`, putItem(queue));
      }
      if (how === "dropped") queue.shutdown(true);
      else while (!queue.empty()) queue.getNowait();
      return queue;
    })
  );
  // What a WeakRef was made of stays until the entry of Deno's event loop is over.
  await new Promise((resolve) => setTimeout(resolve, 1));
  gc();
  const kept = [...items].filter(([_, item]) => item.deref() !== undefined);
  return queues.every((queue) => queue.empty())
    ? kept.map(([name]) => name)
    : ["not empty"];
}

function putItem(queue: Queue<object>): WeakRef<object> {
  const item = {};
  queue.putNowait(item);
  return new WeakRef(item);
}

await run(async () => {
  never = new Future();
  fullQueue.putNowait(1);
  joined.putNowait(1);
  await lock.acquire();
  await semaphore.acquire();
  const [conn, reader, writer] = await fakeStream();
  writer.transport.setWriteBufferLimits(0);
  conn.block();
  writer.write("a");
  actions["StreamWriter.drain() cancelled"] = cancelled(() => writer.drain());
  actions["StreamWriter.waitClosed() cancelled"] = cancelled(() =>
    writer.waitClosed()
  );
  actions["StreamWriter.send() cancelled"] = cancelled(() =>
    writer.send(new Uint8Array(1))
  );
  actions["StreamReader.readLine() cancelled"] = cancelled(() =>
    reader.readLine()
  );
  const silent = new FakeConn();
  actions["loop.sockRecv() cancelled"] = cancelled(() =>
    getRunningLoop().sockRecv(silent, 1)
  );
  const left: Record<string, number> = {};
  for (const [name, action] of Object.entries(actions)) {
    await repeat(action, WARM_UP);
    left[name] = await leftBy(action);
  }
  console.log(JSON.stringify({ left, kept: await keptItems() }));
  writer.transport.abort();
  await writer.waitClosed();
});
