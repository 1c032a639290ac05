// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import {
  CancelledError,
  getRunningLoop,
  KeyboardInterrupt,
  RuntimeError,
} from "../loop/mod.ts";
import { cancelEverywhere } from "../testing/cancel_everywhere.ts";
import { inVirtualTime } from "../testing/in_virtual_time.ts";
import { backoff } from "./retry.ts";
import { createTask } from "./create_task.ts";
import { sleep } from "./sleep.ts";
import { supervise, type SuperviseOptions } from "./supervise.ts";

/** Supervises runs of given lengths, each of which fails, but for a last one that returns; gives when they began. */
async function failingRuns(
  lengths: readonly number[],
  options: SuperviseOptions,
): Promise<number[]> {
  const loop = getRunningLoop();
  const start = loop.time();
  const times: number[] = [];
  await supervise(async () => {
    const length = lengths[times.length];
    times.push(loop.time() - start);
    if (length === undefined) return;
    await sleep(length);
    throw new Error(`run ${times.length}`);
  }, options);
  return times;
}

const DOUBLING = backoff({ first: 1, jitter: "none" });

Deno.test(
  "supervise() restarts a function that fails, until it returns",
  inVirtualTime(async () => {
    const restarted: unknown[] = [];
    const times = await failingRuns([0, 0, 0], {
      delay: DOUBLING,
      onRestart: (error, restarts, delay) =>
        restarted.push([(error as Error).message, restarts, delay]),
    });
    assertEquals(times, [0, 1, 3, 7]);
    assertEquals(restarted, [["run 1", 1, 1], ["run 2", 2, 2], [
      "run 3",
      3,
      4,
    ]]);
  }),
);

Deno.test(
  "supervise() begins its delays anew after a run longer than the last one",
  inVirtualTime(async () => {
    // Delays of 1, 2, 4; then a run of 4 seconds is not longer than 4, and one of 9 is longer than 8.
    const times = await failingRuns([0, 0, 0, 4, 9, 0], { delay: DOUBLING });
    assertEquals(times, [0, 1, 3, 7, 19, 29, 31]);
  }),
);

Deno.test(
  "supervise() takes any delay",
  inVirtualTime(async () => {
    assertEquals(await failingRuns([0, 0], { delay: 5 }), [0, 5, 10]);
    assertEquals(await failingRuns([0, 0], { delay: -1 }), [0, 0, 0]);
    const seen: unknown[] = [];
    const delay = (attempt: number, error: unknown) => {
      seen.push([attempt, (error as Error).message]);
      return { total: () => 2 };
    };
    assertEquals(await failingRuns([0, 0], { delay }), [0, 2, 4]);
    assertEquals(seen, [[1, "run 1"], [2, "run 2"]]);
  }),
);

Deno.test(
  "supervise() restarts a function that returns where asked to",
  inVirtualTime(async () => {
    let runs = 0;
    const restarted: unknown[] = [];
    await assertRejects(
      () =>
        supervise(async () => {
          await sleep(1);
          if (++runs === 2) throw new Error("failed");
          if (runs === 4) throw new KeyboardInterrupt("enough");
        }, {
          restart: "always",
          delay: 1,
          onRestart: (error, restarts) => restarted.push([error, restarts]),
        }),
      KeyboardInterrupt,
      "enough",
    );
    assertEquals(runs, 4);
    assertEquals(restarted.length, 3);
    assertEquals(restarted[0], [undefined, 1]);
  }),
);

Deno.test(
  "supervise() throws the last error past its limit",
  inVirtualTime(async () => {
    const loop = getRunningLoop();
    const errors: Error[] = [];
    const fail = () => {
      errors.push(new Error(`run ${errors.length}`));
      throw errors.at(-1);
    };
    for (const restarts of [0, 1, 3]) {
      errors.length = 0;
      const begin = loop.time();
      const error = await assertRejects(() =>
        supervise(fail, { delay: 1, limit: { restarts, within: 100 } })
      );
      assertEquals(errors.length, restarts + 1);
      assertStrictEquals(error, errors.at(-1));
      assertEquals(loop.time() - begin, restarts);
    }
  }),
);

Deno.test(
  "supervise() counts only the restarts within the time of its limit",
  inVirtualTime(async () => {
    let runs = 0;
    const limit = { restarts: 2, within: 10 };
    // A failure every 5 seconds: at any time two restarts lie within 10 seconds.
    await supervise(async () => {
      await sleep(4);
      if (++runs < 50) throw new Error("again");
    }, { delay: 1, limit });
    assertEquals(runs, 50);
    runs = 0;
    await assertRejects(() =>
      supervise(async () => {
        await sleep(3);
        runs++;
        throw new Error("too often");
      }, { delay: 1, limit })
    );
    assertEquals(runs, 3);
  }),
);

Deno.test(
  "supervise() throws RuntimeError if the function returned too often",
  inVirtualTime(async () => {
    await assertRejects(
      () =>
        supervise(() => {}, {
          restart: "always",
          delay: 0,
          limit: { restarts: 5, within: 60 },
        }),
      RuntimeError,
      "returned too often",
    );
  }),
);

Deno.test(
  "supervise() does not restart after a cancellation",
  inVirtualTime(async () => {
    let runs = 0;
    for (const hides of [false, true]) {
      runs = 0;
      const task = createTask(() =>
        supervise(async () => {
          runs++;
          try {
            await sleep(60);
          } catch (error) {
            throw hides ? new RangeError("hides it") : error;
          }
        }, { restart: "always", delay: 0 })
      );
      await sleep(1);
      task.cancel();
      await assertRejects(() => task, hides ? RangeError : CancelledError);
      assertEquals(runs, 1);
    }
    await assertRejects(
      () =>
        supervise(() => {
          runs++;
          throw new CancelledError("own");
        }),
      CancelledError,
      "own",
    );
    assertEquals(runs, 2);
  }),
);

Deno.test(
  "supervise() does not restart a function that returns when it is cancelled",
  inVirtualTime(async () => {
    let runs = 0;
    const task = createTask(() =>
      supervise(async () => {
        runs++;
        await sleep(60).catch(() => {});
      }, { restart: "always" })
    );
    await sleep(1);
    task.cancel();
    await task;
    assertEquals(runs, 1);
  }),
);

Deno.test(
  "supervise() ends its delay when it is cancelled",
  inVirtualTime(async () => {
    const loop = getRunningLoop();
    const begin = loop.time();
    const task = createTask(() =>
      supervise(() => Promise.reject(new Error()), { delay: 3600 })
    );
    await sleep(1);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    assertEquals(loop.time() - begin, 1);
  }),
);

Deno.test(
  "supervise() throws what a function of its options throws",
  inVirtualTime(async () => {
    const trap = () => {
      throw new RangeError("trap");
    };
    for (const options of [{ delay: trap }, { onRestart: trap }]) {
      await assertRejects(
        () => supervise(() => Promise.reject(new Error()), options),
        RangeError,
        "trap",
      );
    }
  }),
);

Deno.test("supervise() works outside every task", async () => {
  let runs = 0;
  await supervise(() => {
    if (++runs < 3) throw new Error("again");
  }, { delay: 0.001 });
  assertEquals(runs, 3);
});

Deno.test(
  "supervise() refuses wrong limits before it begins",
  inVirtualTime(async () => {
    let runs = 0;
    for (
      const limit of [
        5,
        null,
        {},
        { restarts: 1 },
        { restarts: -1, within: 1 },
        { restarts: 1, within: 0 },
      ]
    ) {
      const error = await assertRejects(() =>
        supervise(() => void runs++, { limit: limit as never })
      );
      assert(error instanceof TypeError || error instanceof RangeError);
    }
    assertEquals(runs, 0);
  }),
);

Deno.test("supervise() leaves nothing running wherever it is cancelled", async () => {
  const awaits = await cancelEverywhere(() => {
    let running = 0;
    let runs = 0;
    return {
      body: () =>
        supervise(async () => {
          running++;
          try {
            await sleep(1);
            if (++runs < 3) throw new Error("again");
          } finally {
            running--;
          }
        }, { delay: 1 }),
      check: () => assertEquals(running, 0),
    };
  });
  assertEquals(awaits, 5);
});
