// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { createTask, run, sleep, wait } from "../../../tasks/mod.ts";
import { Future, type Task, type TaskStackOptions } from "../../mod.ts";

async function inner(future: Future<void>): Promise<void> {
  await future;
}

async function outer(future: Future<void>): Promise<void> {
  await inner(future);
}

/** A task that is suspended in `inner()`, called by `outer()`, called by `body()`. */
async function suspendedTask(): Promise<{ task: Task; future: Future<void> }> {
  const future = new Future<void>();
  async function body() {
    await outer(future);
  }
  const task = createTask(body, { name: "work" }) as Task;
  await sleep(0);
  return { task, future };
}

function functionsOf(task: Task, options?: TaskStackOptions) {
  return task.getStack(options).map((frame) => frame.functionName);
}

function printed(task: Task, options?: TaskStackOptions): string {
  const texts: string[] = [];
  task.printStack({ ...options, write: (text) => texts.push(text) });
  return texts.join("");
}

Deno.test("Task.getStack() gives the frames of a suspended task, outermost first", () =>
  run(async () => {
    const { task, future } = await suspendedTask();
    assertEquals(functionsOf(task), ["body", "outer", "inner"]);
    assertEquals(task.getStack()[0]?.fileName, import.meta.url);
    assert(task.getStack()[0]!.lineNumber > 1);
    future.setResult();
    await task;
    assertEquals(task.getStack(), []);
  }, { debug: true }));

Deno.test("Task.getStack() limits a stack to its newest frames", () =>
  run(async () => {
    const { task, future } = await suspendedTask();
    assertEquals(functionsOf(task, { limit: 2 }), ["outer", "inner"]);
    assertEquals(functionsOf(task, { limit: 9 }), ["body", "outer", "inner"]);
    assertEquals(functionsOf(task, { limit: 0 }), []);
    assertEquals(functionsOf(task, { limit: null }).length, 3);
    assertThrows(
      () => task.getStack({ limit: -1 }),
      RangeError,
      "The limit of a stack must be an integer of at least 0: received -1",
    );
    future.setResult();
    await task;
  }, { debug: true }));

Deno.test("Task.getStack() follows the task from await to await", () =>
  run(async () => {
    const [one, two] = [new Future<void>(), new Future<void>()];
    const task: Task = createTask(async () => {
      await inner(one);
      await outer(two);
    });
    await sleep(0);
    assertEquals(functionsOf(task).at(-1), "inner");
    const depth = task.getStack().length;
    one.setResult();
    await sleep(0);
    assertEquals(functionsOf(task).slice(-2), ["outer", "inner"]);
    assertEquals(task.getStack().length, depth + 1);
    two.setResult();
    await task;
  }, { debug: true }));

Deno.test("Task.getStack() has no frames before the first step, and without debug mode", async () => {
  await run(async () => {
    const task: Task = createTask(() => sleep(0));
    assertEquals(task.getStack(), []);
    await task;
  }, { debug: true });
  await run(async () => {
    const { task, future } = await suspendedTask();
    assertEquals(task.getStack(), []);
    future.setResult();
    await task;
  });
});

Deno.test("Task.getStack() of the calling task needs no debug mode", () =>
  run(async () => {
    function here() {
      return functionsOf(task);
    }
    const task: Task = createTask(async function body() {
      await sleep(0);
      assertEquals(here().slice(0, 2), ["body", "here"]);
      assertMatch(printed(task), /at here .*\n.*at functionsOf|at printed/);
    });
    await task;
  }));

Deno.test("Task.getStack() gives the frames of an exception without retrieving it", () =>
  run(async () => {
    function fails() {
      throw new RangeError("out of reach");
    }
    async function body() {
      await sleep(0);
      fails();
    }
    const task: Task = createTask(body);
    await wait([task]);
    assertEquals(functionsOf(task), ["body", "fails"]);
    assertEquals(functionsOf(task, { limit: 1 }), ["body"]);
    assertMatch(
      printed(task),
      /^Stack of the exception of <Task .* failed>, innermost last:\n {4}at body .*\n {4}at fails .*\nRangeError: out of reach$/,
    );
    task.exception();
  }));

Deno.test("Task.getStack() of a cancelled task is empty", () =>
  run(async () => {
    const { task } = await suspendedTask();
    task.cancel();
    await wait([task]);
    assertEquals(task.getStack(), []);
    assertEquals(printed(task), "No stack of <Task 'work' cancelled>");
  }, { debug: true }));

Deno.test("Task.printStack() prints where the task is", () =>
  run(async () => {
    const { task, future } = await suspendedTask();
    const place = `\\(${RegExp.escape(import.meta.url)}:\\d+:\\d+\\)`;
    assertMatch(
      printed(task, { limit: 2 }),
      new RegExp(
        `^Stack of <Task 'work' pending>, innermost last:\n    at outer ${place}\n    at inner ${place}$`,
      ),
    );
    future.setResult();
    await task;
  }, { debug: true }));

Deno.test("Task.printStack() says why there is no stack", async () => {
  await run(async () => {
    const { task, future } = await suspendedTask();
    assertEquals(
      printed(task),
      "No stack of <Task 'work' pending>: where a suspended task is, is known in debug mode: run(main, { debug: true })",
    );
    future.setResult();
    await task;
  });
  await run(async () => {
    const foreign = Promise.withResolvers<void>();
    const task: Task = createTask(async () => await foreign.promise);
    task.setName("away");
    await sleep(0);
    assertEquals(
      printed(task),
      "No stack of <Task 'away' pending>: it awaits nothing of this library",
    );
    foreign.resolve();
    await task;
  }, { debug: true });
});
