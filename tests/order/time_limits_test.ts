// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  CancelledError,
  Future,
  getRunningLoop,
  TimeoutError,
} from "../../loop/mod.ts";
import {
  createTask,
  currentTask,
  gather,
  sleep,
  type Timeout,
  timeout,
  waitFor,
} from "../../tasks/mod.ts";
import { say, testOrder } from "./order.ts";

function cancelling(): number {
  return currentTask()!.cancelling();
}

function assertIsTimeout(error: unknown): void {
  if (!(error instanceof TimeoutError)) throw error;
}

testOrder(
  "timeout_expires",
  [
    "cleans up at 3, cancelling 1",
    "TimeoutError at 4, cancelling 0",
    "expired: true",
  ],
  async (log) => {
    const loop = getRunningLoop();
    let scope: Timeout;
    try {
      await timeout(3, async (it) => {
        scope = it;
        try {
          await sleep(10);
        } finally {
          log(`cleans up at ${loop.time()}, cancelling ${cancelling()}`);
          await sleep(1);
        }
      });
    } catch (error) {
      assertIsTimeout(error);
      log(`TimeoutError at ${loop.time()}, cancelling ${cancelling()}`);
    }
    log(`expired: ${scope!.expired()}`);
  },
);

testOrder(
  "timeouts_nested",
  [
    "inner TimeoutError",
    "outer TimeoutError",
    "expired: true true, cancelling 0",
    "outer TimeoutError",
    "expired: true false, cancelling 0",
  ],
  async (log) => {
    async function limited(outer: number, inner: number) {
      let a: Timeout;
      let b: Timeout;
      try {
        await timeout(outer, async (it) => {
          a = it;
          try {
            await timeout(inner, async (it) => {
              b = it;
              await sleep(10);
            });
          } catch (error) {
            assertIsTimeout(error);
            log("inner TimeoutError");
            await sleep(10);
          }
        });
      } catch (error) {
        assertIsTimeout(error);
        log("outer TimeoutError");
      }
      log(
        `expired: ${a!.expired()} ${b!.expired()}, cancelling ${cancelling()}`,
      );
    }

    await limited(2, 1);
    await limited(1, 2);
  },
);

testOrder(
  "timeout_and_cancellation",
  ["catches CancelledError(), expired true, cancelling 1", "cancelled: true"],
  async (log) => {
    const task = createTask(async () => {
      let scope: Timeout;
      try {
        await timeout(1, async (it) => {
          scope = it;
          await sleep(10);
        });
      } catch (error) {
        if (!(error instanceof CancelledError)) throw error;
        log(
          `catches ${say(error)}, expired ${
            scope!.expired()
          }, cancelling ${cancelling()}`,
        );
        throw error;
      }
    });

    const loop = getRunningLoop();
    // The limit is reached first, in the same turn of the loop.
    await sleep(0);
    loop.callAt(1.5, log, "never late");
    loop.callAt(1, () => task.cancel("outside"));
    await gather([task], { returnExceptions: true });
    log(`cancelled: ${task.cancelled()}`);
  },
);

testOrder(
  "timeout_of_zero",
  ["body", "goes on", "TimeoutError"],
  async (log) => {
    try {
      await timeout(0, async () => {
        log("body");
        const done = new Future();
        done.setResult(null);
        await done;
        log("goes on");
        await sleep(0);
        log("never");
      });
    } catch (error) {
      assertIsTimeout(error);
      log("TimeoutError");
    }
  },
);

testOrder(
  "timeout_rescheduled",
  ["goes on at 2", "TimeoutError at 2"],
  async (log) => {
    const loop = getRunningLoop();
    try {
      await timeout(1, async (scope) => {
        scope.reschedule(loop.time() + 3);
        await sleep(2);
        log(`goes on at ${loop.time()}`);
        scope.reschedule(loop.time());
        await sleep(2);
      });
    } catch (error) {
      assertIsTimeout(error);
      log(`TimeoutError at ${loop.time()}`);
    }
  },
);

testOrder(
  "wait_for",
  [
    "a ends, in main",
    "a",
    "b is cancelled",
    "TimeoutError at 2",
    "TimeoutError at 2",
    "TimeoutError at 2",
    "done",
    "done",
    "callback",
    "c is cancelled",
    "cancelled: true",
  ],
  async (log) => {
    const loop = getRunningLoop();

    async function work(name: string, delay: number) {
      try {
        await sleep(delay);
        log(`${name} ends, in ${currentTask()!.getName()}`);
        return name;
      } catch (error) {
        log(`${name} is cancelled`);
        throw error;
      }
    }

    currentTask()!.setName("main");
    log(await waitFor(() => work("a", 1), 2));
    for (const limit of [1, 0, -1]) {
      try {
        await waitFor(() => work("b", 2), limit);
      } catch (error) {
        assertIsTimeout(error);
        log(`TimeoutError at ${loop.time()}`);
      }
    }
    const done = new Future<string>();
    done.setResult("done");
    loop.callSoon(log, "callback");
    log(await waitFor(done, 0));
    log(await waitFor(done, 1));
    const task = createTask(() => work("c", 5));
    try {
      await waitFor(task, 1);
    } catch (error) {
      assertIsTimeout(error);
      log(`cancelled: ${task.cancelled()}`);
    }
  },
);
