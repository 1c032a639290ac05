// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import {
  BrokenExecutor,
  CancelledError,
  ContextVar,
  createTask,
  currentTask,
  Event,
  getRunningLoop,
  newEventLoop,
  Queue,
  QueueEmpty,
  run,
  RuntimeError,
  sleep,
  type ThreadsafeLoop,
  WorkerExecutor,
} from "../../mod.ts";
import { recordExceptions } from "../../tests/doubles/exceptions.ts";
import { turns } from "../../tests/doubles/recorder.ts";
import { JOBS, type Jobs, withJobs } from "../../tests/doubles/with_jobs.ts";

Deno.test(
  "Job calls its function arguments in the main program",
  withJobs(async (pool) => {
    const queue = new Queue<number>();
    const result = pool.submit(
      async (get: () => PromiseLike<number>, twice: (n: number) => unknown) =>
        await twice(await get()),
      () => queue.get(),
      (n: number) => 2 * n,
    );
    queue.putNowait(21);
    assertEquals(await result, 42);
  }),
);

Deno.test(
  "Job runs its calls as tasks of the loop that submitted it",
  withJobs(async (pool) => {
    const loop = getRunningLoop();
    const submitter = currentTask();
    let seen: unknown[] = [];
    await pool.submit(async (look) => await look(), async () => {
      const task = currentTask();
      await sleep(0);
      seen = [task !== null, task === submitter, getRunningLoop() === loop];
    });
    assertEquals(seen, [true, false, true]);
  }),
);

Deno.test(
  "Job runs its calls in the context of its submission",
  withJobs(async (pool) => {
    const user = new ContextVar("user", "unknown");
    user.set("ann");
    const seen: string[] = [];
    const look = () => void seen.push(user.get());
    await pool.submit(async (look) => await look(), look);
    await createTask(async () => {
      user.set("bob");
      await pool.submit(async (look) => await look(), look);
    });
    assertEquals(seen, ["ann", "bob"]);
  }),
);

Deno.test(
  "Job gets the error of a function that it calls",
  withJobs(async (pool) => {
    const queue = new Queue<number>();
    assertEquals(
      await pool.submit("describeFailure", async () => {
        await sleep(0);
        queue.getNowait();
      }),
      "true QueueEmpty: Cannot get from the queue as it is empty",
    );
    // The awaiting task fails with it, too.
    await assertRejects(
      () => pool.submit(async (get) => await get(), () => queue.getNowait()),
      QueueEmpty,
    );
  }),
);

Deno.test(
  "Job gets an error for a call whose values cannot be cloned",
  withJobs(async (pool) => {
    await assertRejects(
      () => pool.submit(async (get) => void await get(), () => () => 1),
      DOMException,
      "could not be cloned",
    );
    await assertRejects(
      () =>
        pool.submit(
          async (take: (fn: () => void) => unknown) => await take(() => {}),
          () => {},
        ),
      DOMException,
      "could not be cloned",
    );
    assertEquals(await pool.submit(() => 1), 1);
  }),
);

Deno.test(
  "Job gets a proxy for an event loop in its arguments",
  withJobs(async (pool) => {
    const calls: unknown[] = [];
    const loop = getRunningLoop();
    await pool.submit(
      (loop: ThreadsafeLoop, note: (...what: unknown[]) => unknown) => {
        loop.callSoonThreadsafe(note, 1, "a");
        loop.callSoonThreadsafe(note, 2);
      },
      loop,
      (...what) => calls.push([currentTask(), ...what]),
    );
    assertEquals(calls, [[null, 1, "a"], [null, 2]]);
  }),
);

Deno.test("Job can call a loop that did not submit it", async () => {
  await using pool = new WorkerExecutor<Jobs>(JOBS, { maxWorkers: 1 });
  const other = newEventLoop();
  const running = other.runForever();
  await run(async () => {
    const loops: unknown[] = [];
    assertEquals(
      await pool.submit("double", other, async () => {
        loops.push(getRunningLoop());
        await sleep(0);
        return 3;
      }),
      6,
    );
    assertStrictEquals(loops[0], other);
  });
  other.stop();
  await running;
  other.close();
});

Deno.test("Job gets an error for a call to a closed loop", async () => {
  await using pool = new WorkerExecutor<Jobs>(JOBS, { maxWorkers: 1 });
  const closed = newEventLoop();
  closed.close();
  await assertRejects(
    () => pool.submit("double", closed, () => 1),
    RuntimeError,
    "closed",
  );
  assertEquals(
    await pool.submit(
      (loop: ThreadsafeLoop, fn: () => unknown) => loop.callSoonThreadsafe(fn),
      closed,
      () => {},
    ),
    undefined,
  );
});

Deno.test(
  "runCoroutineThreadsafe() in a worker returns the result of a main program's task",
  withJobs(async (pool) => {
    const loop = getRunningLoop();
    const queue = new Queue<number>();
    const result = loop.runInExecutor(pool, "double", loop, () => queue.get());
    await turns();
    queue.putNowait(21);
    assertEquals(await result, 42);
  }),
);

Deno.test(
  "runCoroutineThreadsafe() in a worker passes its cancellation on to the task",
  withJobs(async (pool) => {
    const loop = getRunningLoop();
    const started = new Event();
    const cancelled = new Event();
    const next = async () => {
      started.set();
      try {
        await sleep(3600);
      } catch (error) {
        if (error instanceof CancelledError) cancelled.set();
        throw error;
      }
    };
    const result = pool.submit("cancelNext", loop, next, async () => {
      await started.wait();
    });
    assertEquals(await result, "CancelledError");
    await cancelled.wait();
  }),
);

Deno.test(
  "runCoroutineThreadsafe() in a worker is cancelled with its task",
  withJobs(async (pool) => {
    const result = pool.submit("awaitCancelled", getRunningLoop(), async () => {
      currentTask()!.cancel("by itself");
      await sleep(0);
    });
    assertEquals(await result, ["CancelledError: by itself", true]);
  }),
);

Deno.test(
  "runCoroutineThreadsafe() in a worker rejects functions of the worker",
  withJobs(async (pool) => {
    await assertRejects(
      () => pool.submit("runLocally", getRunningLoop()),
      TypeError,
      "must be one of the main program",
    );
    await assertRejects(
      () =>
        pool.submit(
          (loop: ThreadsafeLoop) => loop.callSoonThreadsafe(() => {}),
          getRunningLoop(),
        ),
      TypeError,
      "callSoonThreadsafe() must be one of the main program",
    );
  }),
);

Deno.test(
  "Job can use its proxies until it ends",
  withJobs(async (pool) => {
    let calls = 0;
    await pool.submit("keep", getRunningLoop(), () => calls++);
    const error =
      "true RuntimeError: Cannot call the main program as the job has ended";
    assertEquals(await pool.submit("useKept"), [error, error, error]);
    assertEquals(calls, 0);
  }),
);

Deno.test(
  "Job proxies throw when no job is running",
  withJobs(async (pool) => {
    const { port1, port2 } = new MessageChannel();
    const error = new Promise((resolve) => {
      port1.onmessage = ({ data }) => resolve(data);
    });
    await pool.run("useLate", [() => 1, port2], { transfer: [port2] });
    assertEquals(
      await error,
      "RuntimeError: Cannot call the main program as the job has ended",
    );
    port1.close();
  }),
);

Deno.test(
  "Job calls that were not awaited continue after its end",
  withJobs(async (pool) => {
    const contexts = recordExceptions(getRunningLoop());
    const go = new Event();
    const ended = new Event();
    await pool.submit((begin) => void begin(), async () => {
      await go.wait();
      ended.set();
      throw new RangeError("nobody waits");
    });
    go.set();
    await ended.wait();
    await turns();
    assertEquals(await pool.submit(() => 1), 1);
    // Its failure is reported like that of any task.
    assertEquals(contexts.length, 0);
  }),
);

Deno.test(
  "Job calls are cancelled when the worker ends",
  () =>
    run(async () => {
      for (const terminate of [true, false]) {
        await using pool = new WorkerExecutor({
          maxWorkers: 1,
          terminateOnCancel: true,
        });
        const started = new Event();
        const ended = new Event();
        const wait = async () => {
          started.set();
          try {
            await sleep(3600);
          } finally {
            ended.set();
          }
        };
        const job = pool.submit(
          async (wait: () => unknown, exit: () => unknown) => {
            wait();
            await exit();
            Deno.exit();
          },
          wait,
          () => terminate ? new Event().wait() : started.wait(),
        );
        await started.wait();
        if (terminate) job.cancel();
        else await assertRejects(() => job, BrokenExecutor);
        await ended.wait();
      }
    }),
);

Deno.test("Job survives the closing of a loop that it has called", async () => {
  await using pool = new WorkerExecutor({ maxWorkers: 1 });
  const loop = newEventLoop();
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  let began = false;
  await loop.runUntilComplete(async () => {
    const begun = new Event();
    pool.submit(
      async (begin, go) => {
        await begin();
        await go();
      },
      () => {
        began = true;
        begun.set();
      },
      async () => await held,
    );
    await begun.wait();
    await turns();
  });
  loop.setExceptionHandler(() => {});
  loop.close();
  letGo();
  pool.terminateWorkers();
  assertEquals(began, true);
});

Deno.test(
  "Job keeps arguments that only resemble functions",
  withJobs(async (pool) => {
    const error = await assertRejects(
      () => pool.submit((fn: unknown) => (fn as () => void)(), { fn: 1 }),
      TypeError,
    );
    assertInstanceOf(error, TypeError);
    assertEquals(await pool.submit("hasNoTask"), true);
  }),
);
