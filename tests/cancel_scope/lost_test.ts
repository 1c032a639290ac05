// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { EventEmitter, once } from "node:events";
import { readFile } from "node:fs/promises";
import { setTimeout as setTimeoutPromise } from "node:timers/promises";
import {
  CancelledError,
  cancelScope,
  createTask,
  currentTask,
  getRunningLoop,
  Queue,
  run,
  sleep,
  TaskGroup,
  timeout,
  TimeoutError,
} from "../../mod.ts";

// Requests to cancel that lines of execution could miss, by everything that can be cancelled.

/** Runs a body that can be cancelled; returns a function that cancels it, and its outcome: "cancelled" if the request ended it. */
type Open = (body: () => Promise<string>) => {
  cancel: () => void;
  outcome: Promise<string>;
};

const kinds: Record<string, Open> = {
  "a task": (body) => {
    const task = createTask(body);
    return {
      cancel: () => task.cancel(),
      outcome: task.then(
        (value) => value,
        () => task.cancelled() ? "cancelled" : `failed: ${task.exception()}`,
      ),
    };
  },
  "a group": (body) => {
    const group = new TaskGroup();
    const outcome = group.run(body).then((value) => value ?? "cancelled", fail);
    return { cancel: () => group.cancel(), outcome };
  },
  "a task of a group": (body) => {
    const group = new TaskGroup();
    const outcome = group.run(async (group) => await group.createTask(body))
      .then((value) => value ?? "cancelled", fail);
    return { cancel: () => group.cancel(), outcome };
  },
  "a time limit": (body) => {
    const loop = getRunningLoop();
    const { promise: entered, resolve } = Promise.withResolvers<() => void>();
    const outcome = timeout(null, (scope) => {
      resolve(() => scope.reschedule(loop.time()));
      return body();
    }).catch((error) =>
      error instanceof TimeoutError ? "cancelled" : fail(error)
    );
    return { cancel: () => entered.then((cancel) => cancel()), outcome };
  },
  "a cancel scope": (body) => {
    const { promise: entered, resolve } = Promise.withResolvers<() => void>();
    const outcome = cancelScope((scope) => {
      resolve(() => scope.cancel());
      return body();
    }).then((value) => value ?? "cancelled", fail);
    return { cancel: () => entered.then((cancel) => cancel()), outcome };
  },
};

function fail(error: unknown): string {
  return `failed: ${error}`;
}

/** One turn of Deno's event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function turns(n: number): Promise<void> {
  for (let i = 0; i < n; i++) await turn();
}

/** Waits so that a missed request shows. */
async function missed(): Promise<string> {
  await sleep(0.05);
  return "missed";
}

const TRIALS = 300;

/** Tests that all of many requests to cancel a body reach it. */
function testDelivery(
  name: string,
  trials: number,
  body: (foreign: Promise<void>) => Promise<string>,
): void {
  for (const [kind, open] of Object.entries(kinds)) {
    Deno.test(`${name}: ${kind}`, () =>
      run(async () => {
        const counts = new Map<string, number>();
        // Alongside, the task awaits what no request is meant for.
        const alongside = sleep(0.001, "went on");
        for (let i = 0; i < trials; i++) {
          const foreign = Promise.withResolvers<void>();
          const { cancel, outcome } = open(() => body(foreign.promise));
          await turns(3);
          cancel();
          await turns(i % 6);
          foreign.resolve();
          const what = await outcome;
          counts.set(what, (counts.get(what) ?? 0) + 1);
        }
        assertEquals([...counts], [["cancelled", trials]]);
        assertEquals(await alongside, "went on");
      }));
  }
}

testDelivery(
  "A foreign promise that settles about when a request comes does not use it up, after a signal was read",
  TRIALS,
  async (foreign) => {
    currentTask()!.signal;
    await sleep(0);
    await foreign;
    return await missed();
  },
);

testDelivery(
  "A loop that reads files between operations on a queue is cancelled, after a signal was read",
  20,
  async () => {
    currentTask()!.signal;
    await sleep(0);
    const [there, back] = [new Queue<string>(), new Queue<string>()];
    const echo = createTask(async () => {
      while (true) await back.put(await there.get());
    });
    try {
      const until = performance.now() + 50;
      while (performance.now() < until) {
        await there.put(await Deno.readTextFile(import.meta.filename!));
        await back.get();
      }
      return "missed";
    } finally {
      echo.cancel();
    }
  },
);

testDelivery(
  "A call that is not awaited yet does not use a request up",
  TRIALS,
  async (foreign) => {
    const call = (async () => {
      await sleep(3600);
    })();
    await foreign;
    await missed();
    await call;
    return "missed";
  },
);

testDelivery(
  "A callback of setInterval() does not use a request up",
  20,
  async (foreign) => {
    const queue = new Queue<string>();
    const interval = setInterval(async () => {
      await queue.get();
    }, 0);
    try {
      await new Promise((resolve) => setTimeout(resolve, 3));
      await foreign;
      return await missed();
    } finally {
      clearInterval(interval);
    }
  },
);

testDelivery(
  "events.once() that a signal aborts counts as cancelled",
  TRIALS,
  async () => {
    const { signal } = currentTask()!;
    await once(new EventEmitter(), "event", { signal });
    return "missed";
  },
);

testDelivery(
  "A timer of Node that a signal aborts counts as cancelled",
  TRIALS,
  async () => {
    const { signal } = currentTask()!;
    await setTimeoutPromise(3_600_000, undefined, { signal });
    return "missed";
  },
);

testDelivery(
  "An error that a signal's reason is the cause of counts as cancelled",
  TRIALS,
  async () => {
    const { signal } = currentTask()!;
    try {
      await setTimeoutPromise(3_600_000, undefined, { signal });
    } catch (cause) {
      throw new Error("Cannot wait", { cause });
    }
    return "missed";
  },
);

testDelivery(
  "An AbortError without a cause counts as cancelled, also after a clean-up that awaits",
  TRIALS,
  async () => {
    const { signal } = currentTask()!;
    try {
      await new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          reject(new DOMException("aborted", "AbortError"));
        });
      });
    } finally {
      await sleep(0);
      await turn();
      await sleep(0);
    }
    return "missed";
  },
);

testDelivery(
  "A clean-up is not cancelled by the request that a signal delivered",
  TRIALS,
  async () => {
    const { signal } = currentTask()!;
    try {
      await once(new EventEmitter(), "event", { signal });
    } finally {
      try {
        await sleep(0);
        await sleep(0);
      } catch (error) {
        // deno-lint-ignore no-unsafe-finally -- says that it was
        if (error instanceof CancelledError) throw new Error("twice");
      }
    }
    return "missed";
  },
);

testDelivery(
  "A file that is read with a signal which has been aborted counts as cancelled",
  20,
  async (foreign) => {
    await foreign;
    await turns(6);
    const { signal } = currentTask()!;
    await readFile(import.meta.filename!, { signal });
    return await missed();
  },
);
