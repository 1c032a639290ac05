// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertFalse,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  getRunningLoop,
  RuntimeError,
  type Task,
} from "../loop/mod.ts";
import { createTask, run, sleep } from "../tasks/mod.ts";
import { inVirtualTime } from "../testing/mod.ts";
import { RateLimiter } from "./mod.ts";

function now(): number {
  return getRunningLoop().time();
}

/** Starts tasks that acquire one after the other, and log when, in seconds from now. */
function acquirers(limiter: RateLimiter, count: number, log: number[]) {
  const start = now();
  return Array.from({ length: count }, () =>
    createTask(async () => {
      await limiter.acquire();
      log.push(now() - start);
    }));
}

async function all(tasks: readonly Task<unknown>[]): Promise<void> {
  for (const task of tasks) await task;
}

Deno.test("RateLimiter() checks its arguments", () => {
  const wrong: [() => unknown, typeof RangeError | typeof TypeError, string][] =
    [
      [
        () => new RateLimiter(0),
        RangeError,
        "The count of a rate limiter must be a number greater than 0: received 0",
      ],
      [
        () => new RateLimiter("1" as unknown as number),
        TypeError,
        'The count of a rate limiter must be a number: received "1"',
      ],
      [
        () => new RateLimiter(1, { per: 0 }),
        RangeError,
        "The per of RateLimiter() must be a number greater than 0: received 0",
      ],
      [
        () => new RateLimiter(1, { per: "s" as unknown as number }),
        TypeError,
        'The per of RateLimiter() must be a number of seconds or a Temporal.Duration: received "s"',
      ],
      [
        () => new RateLimiter(1, { burst: 0.5 }),
        RangeError,
        "The burst option must be a number of at least 1: received 0.5",
      ],
    ];
  for (const [make, type, message] of wrong) assertThrows(make, type, message);
});

Deno.test(
  "RateLimiter lets a burst pass, then one at a time",
  inVirtualTime(async () => {
    const limiter = new RateLimiter(4, { burst: 2 });
    const log: number[] = [];
    await all(acquirers(limiter, 5, log));
    assertEquals(log, [0, 0, 0.25, 0.5, 0.75]);
  }),
);

Deno.test(
  "RateLimiter has a burst of count by default",
  inVirtualTime(async () => {
    const log: number[] = [];
    await all(acquirers(new RateLimiter(2, { per: 10 }), 4, log));
    assertEquals(log, [0, 0, 5, 10]);
  }),
);

Deno.test(
  "RateLimiter takes a count below 1",
  inVirtualTime(async () => {
    const log: number[] = [];
    await all(acquirers(new RateLimiter(0.5), 3, log));
    assertEquals(log, [0, 2, 4]);
  }),
);

Deno.test(
  "RateLimiter takes a duration",
  inVirtualTime(async () => {
    const per = { total: () => 60 };
    const log: number[] = [];
    await all(acquirers(new RateLimiter(1, { per }), 2, log));
    assertEquals(log, [0, 60]);
  }),
);

Deno.test(
  "RateLimiter without an end to its period lets only the burst pass",
  inVirtualTime(async () => {
    const limiter = new RateLimiter(1, { per: Infinity, burst: 2 });
    assertEquals(
      [limiter.tryAcquire(), limiter.tryAcquire(), limiter.tryAcquire()],
      [true, true, false],
    );
    await sleep(1e9);
    assertFalse(limiter.tryAcquire());
  }),
);

Deno.test("RateLimiter with an infinite count limits nothing", () => {
  const limiter = new RateLimiter(Infinity);
  for (let i = 0; i < 1000; i++) assert(limiter.tryAcquire());
});

Deno.test(
  "RateLimiter is full at first, whatever the clock says",
  inVirtualTime(async () => {
    const log: number[] = [];
    await all(acquirers(new RateLimiter(1), 2, log));
    assertEquals(log, [0, 1]);
  }, { start: -100 }),
);

Deno.test(
  "RateLimiter saves up no more than a burst during a pause",
  inVirtualTime(async () => {
    const limiter = new RateLimiter(1, { burst: 3 });
    await sleep(100);
    const log: number[] = [];
    await all(acquirers(limiter, 4, log));
    await sleep(100);
    await all(acquirers(limiter, 4, log));
    assertEquals(log, [0, 0, 0, 1, 0, 0, 0, 1]);
  }),
);

Deno.test(
  "RateLimiter keeps its rate without drift",
  inVirtualTime(async () => {
    const limiter = new RateLimiter(3, { burst: 1 });
    const start = now();
    for (let i = 0; i < 10_001; i++) await limiter.acquire();
    assertAlmostEquals(now() - start, 10_000 / 3, 1e-9);
  }),
);

Deno.test(
  "RateLimiter.acquire() does not yield if the rate allows it",
  inVirtualTime(async () => {
    let ran = false;
    createTask(() => ran = true);
    using guard = await new RateLimiter(1).acquire();
    assertFalse(ran);
    guard.release();
  }),
);

Deno.test(
  "RateLimiter.acquire() is served in FIFO order, behind those that wait",
  inVirtualTime(async () => {
    const limiter = new RateLimiter(1);
    const log: string[] = [];
    const acquire = (name: string) =>
      createTask(async () => {
        await limiter.acquire();
        log.push(name);
      });
    const tasks = ["a", "b", "c"].map(acquire);
    await sleep(1);
    // "b" has its token, and "c" waits for the next.
    tasks.push(acquire("d"));
    assertFalse(limiter.tryAcquire());
    await all(tasks);
    assertEquals(log, ["a", "b", "c", "d"]);
    assertEquals(now(), 3);
  }, { start: 0 }),
);

Deno.test(
  "RateLimiter.acquire() that is cancelled gives its place to the next task",
  inVirtualTime(async () => {
    const limiter = new RateLimiter(1);
    const log: number[] = [];
    const [first, waiting, woken, last] = acquirers(limiter, 4, log);
    await first;
    waiting!.cancel();
    await assertRejects(() => waiting!, CancelledError);
    getRunningLoop().callLater(1, () => {
      // The limiter's timer was set first: its turn has come, that of the task has not.
      woken!.cancel();
    });
    await last;
    assertEquals(log, [0, 1]);
    assert(woken!.cancelled());
  }),
);

Deno.test(
  "RateLimiter leaves no timer when all that wait are cancelled",
  () =>
    run(async () => {
      const limiter = new RateLimiter(1, { per: 3600 });
      const tasks = acquirers(limiter, 3, []);
      await tasks[0];
      await sleep(0);
      for (const task of tasks) task.cancel();
      for (const task of tasks.slice(1)) {
        await assertRejects(() => task, CancelledError);
      }
      assertEquals(Deno.inspect(limiter), "<RateLimiter [1 per 3600 s]>");
    }),
);

Deno.test(
  "RateLimiter.tryAcquire() acquires only what takes no wait",
  inVirtualTime(async () => {
    const limiter = new RateLimiter(2, { burst: 1 });
    assert(limiter.tryAcquire());
    assertFalse(limiter.tryAcquire());
    await sleep(0.5);
    assert(limiter.tryAcquire());
  }),
);

Deno.test("RateLimiter keeps its rate in real time", () =>
  run(async () => {
    const limiter = new RateLimiter(1000, { burst: 1 });
    const start = now();
    for (let i = 0; i < 21; i++) await limiter.acquire();
    assert(now() - start >= 0.02 - 1e-9);
  }));

Deno.test("RateLimiter.acquire() fails if it has to wait in another loop", async () => {
  const limiter = new RateLimiter(1, { per: 3600 });
  await run(async () => {
    const [, second] = acquirers(limiter, 2, []);
    await sleep(0);
    assertEquals(String(limiter), "<RateLimiter [1 per 3600 s, waiters:1]>");
    second!.cancel();
    await assertRejects(() => second!, CancelledError);
  });
  await assertRejects(
    () => limiter.acquire(),
    RuntimeError,
    "Cannot wait for the rate limiter as it is bound to another event loop",
  );
});

Deno.test("RateLimiter.acquire() is not delayed by the later clock of another loop", async () => {
  const limiter = new RateLimiter(10);
  await inVirtualTime(() => limiter.acquire(), { start: 1000 })();
  await inVirtualTime(async () => {
    for (let i = 0; i < 10; i++) await limiter.acquire();
    assertEquals(now(), 0);
  })();
});
