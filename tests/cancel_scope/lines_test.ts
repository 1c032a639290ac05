// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertFalse } from "@std/assert";
import {
  cancelScope,
  createTask,
  currentTask,
  Event,
  getRunningLoop,
  run,
  shielded,
  sleep,
  taskGroup,
  timeout,
  TimeoutError,
} from "../../mod.ts";
import { inVirtualTime } from "../../testing/mod.ts";

// What the random programs of tests/properties/scopes_test.ts have found, one by one.

/** Something of the platform that nothing interrupts. */
function foreign(seconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  getRunningLoop().callLater(seconds, resolve);
  return promise;
}

/** Something of the platform that fails when a signal aborts. */
function obedient(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

/** Runs a body as a task that is cancelled after a second; returns the outcomes, with their times. */
async function cancelled(body: (log: Log) => Promise<unknown>) {
  const entries: string[] = [];
  const log: Log = async (name, promise) => {
    try {
      await promise;
      entries.push(`${name} ended at ${time()}`);
    } catch (error) {
      entries.push(`${name} threw at ${time()}`);
      throw error;
    }
  };
  const task = createTask(() => body(log));
  getRunningLoop().callLater(1, () => task.cancel());
  await task.catch(() => {});
  return entries;
}

type Log = (name: string, promise: PromiseLike<unknown>) => Promise<void>;

function time(): number {
  return Math.round(getRunningLoop().time() * 10) / 10;
}

const patience = { patience: 0 };

Deno.test(
  "A call that a shield leaves behind is cancelled when the shield is lifted",
  inVirtualTime(async () => {
    const entries = await cancelled(async (log) => {
      let call: Promise<void> | undefined;
      await shielded(async () => {
        call = log("call", sleep(9)).catch(() => {});
        await sleep(2);
      });
      await foreign(0.5);
      await call;
    });
    assertEquals(entries, ["call threw at 2"]);
  }, patience),
);

Deno.test(
  "A line that leaves a shield is cancelled, though another was that is under way",
  inVirtualTime(async () => {
    const entries = await cancelled((log) =>
      Promise.allSettled([
        (async () => {
          await shielded(() => sleep(2));
          await log("after the shield", sleep(1));
        })(),
        log("alongside", sleep(9)),
      ])
    );
    assertEquals(entries, [
      "alongside threw at 1",
      "after the shield threw at 2",
    ]);
  }, patience),
);

Deno.test(
  "A signal that has been aborted before it is read delivers the request",
  inVirtualTime(async () => {
    const entries = await cancelled(async (log) => {
      await foreign(2);
      try {
        await log("obedient", obedient(currentTask()!.signal));
      } finally {
        await log("clean-up", sleep(1));
      }
    });
    assertEquals(entries, ["obedient threw at 2", "clean-up ended at 3"]);
  }, patience),
);

Deno.test(
  "A signal that is only looked at does not use up the request",
  inVirtualTime(async () => {
    const entries = await cancelled(async (log) => {
      await foreign(2);
      assert(currentTask()!.signal.aborted);
      await log("sleep", sleep(1));
    });
    assertEquals(entries, ["sleep threw at 2"]);
  }, patience),
);

Deno.test(
  "A signal of a limit that ended is followed by another for what the limit left behind",
  inVirtualTime(async () => {
    let left: Promise<void> | undefined;
    await timeout(1, async () => {
      left = cancelScope(async () => {
        currentTask()!.signal;
        await foreign(2);
        assertFalse(currentTask()!.signal.aborted);
      });
      await sleep(9);
    }).catch(() => {});
    await left;
  }, patience),
);

Deno.test(
  "A function that reads a signal and one that sleeps alongside are each cancelled once",
  inVirtualTime(async () => {
    const entries = await cancelled((log) =>
      Promise.allSettled([
        (async () => {
          try {
            await log("obedient", obedient(currentTask()!.signal));
          } finally {
            await log("clean-up", sleep(2));
          }
        })(),
        log("sleep", sleep(9)),
      ])
    );
    assertEquals(entries, [
      "obedient threw at 1",
      "sleep threw at 1",
      "clean-up ended at 3",
    ]);
  }, patience),
);

Deno.test(
  "A clean-up after several calls is not cancelled a second time, whichever of them ended first",
  inVirtualTime(async () => {
    const entries = await cancelled(async (log) => {
      try {
        await Promise.all([log("first", sleep(9)), log("second", sleep(9))]);
      } finally {
        await log("clean-up", sleep(1));
      }
    });
    assertEquals(entries, [
      "first threw at 1",
      "second threw at 1",
      "clean-up ended at 2",
    ]);
  }, patience),
);

Deno.test(
  "A clean-up with a group among several calls is not cancelled a second time",
  inVirtualTime(async () => {
    const entries = await cancelled(async (log) => {
      try {
        await sleep(9);
      } finally {
        await Promise.all([
          taskGroup(() => log("group", sleep(1))),
          log("sleep", sleep(1)),
        ]);
      }
    });
    assertEquals(entries, ["group ended at 2", "sleep ended at 2"]);
  }, patience),
);

Deno.test(
  "A line in a limit does not miss a request because one outside it cleans up",
  inVirtualTime(async () => {
    const entries = await cancelled((log) =>
      Promise.allSettled([
        (async () => {
          try {
            await timeout(9, () => sleep(9));
          } finally {
            await log("clean-up", sleep(3));
          }
        })(),
        (async () => {
          await foreign(2);
          await log("after the promise", sleep(9));
        })(),
        timeout(9, async () => {
          currentTask()!.signal;
          await foreign(2.5);
          await log("in the limit", sleep(9));
        }),
      ])
    );
    assertEquals(entries, [
      "after the promise threw at 2",
      "in the limit threw at 2.5",
      "clean-up ended at 4",
    ]);
  }, patience),
);

Deno.test(
  "cancelScope() catches its own cancellation after one from before was taken back",
  inVirtualTime(async () => {
    let left: Promise<unknown> | undefined;
    await taskGroup(async (group) => {
      getRunningLoop().callLater(1, () => group.cancel());
      left = sleep(9).catch(() =>
        cancelScope(async (scope) => {
          getRunningLoop().callLater(1, () => scope.cancel());
          await sleep(9);
        })
      );
      await sleep(9);
    });
    assertEquals(await left, undefined);
  }, patience),
);

Deno.test(
  "A TimeoutError is not a cancellation, even if a signal's reason is its cause",
  inVirtualTime(async () => {
    const outcome = await taskGroup(async () => {
      await timeout(1, () => obedient(currentTask()!.signal));
    }).catch((error) => error.exceptions);
    assert(outcome[0] instanceof TimeoutError);
  }, patience),
);

Deno.test("A line is cancelled in sleep(0) after a promise, although the task waits elsewhere", async () => {
  const ends: string[] = [];
  const over = new Event();
  await run(() =>
    Promise.all([
      over.wait(),
      cancelScope(async (scope) => {
        scope.cancel();
        await new Promise((resolve) => setTimeout(resolve));
        try {
          await sleep(0);
          ends.push("not cancelled");
        } finally {
          over.set();
        }
      }),
    ])
  );
  assertEquals(ends, []);
});
