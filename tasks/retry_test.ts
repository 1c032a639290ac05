// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  getRunningLoop,
  KeyboardInterrupt,
  TimeoutError,
} from "../loop/mod.ts";
import { cancelEverywhere } from "../testing/cancel_everywhere.ts";
import { inVirtualTime } from "../testing/in_virtual_time.ts";
import { backoff, retry, type RetryOptions } from "./retry.ts";
import { createTask } from "./create_task.ts";
import { sleep } from "./sleep.ts";
import { timeout } from "./timeout.ts";

/** Delays of 1, 2, 4, … seconds. */
const SECONDS = backoff({ first: 1, jitter: "none" });

/** Retries a function that always fails; returns the times of the attempts and the error. */
async function failing(
  options: RetryOptions,
  errorOf: (attempt: number) => unknown = (n) => new Error(`attempt ${n}`),
) {
  const times: number[] = [];
  const loop = getRunningLoop();
  const begin = loop.time();
  let error: unknown;
  try {
    await retry((attempt) => {
      times.push(loop.time() - begin);
      throw errorOf(attempt);
    }, options);
  } catch (caught) {
    error = caught;
  }
  return { times, error, elapsed: loop.time() - begin };
}

Deno.test(
  "retry() returns the first result, after exact delays",
  inVirtualTime(async () => {
    const begin = getRunningLoop().time();
    const attempts: number[] = [];
    const result = await retry(async (attempt) => {
      attempts.push(attempt);
      await sleep(1);
      if (attempt < 3) throw new Error("not yet");
      return "done";
    }, { delay: SECONDS });
    assertEquals(result, "done");
    assertEquals(attempts, [1, 2, 3]);
    assertEquals(getRunningLoop().time() - begin, 6);
  }),
);

Deno.test(
  "retry() tries three times by default",
  inVirtualTime(async () => {
    const { times, error } = await failing({});
    assertEquals(times.length, 3);
    assertEquals((error as Error).message, "attempt 3");
  }),
);

Deno.test(
  "retry() takes a delay as a number, a duration or a function",
  inVirtualTime(async () => {
    const duration = { total: () => 5 };
    assertEquals((await failing({ delay: 5 })).times, [0, 5, 10]);
    assertEquals((await failing({ delay: duration })).times, [0, 5, 10]);
    assertEquals((await failing({ delay: -1 })).times, [0, 0, 0]);
    const seen: unknown[] = [];
    const { times } = await failing({
      delay: (attempt, error) => {
        seen.push([attempt, (error as Error).message]);
        return attempt === 1 ? 7 : duration;
      },
    });
    assertEquals(times, [0, 7, 12]);
    assertEquals(seen, [[1, "attempt 1"], [2, "attempt 2"]]);
  }),
);

Deno.test(
  "retry() goes on without end where asked to",
  inVirtualTime(async () => {
    const result = await retry((attempt) => {
      if (attempt < 1000) throw new Error("no");
      return attempt;
    }, { attempts: Infinity });
    assertEquals(result, 1000);
  }),
);

Deno.test(
  "retry() asks `when` whether to go on",
  inVirtualTime(async () => {
    const asked: unknown[] = [];
    const { times, error } = await failing({
      attempts: 9,
      delay: 1,
      when: (error, attempt) => {
        asked.push([(error as Error).message, attempt]);
        return attempt < 2;
      },
    });
    assertEquals(times, [0, 1]);
    assertEquals((error as Error).message, "attempt 2");
    assertEquals(asked, [["attempt 1", 1], ["attempt 2", 2]]);
  }),
);

Deno.test(
  "retry() refuses an answer of `when` that is not a boolean",
  inVirtualTime(async () => {
    const when = (() => Promise.resolve(false)) as unknown as () => boolean;
    const { error, times } = await failing({ when });
    assertInstanceOf(error, TypeError);
    assertEquals(times.length, 1);
  }),
);

Deno.test(
  "retry() calls `onRetry` before each delay",
  inVirtualTime(async () => {
    const told: unknown[] = [];
    await failing({
      delay: SECONDS,
      onRetry: (error, attempt, delay) =>
        told.push([(error as Error).message, attempt, delay]),
    });
    assertEquals(told, [["attempt 1", 1, 1], ["attempt 2", 2, 2]]);
  }),
);

Deno.test(
  "retry() throws what a function of its options throws",
  inVirtualTime(async () => {
    const trap = () => {
      throw new RangeError("trap");
    };
    for (const name of ["when", "delay", "onRetry"]) {
      const { error, times } = await failing({ [name]: trap });
      assertInstanceOf(error, RangeError);
      assertEquals(times.length, 1);
    }
  }),
);

Deno.test(
  "retry() makes each error the cause of the next",
  inVirtualTime(async () => {
    const { error } = await failing({});
    const messages = [];
    for (
      let each: unknown = error;
      each instanceof Error;
      each = each.cause
    ) messages.push(each.message);
    assertEquals(messages, ["attempt 3", "attempt 2", "attempt 1"]);
    assertEquals(Object.keys(error as Error), []);
  }),
);

Deno.test(
  "retry() keeps the cause that an error has",
  inVirtualTime(async () => {
    const cause = new Error("own");
    const { error } = await failing({}, () => new Error("x", { cause }));
    assertStrictEquals((error as Error).cause, cause);
  }),
);

Deno.test(
  "retry() makes no circles of causes, and leaves frozen errors alone",
  inVirtualTime(async () => {
    const same = new Error("same");
    assertStrictEquals((await failing({}, () => same)).error, same);
    assertEquals(same.cause, undefined);

    const other = new Error("other");
    const odd = await failing({}, (n) => n % 2 === 1 ? same : other);
    assertStrictEquals(odd.error, same);
    assertStrictEquals(other.cause, same);
    assertEquals(same.cause, undefined);

    const frozen = Object.freeze(new Error("frozen"));
    assertStrictEquals((await failing({}, () => frozen)).error, frozen);
    const last = await failing(
      {},
      (n) => n === 3 ? Object.freeze(new Error("frozen")) : new Error(),
    );
    assertEquals((last.error as Error).cause, undefined);
  }),
);

Deno.test(
  "retry() passes on whatever is thrown",
  inVirtualTime(async () => {
    for (const value of [undefined, null, 0, "text", Object.create(null)]) {
      const { times, error } = await failing({ delay: 1 }, () => value);
      assertStrictEquals(error, value);
      assertEquals(times, [0, 1, 2]);
    }
    const { error } = await failing({}, (n) => n < 3 ? "text" : new Error("e"));
    assertEquals((error as Error).cause, "text");
  }),
);

Deno.test(
  "retry() does not keep all errors of an endless row of attempts",
  inVirtualTime(async () => {
    const { error } = await failing({ attempts: 10_000, delay: 0 });
    let length = 0;
    for (let each = error; each instanceof Error; each = each.cause) length++;
    assertEquals(length, 100);
  }),
);

Deno.test(
  "retry() does not retry a cancellation or an interrupt",
  inVirtualTime(async () => {
    const cancelled = new CancelledError("other");
    for (
      const error of [
        cancelled,
        new Error("wrapped", { cause: cancelled }),
        new KeyboardInterrupt(),
      ]
    ) {
      const result = await failing({}, () => error);
      assertEquals(result.times.length, 1);
      assertStrictEquals(result.error, error);
    }
  }),
);

Deno.test(
  "retry() retries the time limit of one attempt",
  inVirtualTime(async () => {
    const begin = getRunningLoop().time();
    const error = await assertRejects(
      () => retry(() => timeout(2, () => sleep(60)), { delay: 1 }),
      TimeoutError,
    );
    assertEquals(getRunningLoop().time() - begin, 8);
    // The cause of a time limit that was reached is its cancellation.
    assertInstanceOf(error.cause, CancelledError);
  }),
);

Deno.test(
  "retry() begins no attempt once its task is cancelled, whatever the attempt throws",
  inVirtualTime(async () => {
    let attempts = 0;
    const task = createTask(() =>
      retry(async () => {
        attempts++;
        try {
          await sleep(60);
        } catch {
          throw new RangeError("hides the cancellation");
        }
      })
    );
    await sleep(1);
    task.cancel();
    await assertRejects(() => task, RangeError);
    assertEquals(attempts, 1);
  }),
);

Deno.test("retry() is cancelled after an attempt that cannot be interrupted", async () => {
  let attempts = 0;
  const gate = Promise.withResolvers<void>();
  const task = createTask(() =>
    retry(async () => {
      attempts++;
      await gate.promise;
      throw new RangeError("failed");
    })
  );
  await sleep(0.001);
  task.cancel();
  gate.resolve();
  await assertRejects(() => task, CancelledError);
  assertEquals(attempts, 1);
});

Deno.test(
  "retry() retries in the clean-up of a cancelled task",
  inVirtualTime(async () => {
    let attempts = 0;
    const task = createTask(async () => {
      try {
        await sleep(60);
      } finally {
        await retry(async () => {
          await sleep(1);
          if (++attempts < 3) throw new Error("not yet");
        });
      }
    });
    await sleep(1);
    task.cancel();
    await task.catch(() => {});
    assert(task.cancelled());
    assertEquals(attempts, 3);
  }),
);

Deno.test(
  "retry() ends a delay at once when its task is cancelled",
  inVirtualTime(async () => {
    const begin = getRunningLoop().time();
    const task = createTask(() => failing({ delay: 3600 }));
    await sleep(1);
    task.cancel();
    const { error } = await task;
    assertInstanceOf(error, CancelledError);
    assertEquals(getRunningLoop().time() - begin, 1);
  }),
);

Deno.test(
  "retry() throws TimeoutError when `within` ends a delay",
  inVirtualTime(async () => {
    const { times, error, elapsed } = await failing({
      attempts: Infinity,
      delay: SECONDS,
      within: 5,
    });
    assertEquals(times, [0, 1, 3]);
    assertEquals(elapsed, 5);
    assertInstanceOf(error, TimeoutError);
    const cause = error.cause as Error;
    assertEquals(cause.message, "attempt 3");
    assertEquals((cause.cause as Error).message, "attempt 2");
  }),
);

Deno.test(
  "retry() throws TimeoutError when `within` ends an attempt",
  inVirtualTime(async () => {
    const first = await assertRejects(
      () => retry(() => sleep(60), { within: 2 }),
      TimeoutError,
    );
    assertInstanceOf(first.cause, CancelledError);

    const second = await assertRejects(
      () =>
        retry(async (attempt) => {
          if (attempt === 1) throw new RangeError("first");
          await sleep(60);
        }, { within: 2, delay: 1 }),
      TimeoutError,
    );
    assertInstanceOf(second.cause, RangeError);

    const wrapped = await assertRejects(
      () =>
        retry(async () => {
          try {
            await sleep(60);
          } catch {
            throw new RangeError("own");
          }
        }, { within: 2 }),
      TimeoutError,
    );
    assertInstanceOf(wrapped.cause, RangeError);
  }),
);

Deno.test(
  "retry() throws the cancellation, not TimeoutError, when both come",
  inVirtualTime(async () => {
    const task = createTask(() => retry(() => sleep(60), { within: 1 }));
    getRunningLoop().callLater(1, () => task.cancel());
    await assertRejects(() => task, CancelledError);
  }),
);

Deno.test("retry() works outside every task", async () => {
  const result = await retry((attempt) => {
    if (attempt === 1) throw new Error("no");
    return attempt;
  }, { delay: 0.001, within: 10 });
  assertEquals(result, 2);
  assertEquals(await retry(() => 1), 1);
});

Deno.test("retry() leaves nothing behind wherever it is cancelled", async () => {
  const awaits = await cancelEverywhere(() => {
    let running = 0;
    return {
      body: () =>
        retry(async (attempt) => {
          running++;
          try {
            await sleep(1);
            if (attempt < 3) throw new Error("not yet");
          } finally {
            running--;
          }
        }, { delay: 1, within: 60 }),
      check: () => assertEquals(running, 0),
    };
  });
  assertEquals(awaits, 5);
});

const ATTEMPTS = [1, 2, 3, 4, 5, 6];

Deno.test("backoff() grows by the factor up to the longest delay", () => {
  const delay = backoff({ first: 1, factor: 3, max: 20, jitter: "none" });
  assertEquals(ATTEMPTS.map(delay), [1, 3, 9, 20, 20, 20]);
});

Deno.test("backoff() begins with 0.1, doubles, and ends at 30 by default", () => {
  const delay = backoff({ random: () => 1 });
  assertEquals(ATTEMPTS.map(delay), [0.1, 0.2, 0.4, 0.8, 1.6, 3.2]);
  assertEquals(delay(100), 30);
  assertEquals(delay(100_000), 30);
});

Deno.test("backoff() takes a random part of each delay", () => {
  const parts = [0, 0.5, 1];
  const delay = backoff({ first: 4, random: () => parts.shift()! });
  assertEquals([1, 2, 3].map(delay), [0, 4, 16]);
  const natural = backoff({ first: 1 });
  for (let i = 0; i < 100; i++) {
    const seconds = natural(3);
    assert(seconds >= 0 && seconds <= 4);
  }
});

Deno.test("backoff() gives a number whatever the bounds", () => {
  assertEquals(backoff({ first: 0, factor: Infinity })(1000), 0);
  const endless = backoff({ max: Infinity, random: () => 0 });
  assertEquals(endless(100_000), 0);
  assertEquals(backoff({ max: Infinity, jitter: "none" })(1e5), Infinity);
  assertEquals(backoff({ factor: 1, jitter: "none" })(1e5), 0.1);
});

Deno.test("backoff() refuses a random number that is none", () => {
  const delay = backoff({ random: () => NaN });
  assertThrows(() => delay(1), RangeError, "from 0 to 1: received NaN");
});
