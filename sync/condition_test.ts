// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  ContextVar,
  type Future,
  getRunningLoop,
  RuntimeError,
  type Task,
  TimeoutError,
} from "../loop/mod.ts";
import {
  createTask,
  currentTask,
  gather,
  run,
  sleep,
  waitFor,
} from "../tasks/mod.ts";
import { Condition } from "./condition.ts";
import { Lock } from "./lock.ts";

/** A task that waits for a notification, says so, and releases the lock. */
function waiter(
  condition: Condition,
  name: string,
  log: string[],
): Task<void> {
  return createTask(async () => {
    using _ = await condition.acquire();
    assertEquals(await condition.wait(), true);
    log.push(name);
  });
}

Deno.test("Condition.wait() releases the lock and reacquires it before it returns", () =>
  run(async () => {
    const condition = new Condition();
    const log: string[] = [];
    const tasks = ["1", "2", "3"].map((name) =>
      createTask(async () => {
        await condition.acquire();
        await condition.wait();
        log.push(name);
      })
    );
    await sleep(0);
    assertFalse(condition.locked());

    await condition.acquire();
    condition.notify();
    await sleep(0);
    assertEquals(log, []);
    assert(condition.locked());

    condition.release();
    await sleep(0);
    assertEquals(log, ["1"]);
    assert(condition.locked());

    condition.notify(2);
    await sleep(0);
    assertEquals(log, ["1"]);
    condition.release();
    await sleep(0);
    assertEquals(log, ["1", "2"]);
    assert(condition.locked());
    condition.release();
    await sleep(0);
    assertEquals(log, ["1", "2", "3"]);
    assert(condition.locked());
    assert(tasks.every((task) => task.done()));
  }));

Deno.test("Condition.notify() wakes the given number of waiters in FIFO order", () =>
  run(async () => {
    const condition = new Condition();
    const log: string[] = [];
    const tasks = ["1", "2", "3", "4"].map((name) =>
      waiter(condition, name, log)
    );
    await sleep(0);
    {
      using _ = await condition.acquire();
      condition.notify();
    }
    await sleep(0);
    assertEquals(log, ["1"]);
    {
      using _ = await condition.acquire();
      condition.notify(0);
      condition.notify(-1);
      condition.notify(1);
      condition.notify(2048);
    }
    await gather(tasks);
    assertEquals(log, ["1", "2", "3", "4"]);
  }));

Deno.test("Condition.notifyAll() wakes all waiters", () =>
  run(async () => {
    const condition = new Condition();
    const log: string[] = [];
    const tasks = ["1", "2"].map((name) => waiter(condition, name, log));
    await sleep(0);
    {
      using _ = await condition.acquire();
      condition.notifyAll();
    }
    await gather(tasks);
    assertEquals(log, ["1", "2"]);
  }));

Deno.test("Condition.wait() and notify() throw when the lock is not held", async () => {
  const condition = new Condition();
  await assertRejects(
    () => condition.wait(),
    RuntimeError,
    "Cannot wait on the condition as its lock is not held",
  );
  const message = "Cannot notify on the condition as its lock is not held";
  assertThrows(() => condition.notify(), RuntimeError, message);
  assertThrows(() => condition.notifyAll(), RuntimeError, message);
  assertThrows(
    () => condition.release(),
    RuntimeError,
    "Cannot release the lock as it is not held",
  );
});

Deno.test("Condition's methods throw on wrong arguments", async () => {
  assertThrows(
    () => new Condition({} as Lock),
    TypeError,
    "The lock of Condition() must be a Lock: received an instance of Object",
  );
  const condition = new Condition();
  using _ = await condition.acquire();
  assertThrows(() => condition.notify(NaN), RangeError, "received NaN");
  assertThrows(
    () => condition.notify("1" as unknown as number),
    TypeError,
    'The n of notify() must be a number: received "1"',
  );
  assertThrows(
    () => condition.waitFor(true as unknown as () => boolean),
    TypeError,
    "The predicate of waitFor() must be a function: received true",
  );
  await assertRejects(
    () => condition.waitFor(() => Promise.resolve(false)),
    TypeError,
    "received a promise, which is always true",
  );
});

Deno.test("Condition.waitFor() looks at the predicate until it is true", () =>
  run(async () => {
    const condition = new Condition();
    let ready = "";
    const task = createTask(async () => {
      using _ = await condition.acquire();
      return await condition.waitFor(() => ready);
    });
    const notify = async () => {
      using _ = await condition.acquire();
      condition.notify();
    };
    await sleep(0);
    await notify();
    await sleep(0);
    assertFalse(task.done());
    ready = "steady";
    await notify();
    assertEquals(await task, "steady");
    assertFalse(condition.locked());
  }));

Deno.test("Condition.waitFor() needs the lock only if it has to wait", async () => {
  const condition = new Condition();
  assertEquals(await condition.waitFor(() => [1, 2, 3]), [1, 2, 3]);
  await assertRejects(() => condition.waitFor(() => false), RuntimeError);
});

Deno.test("Condition.waitFor() throws what the predicate throws, with the lock held", async () => {
  const condition = new Condition();
  using _ = await condition.acquire();
  await assertRejects(
    () =>
      condition.waitFor(() => {
        throw new RangeError("no");
      }),
    RangeError,
    "no",
  );
  assert(condition.locked());
});

Deno.test("Condition.wait() that is cancelled before a notification holds the lock again", () =>
  run(async () => {
    const condition = new Condition();
    await condition.acquire();
    const wait = createTask(() => condition.wait());
    getRunningLoop().callSoon(() => wait.cancel());
    await assertRejects(() => wait, CancelledError);
    assert(condition.locked());
  }));

Deno.test("Condition.wait() cancelled while it acquires the lock still holds it", () =>
  run(async () => {
    const condition = new Condition();
    await condition.acquire();
    const wait = createTask(() => condition.wait());
    await sleep(0);
    await condition.acquire();
    condition.notify();
    const loop = getRunningLoop();
    loop.callSoon(() => wait.cancel());
    loop.callSoon(() => condition.release());
    await assertRejects(() => wait, CancelledError);
    assert(condition.locked());
  }));

Deno.test("Condition.wait() waits for the lock however often it is cancelled", () =>
  run(async () => {
    const condition = new Condition();
    const log: string[] = [];
    const task = createTask(async () => {
      using _ = await condition.acquire();
      try {
        await condition.wait();
      } catch (error) {
        log.push(String(error), String(condition.locked()));
        throw error;
      }
    });
    await sleep(0);
    await condition.acquire();
    condition.notify();
    await sleep(0);
    for (const message of ["once", "twice", "thrice"]) {
      task.cancel(message);
      await sleep(0);
      assertFalse(task.done());
    }
    condition.release();
    await assertRejects(() => task, CancelledError, "thrice");
    assertEquals(log, ["CancelledError: thrice", "true"]);
    assertFalse(condition.locked());
  }));

Deno.test("Condition.wait() throws the same CancelledError", () =>
  run(async () => {
    const condition = new Condition();
    let ready = false;
    let raised: unknown;
    const start = () =>
      createTask(async () => {
        using _ = await condition.acquire();
        try {
          await condition.waitFor(() => ready);
        } catch (error) {
          raised = error;
          throw error;
        }
      });

    const waiting = start();
    await sleep(0);
    waiting.cancel("foo");
    const first = await assertRejects(() => waiting, CancelledError, "foo");
    assertStrictEquals(first, raised as CancelledError);

    const acquiring = start();
    await sleep(0);
    await condition.acquire();
    ready = true;
    condition.notify();
    await sleep(0);
    acquiring.cancel("bar");
    condition.release();
    const second = await assertRejects(() => acquiring, CancelledError, "bar");
    assertStrictEquals(second, raised as CancelledError);
  }));

/** Two consumers, the first of which is cancelled around its notification; returns what is left. */
async function consumeWithCancellation(turnsBefore: number): Promise<number> {
  const condition = new Condition();
  let stock = 0;
  let closed = false;
  const consumers = [1, 2].map(() =>
    createTask(async () => {
      using _ = await condition.acquire();
      while (true) {
        await condition.waitFor(() => stock > 0 || closed);
        if (closed) return;
        stock--;
      }
    })
  );
  await sleep(0);
  {
    using _ = await condition.acquire();
    stock++;
    condition.notify();
    for (let i = 0; i < turnsBefore; i++) await sleep(0);
    consumers[0]!.cancel();
  }
  for (let i = 0; i < 5; i++) await sleep(0);
  const left = stock;
  {
    using _ = await condition.acquire();
    closed = true;
    condition.notifyAll();
  }
  await gather(consumers, { returnExceptions: true });
  assert(consumers[0]!.cancelled());
  return left;
}

Deno.test("Condition.wait() cancelled after its wake-up notifies another waiter", () =>
  run(async () => assertEquals(await consumeWithCancellation(0), 0)));

Deno.test("Condition.wait() that is cancelled while it acquires the lock notifies another", () =>
  run(async () => assertEquals(await consumeWithCancellation(1), 0)));

Deno.test("Condition.wait() can be given a time limit", () =>
  run(async () => {
    const condition = new Condition();
    using _ = await condition.acquire();
    await assertRejects(
      () => waitFor(condition.wait(), 0.001),
      TimeoutError,
    );
    for (let i = 0; i < 3; i++) await sleep(0);
    assert(condition.locked());
  }));

Deno.test("Condition shares a lock with others", () =>
  run(async () => {
    const lock = new Lock();
    const full = new Condition(lock);
    const empty = new Condition(lock);
    {
      using _ = await full.acquire();
      assert(lock.locked() && empty.locked());
    }
    {
      using _ = await lock.acquire();
      assert(full.locked());
    }
    assertFalse(lock.locked());

    const items: number[] = [];
    const got: number[] = [];
    const producer = createTask(async () => {
      for (let i = 0; i < 5; i++) {
        using _ = await lock.acquire();
        await empty.waitFor(() => items.length < 2);
        items.push(i);
        full.notify();
      }
    });
    const consumer = createTask(async () => {
      for (let i = 0; i < 5; i++) {
        using _ = await lock.acquire();
        await full.waitFor(() => items.length > 0);
        got.push(items.shift()!);
        empty.notify();
      }
    });
    await gather([producer, consumer]);
    assertEquals(got, [0, 1, 2, 3, 4]);
    assertFalse(lock.locked());
  }));

Deno.test("Condition's guard releases the lock after a wait, and once", () =>
  run(async () => {
    const condition = new Condition();
    const task = createTask(async () => {
      const guard = await condition.acquire();
      await condition.wait();
      assert(condition.locked());
      guard[Symbol.dispose]();
      assertFalse(condition.locked());
      await condition.acquire();
      guard[Symbol.dispose]();
      assert(condition.locked());
      condition.release();
    });
    await sleep(0);
    {
      using guard = await condition.acquire();
      condition.notify();
      guard[Symbol.dispose]();
    }
    await task;
    assertFalse(condition.locked());
  }));

Deno.test("Condition's guard releases the lock after a cancelled wait", () =>
  run(async () => {
    const condition = new Condition();
    const task = createTask(async () => {
      using _ = await condition.acquire();
      await condition.wait();
    });
    await sleep(0);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    assertFalse(condition.locked());
  }));

Deno.test("Condition works outside run()", async () => {
  const condition = new Condition();
  const waiting = (async () => {
    using _ = await condition.acquire();
    return await condition.wait();
  })();
  {
    using _ = await condition.acquire();
    condition.notify();
  }
  assertEquals(await waiting, true);
});

Deno.test("Condition is bound to the loop in which it is first waited for", async () => {
  const condition = new Condition();
  await run(async () => {
    const task = waiter(condition, "", []);
    await sleep(0);
    using _ = await condition.acquire();
    condition.notify();
    void task;
  });
  await run(async () => {
    using _ = await condition.acquire();
    await assertRejects(
      () => condition.wait(),
      RuntimeError,
      "Cannot wait for the condition as it is bound to another event loop",
    );
    assert(condition.locked());
  });
});

Deno.test("Condition.notifyAll() wakes 10,000 tasks, less those that are cancelled", () =>
  run(async () => {
    const condition = new Condition();
    const order: number[] = [];
    const tasks = Array.from(
      { length: 10_000 },
      (_, i) =>
        createTask(async () => {
          using _ = await condition.acquire();
          await condition.wait();
          order.push(i);
        }),
    );
    await sleep(0);
    {
      using _ = await condition.acquire();
      for (let i = 0; i < tasks.length; i += 2) tasks[i]!.cancel();
      condition.notifyAll();
    }
    await gather(tasks, { returnExceptions: true });
    assertEquals(order, Array.from({ length: 5_000 }, (_, i) => 2 * i + 1));
    assertFalse(condition.locked());
  }));

Deno.test("Condition.toString() describes its state without cancelled waiters", () =>
  run(async () => {
    const condition = new Condition();
    assertEquals(String(condition), "<Condition [unlocked]>");
    const tasks = [1, 2].map(() => waiter(condition, "", []));
    await sleep(0);
    assertEquals(Deno.inspect(condition), "<Condition [unlocked, waiters:2]>");
    for (const task of tasks) task.cancel();
    await condition.acquire();
    assertEquals(String(condition), "<Condition [locked]>");
    condition.release();
    await gather(tasks, { returnExceptions: true });
  }));

Deno.test("Condition.waitFor() calls the predicate as code of the awaiting task", () =>
  run(async () => {
    const condition = new Condition();
    const variable = new ContextVar("variable", "none");
    const seen: unknown[] = [];
    const task = createTask(async () => {
      variable.set("of the task");
      using _ = await condition.acquire();
      return await condition.waitFor(() => {
        seen.push(currentTask(), variable.get());
        return seen.length > 2;
      });
    });
    await sleep(0);
    using _ = await condition.acquire();
    condition.notify();
    condition.release();
    assert(await task);
    assertEquals(seen, [task, "of the task", task, "of the task"]);
  }));

for (const result of [true, false]) {
  Deno.test(`Condition.waitFor() with a predicate that cancels its task and returns ${result} is cancelled`, () =>
    run(async () => {
      const condition = new Condition();
      let looks = 0;
      const task: Task<unknown> = createTask(async () => {
        using _ = await condition.acquire();
        await condition.waitFor(() => {
          if (looks++ === 0) return false;
          task.cancel("enough");
          return result;
        });
        await sleep(3600);
      });
      await sleep(0);
      using _ = await condition.acquire();
      condition.notify();
      condition.release();
      await assertRejects(() => task, CancelledError, "enough");
      assertEquals(looks, 2);
      assertFalse(condition.locked());
    }));
}

Deno.test("Condition's waits can be cancelled by themselves, and hold the lock again then", () =>
  run(async () => {
    const condition = new Condition();
    for (
      const begin of [
        () => condition.wait(),
        () => condition.waitFor(() => false),
      ]
    ) {
      using _ = await condition.acquire();
      const waiting: Future<unknown> = begin();
      const alongside = sleep(0.001, "there");
      assertFalse(condition.locked());
      const both = Promise.allSettled([waiting, alongside]);
      await sleep(0);
      assert(waiting.cancel());
      assertEquals((await both).map(({ status }) => status), [
        "rejected",
        "fulfilled",
      ]);
      assert(waiting.cancelled());
      assert(condition.locked());
    }
  }));
