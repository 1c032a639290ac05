// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import {
  CancelledError,
  ExceptionGroup,
  getRunningLoop,
  KeyboardInterrupt,
  TimeoutError,
} from "../loop/mod.ts";
import { Semaphore } from "../sync/semaphore.ts";
import { cancelEverywhere } from "../testing/cancel_everywhere.ts";
import { explore } from "../testing/explore.ts";
import { inVirtualTime } from "../testing/in_virtual_time.ts";
import { allTasks, createTask, currentTask } from "./create_task.ts";
import { CancelScope } from "./cancel_scope.ts";
import { firstSuccess, race } from "./race.ts";
import { sleep } from "./sleep.ts";
import { timeout } from "./timeout.ts";

function failAfter(delay: number, error: unknown) {
  return async () => {
    await sleep(delay);
    throw error;
  };
}

/** Collects what reaches the exception handler. */
function reports(): unknown[] {
  const reported: unknown[] = [];
  getRunningLoop().setExceptionHandler((_, { exception }) =>
    reported.push((exception as Error).message)
  );
  return reported;
}

for (const call of [race, firstSuccess]) {
  const { name } = call;

  Deno.test(
    `${name}() returns the first result, after the others have ended`,
    inVirtualTime(async () => {
      const log: unknown[] = [];
      const begin = getRunningLoop().time();
      const winner = await call([2, 1, 3].map((n) => async () => {
        try {
          await sleep(n);
          return n;
        } catch (error) {
          await sleep(10);
          assertInstanceOf(error, CancelledError);
          log.push(n);
        }
        return -n;
      }));
      assertEquals(winner, 1);
      assertEquals(log, [2, 3]);
      assertEquals(getRunningLoop().time() - begin, 11);
      assertEquals(allTasks().size, 1);
    }),
  );

  Deno.test(
    `${name}() takes functions that are not async`,
    inVirtualTime(async () => {
      assertEquals(await call([() => 1, () => sleep(0, 2)]), 1);
      assertEquals(await call([() => sleep(0, 2), () => 1]), 1);
      assertEquals(await call([() => undefined]), undefined);
    }),
  );

  Deno.test(
    `${name}() prefers the first of several that settle at the same time`,
    inVirtualTime(async () => {
      assertEquals(await call([1, 2, 3].map((n) => () => sleep(1, n))), 1);
    }),
  );

  Deno.test(
    `${name}() is cancelled with everything in it`,
    inVirtualTime(async () => {
      let cleaned = 0;
      const task = createTask(() =>
        call([1, 2].map(() => async () => {
          try {
            await sleep(3600);
          } finally {
            await sleep(5);
            cleaned++;
          }
        }))
      );
      await sleep(1);
      task.cancel("first");
      await sleep(1);
      task.cancel("second");
      await assertRejects(() => task, CancelledError);
      assertEquals(cleaned, 2);
    }),
  );

  Deno.test(
    `${name}() awaits the losers in a persistent scope that is cancelled`,
    inVirtualTime(async () => {
      const begin = getRunningLoop().time();
      let cleaned = 0;
      const scope = new CancelScope({ deadline: begin + 1, persistent: true });
      await scope.run(() =>
        call([1, 2].map(() => async () => {
          try {
            await sleep(60);
          } finally {
            await sleep(5);
            cleaned++;
          }
        }))
      );
      assertEquals([scope.caught, cleaned], [true, 2]);
      assertEquals(getRunningLoop().time() - begin, 6);
    }),
  );

  Deno.test(
    `${name}() throws a cancellation that arrives while the losers end`,
    inVirtualTime(async () => {
      let ended = 0;
      const task = createTask(() =>
        call([() => sleep(1, "won"), async () => {
          try {
            await sleep(3600);
          } finally {
            await sleep(5);
            ended++;
          }
        }])
      );
      await sleep(3);
      task.cancel();
      await assertRejects(() => task, CancelledError);
      assertEquals(ended, 1);
    }),
  );

  Deno.test(
    `${name}() obeys a time limit around it`,
    inVirtualTime(async () => {
      await assertRejects(
        () => timeout(1, () => call([() => sleep(2), () => sleep(3)])),
        TimeoutError,
      );
      assertEquals(allTasks().size, 1);
    }),
  );

  Deno.test(
    `${name}() reports what losers throw when they are cancelled`,
    inVirtualTime(async () => {
      const reported = reports();
      const winner = await call([() => sleep(1, "won"), async () => {
        try {
          await sleep(60);
        } finally {
          // deno-lint-ignore no-unsafe-finally -- what is tested
          throw new Error("clean-up");
        }
      }]);
      assertEquals(winner, "won");
      assertEquals(reported, ["clean-up"]);
    }),
  );

  Deno.test(
    `${name}() says nothing of a failure that came second`,
    inVirtualTime(async () => {
      const reported = reports();
      const winner = await call([
        () => sleep(1, "won"),
        failAfter(1, new Error("second")),
      ]);
      assertEquals(winner, "won");
      await sleep(1);
      assertEquals(reported, []);
    }),
  );

  Deno.test(
    `${name}() refuses what is not an array of functions`,
    inVirtualTime(async () => {
      const bad = call as (fns: unknown) => Promise<unknown>;
      await assertRejects(() => bad([]), RangeError, "at least one function");
      await assertRejects(() => bad(undefined), TypeError, "an array");
      await assertRejects(() => bad([Promise.resolve(1)]), TypeError);
      assertEquals(allTasks().size, 1);
    }),
  );

  Deno.test(`${name}() works outside every task`, async () => {
    assertEquals(
      await call([() => sleep(0.001, "near"), () => sleep(60, "far")]),
      "near",
    );
  });

  Deno.test(`${name}() runs every finally once, in any order of events`, async () => {
    await explore(async (trial) => {
      const semaphore = new Semaphore(3);
      let begun = 0;
      let ended = 0;
      const task = createTask(() =>
        call([0, 1, 1].map((delay, n) => async () => {
          begun++;
          try {
            using _ = await semaphore.acquire();
            await sleep(delay);
            return n;
          } finally {
            ended++;
          }
        }))
      );
      trial.mayCancel(task);
      await task.catch((error) => assertInstanceOf(error, CancelledError));
      assertEquals(begun, ended);
      for (let i = 0; i < 3; i++) {
        assertEquals(semaphore.locked(), false);
        await semaphore.acquire();
      }
    }, { strategy: "exhaustive", schedules: 2000 });
  });

  Deno.test(`${name}() leaves nothing behind wherever it is cancelled`, async () => {
    const awaits = await cancelEverywhere(() => {
      let running = 0;
      return {
        body: () =>
          call([1, 2].map((n) => async () => {
            running++;
            try {
              await sleep(n);
            } catch (error) {
              await sleep(1);
              throw error;
            } finally {
              running--;
            }
          })),
        check: () => assertEquals(running, 0),
      };
    });
    assertEquals(awaits, 2);
  });
}

Deno.test(
  "race() throws the error of the first that settles",
  inVirtualTime(async () => {
    for (const error of [new RangeError("first"), undefined, "text"]) {
      let thrown: unknown = "nothing";
      try {
        await race([() => sleep(2), failAfter(1, error)]);
      } catch (caught) {
        thrown = caught;
      }
      assertStrictEquals(thrown, error);
    }
  }),
);

Deno.test(
  "race() throws the cancellation of a function that is cancelled by itself",
  inVirtualTime(async () => {
    const task = createTask(() =>
      race([() => sleep(60), () => {
        currentTask()!.cancel("own");
        return sleep(60);
      }])
    );
    await assertRejects(() => task, CancelledError, "own");
    assertEquals(task.cancelling(), 0);
  }),
);

Deno.test(
  "firstSuccess() goes on after failures",
  inVirtualTime(async () => {
    const winner = await firstSuccess([
      failAfter(1, new Error("one")),
      () => sleep(3, "three"),
      failAfter(2, new Error("two")),
      () => sleep(4, "four"),
    ]);
    assertEquals(winner, "three");
  }),
);

Deno.test(
  "firstSuccess() throws all errors, in the order of the functions, if none succeeds",
  inVirtualTime(async () => {
    const errors = [new Error("slow"), new RangeError("fast"), "text"];
    const group = await assertRejects(
      () =>
        firstSuccess(
          errors.map((error, i) => failAfter(3 - i, error)),
        ),
      ExceptionGroup,
    );
    assertEquals(group.exceptions.length, 3);
    assertEquals(
      group.message,
      "No function succeeded: #1: Error: slow; #2: RangeError: fast; #3: text",
    );
    for (const [i, error] of errors.entries()) {
      assertStrictEquals(group.exceptions[i], error);
    }
  }),
);

Deno.test(
  "firstSuccess() takes a cancellation of one function for its failure",
  inVirtualTime(async () => {
    const cancelled = () => {
      currentTask()!.cancel();
      return sleep(60, "never");
    };
    assertEquals(await firstSuccess([cancelled, () => sleep(1, "ok")]), "ok");
    const group = await assertRejects(
      () => firstSuccess([cancelled]),
      ExceptionGroup,
    );
    assertInstanceOf(group.exceptions[0], CancelledError);
  }),
);

Deno.test(
  "firstSuccess() ends at once with a KeyboardInterrupt",
  inVirtualTime(async () => {
    const begin = getRunningLoop().time();
    await assertRejects(
      () =>
        firstSuccess([
          () => sleep(60),
          failAfter(1, new KeyboardInterrupt("stop")),
        ]),
      KeyboardInterrupt,
      "stop",
    );
    assert(getRunningLoop().time() - begin === 1);
  }),
);
