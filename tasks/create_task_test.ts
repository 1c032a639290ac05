// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  allTasks,
  type Awaitable,
  createEagerTaskFactory,
  createTask,
  currentTask,
  eagerTaskFactory,
  ensureFuture,
  EventLoop,
  Future,
  getEventLoop,
  getRunningLoop,
  newEventLoop,
  run,
  RuntimeError,
  sleep,
  Task,
  taskGroup,
} from "../mod.ts";

Deno.test("createTask() starts a function soon, in the order of the calls", () =>
  run(async () => {
    const calls: string[] = [];
    const tasks = ["a", "b"].map((name) =>
      createTask(async () => {
        calls.push(name);
        return await sleep(0, name);
      })
    );
    assertEquals(calls, []);
    assertInstanceOf(tasks[0], Task);
    assertEquals([await tasks[0], await tasks[1]], ["a", "b"]);
    assertEquals(calls, ["a", "b"]);
  }));

Deno.test("createTask() infers the type of the result", () =>
  run(async () => {
    const plain = createTask(() => 1);
    const promise = createTask(() => Promise.resolve("two"));
    const future = createTask(() => sleep(0, true));
    assertType<IsExact<typeof plain, Task<number>>>(true);
    assertType<IsExact<typeof promise, Task<string>>>(true);
    assertType<IsExact<typeof future, Task<boolean>>>(true);
    assertEquals([await plain, await promise, await future], [1, "two", true]);
  }));

Deno.test("createTask() makes a task of the loop that runs the caller", async () => {
  await run(async () => {
    const loop = getRunningLoop();
    const task = createTask(() => [getRunningLoop()]);
    assertStrictEquals(task.getLoop(), loop);
    assertStrictEquals((await task)[0], loop);
    const made = new Future<boolean>();
    loop.callSoon(() =>
      made.setResult(createTask(() => {}).getLoop() === loop)
    );
    assert(await made);
  });
  const task = createTask(() => "outside");
  assertStrictEquals(task.getLoop(), getEventLoop());
  assertEquals(await task, "outside");
});

Deno.test("createTask() rejects a non-function and says what to write instead", () =>
  run(() => {
    const wrong: [unknown, string][] = [
      [
        Promise.resolve(),
        "createTask() takes the function itself: createTask(coro) or createTask(() => coro(…)), not createTask(coro())",
      ],
      [
        new Future(),
        "createTask() takes the function itself: createTask(coro) or createTask(() => coro(…)), not createTask(coro())",
      ],
      ["f", 'The coro of createTask() must be a function: received "f"'],
      [null, "The coro of createTask() must be a function: received null"],
      [undefined, "received undefined"],
    ];
    for (const [value, message] of wrong) {
      assertThrows(
        () => createTask(value as () => void),
        TypeError,
        message,
      );
    }
    assertEquals(allTasks().size, 1);
  }));

Deno.test("createTask() in code that outlived its loop throws a RuntimeError", async () => {
  const loop = newEventLoop();
  loop.setExceptionHandler(() => {});
  const gate = Promise.withResolvers<void>();
  const seen = Promise.withResolvers<unknown>();
  loop.createTask(async () => {
    await gate.promise;
    try {
      createTask(() => {});
      seen.resolve(null);
    } catch (error) {
      seen.resolve(error);
    }
  });
  await loop.runUntilComplete(() => sleep(0));
  loop.close();
  gate.resolve();
  assertInstanceOf(await seen.promise, RuntimeError);
});

Deno.test("currentTask() returns the calling task, before and after an await", () =>
  run(async () => {
    const main = currentTask();
    const task: Task<void> = createTask(async () => {
      assertStrictEquals(currentTask(), task);
      await sleep(0);
      assertStrictEquals(currentTask(), task);
      await Promise.resolve();
      assertStrictEquals(currentTask(), task);
    });
    assertStrictEquals(currentTask(), main);
    await task;
    assertStrictEquals(currentTask(), main);
  }));

Deno.test("currentTask() returns null outside every task", async () => {
  assertEquals(currentTask(), null);
  await createTask(() => {});
  assertEquals(currentTask(), null);
});

Deno.test("currentTask() returns null in a callback, even one that a task scheduled", () =>
  run(async () => {
    const seen = new Future<unknown>();
    getRunningLoop().callSoon(() => seen.setResult([currentTask()]));
    assertEquals(await seen, [null]);
  }));

Deno.test("currentTask() of a loop returns null in a task of another loop", async () => {
  const other = newEventLoop();
  await run(() => {
    const task = currentTask();
    assertStrictEquals(currentTask(getRunningLoop()), task);
    assertEquals(currentTask(other), null);
    assertEquals(currentTask(getEventLoop()), task);
  });
  assertEquals(currentTask(other), null);
  other.close();
});

Deno.test("currentTask() refuses a loop that is none", () => {
  assertThrows(
    () => currentTask({} as EventLoop),
    TypeError,
    "The loop must be an EventLoop: received an instance of Object",
  );
});

Deno.test("allTasks() returns the tasks that are not done, in the order of their creation", () =>
  run(async () => {
    const main = currentTask()!;
    const gate = new Future<void>();
    const a = createTask(() => sleep(3600));
    const b = createTask(() => {});
    const c = createTask(() => gate);
    assertEquals([...allTasks()], [main, a, b, c]);
    await b;
    assertEquals([...allTasks()], [main, a, c]);
    a.cancel();
    gate.setResult();
    await c;
    assertEquals([...allTasks()], [main]);
  }));

Deno.test("allTasks() returns a new set each time", () =>
  run(() => {
    const tasks = allTasks();
    tasks.clear();
    assertEquals(allTasks().size, 1);
  }));

Deno.test("allTasks() omits a task that its eager start has completed", () =>
  run(() => {
    createTask(() => 1, { eagerStart: true });
    assertEquals(allTasks().size, 1);
  }));

Deno.test("allTasks() of a loop returns only the tasks of that loop", async () => {
  const loop = newEventLoop();
  const task = loop.createTask(() => {});
  await run(() => {
    assertEquals([...allTasks()], [currentTask()]);
    assertEquals([...allTasks(loop)], [task]);
  });
  await loop.runUntilComplete(task);
  assertEquals(allTasks(loop).size, 0);
  loop.close();
});

Deno.test("allTasks() outside every task returns the tasks of the default loop", async () => {
  assertEquals(allTasks().size, 0);
  const task = createTask(() => {});
  assertStrictEquals([...allTasks()][0], task);
  await task;
  assertEquals(allTasks().size, 0);
});

Deno.test("allTasks() refuses a loop that is none", () => {
  assertThrows(
    () => allTasks("loop" as unknown as EventLoop),
    TypeError,
    'The loop must be an EventLoop: received "loop"',
  );
});

Deno.test("ensureFuture() leaves a future and a task as they are", () =>
  run(async () => {
    const future = new Future();
    const task = createTask(() => {});
    assertStrictEquals(ensureFuture(future), future);
    assertStrictEquals(ensureFuture(task), task);
    assertStrictEquals(ensureFuture(task, { loop: getRunningLoop() }), task);
    await task;
  }));

Deno.test("ensureFuture() makes a task of a function", () =>
  run(async () => {
    const future = ensureFuture(() => sleep(0, "result"));
    assertInstanceOf(future, Task);
    assertEquals(await future, "result");
  }));

Deno.test("ensureFuture() wraps a promise or a thenable", () =>
  run(async () => {
    const future = ensureFuture(Promise.resolve("promise"));
    assert(future instanceof Future);
    assertFalse(future instanceof Task);
    assertEquals(await future, "promise");
    const thenable = {
      then: (resolve: (value: string) => void) => resolve("thenable"),
    } as PromiseLike<string>;
    assertEquals(await ensureFuture(thenable), "thenable");
  }));

Deno.test("ensureFuture() makes futures of the loop that it is given", async () => {
  const loop = newEventLoop();
  const task = ensureFuture(() => 1, { loop });
  assertStrictEquals(task.getLoop(), loop);
  const wrapped = ensureFuture(Promise.resolve(2), { loop });
  assertStrictEquals(wrapped.getLoop(), loop);
  assertEquals(await loop.runUntilComplete(task), 1);
  assertEquals(await loop.runUntilComplete(wrapped), 2);
  loop.close();
});

Deno.test("ensureFuture() rejects a future of another loop", () => {
  const loop = newEventLoop();
  assertThrows(
    () => ensureFuture(new Future(), { loop }),
    RangeError,
    "The loop of ensureFuture() must be the loop of the future: received another one",
  );
  loop.close();
});

Deno.test("ensureFuture() rejects what cannot be awaited", () => {
  for (
    const [value, received] of [
      [1, "1"],
      [null, "null"],
      [undefined, "undefined"],
      [{}, "an instance of Object"],
    ]
  ) {
    assertThrows(
      () => ensureFuture(value as unknown as Awaitable<void>),
      TypeError,
      `The awaitable of ensureFuture() must be a future, a promise or a function: received ${received}`,
    );
  }
});

Deno.test("eagerTaskFactory runs a body up to its first await at once", () =>
  run(async () => {
    getRunningLoop().setTaskFactory(eagerTaskFactory);
    const events: string[] = [];
    const task = createTask(async () => {
      events.push("begins");
      await sleep(0);
      events.push("ends");
      return 1;
    }, { name: "eager" });
    events.push("created");
    assertEquals(task.getName(), "eager");
    assertEquals(await task, 1);
    assertEquals(events, ["begins", "created", "ends"]);
  }));

Deno.test("eagerTaskFactory makes the eager task current, and then its creator again", () =>
  run(() => {
    getRunningLoop().setTaskFactory(eagerTaskFactory);
    const creator = currentTask();
    let seen: unknown = null;
    const task = createTask(() => void (seen = currentTask()));
    assert(seen === task);
    assert(currentTask() === creator);
  }));

Deno.test("eagerTaskFactory serves task groups", () =>
  run(async () => {
    getRunningLoop().setTaskFactory(eagerTaskFactory);
    const events: string[] = [];
    await taskGroup((group) => {
      group.createTask(() => events.push("child"));
      events.push("body");
    });
    assertEquals(events, ["child", "body"]);
  }));

Deno.test("eagerTaskFactory lets a single task start lazily", () =>
  run(async () => {
    getRunningLoop().setTaskFactory(eagerTaskFactory);
    const task = createTask(() => 1, { eagerStart: false });
    assertFalse(task.done());
    assertEquals(await task, 1);
  }));

Deno.test("eagerTaskFactory runs nothing before the loop runs", async () => {
  const events: string[] = [];
  const result = await run(() => {
    events.push("main");
    return getRunningLoop().isRunning();
  }, {
    loopFactory: () => {
      const loop = new EventLoop();
      loop.setTaskFactory(eagerTaskFactory);
      events.push("loop");
      loop.createTask(() => events.push("early"));
      events.push("made");
      return loop;
    },
  });
  assert(result);
  assertEquals(events, ["loop", "made", "early", "main"]);
});

Deno.test("createEagerTaskFactory() makes tasks of the class that it is given", () =>
  run(async () => {
    class Traced<T> extends Task<T> {}
    getRunningLoop().setTaskFactory(createEagerTaskFactory(Traced));
    const task = createTask(() => sleep(0, 3));
    assert(task instanceof Traced);
    assertEquals(await task, 3);
  }));

Deno.test("createEagerTaskFactory() rejects a non-class", () => {
  assertThrows(
    // @ts-expect-error -- no class
    () => createEagerTaskFactory(null),
    TypeError,
    "The constructor of createEagerTaskFactory() must be a class of tasks: received null",
  );
});
