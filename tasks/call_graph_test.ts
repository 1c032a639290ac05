// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertMatch,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  asCompleted,
  createTask,
  currentTask,
  Future,
  gather,
  run,
  shield,
  sleep,
  taskGroup,
  wait,
  waitFor,
} from "../mod.ts";
import {
  captureCallGraph,
  formatCallGraph,
  futureAddToAwaitedBy,
  type FutureCallGraph,
  futureDiscardFromAwaitedBy,
  printCallGraph,
} from "./mod.ts";

function awaitersOf(graph: FutureCallGraph | null): unknown[] {
  return graph!.awaitedBy.map((each) => each.future);
}

function functionsOf(graph: FutureCallGraph | undefined | null) {
  return graph!.callStack.map((frame) => frame.functionName);
}

Deno.test("captureCallGraph() returns null when no task is running", () => {
  assertEquals(captureCallGraph(), null);
  assertEquals(captureCallGraph(null), null);
  assertEquals(formatCallGraph(), "");
  printCallGraph(null, { write: () => assert(false) });
});

Deno.test("captureCallGraph() rejects a non-future and odd options", () => {
  assertThrows(
    // @ts-expect-error -- no future
    () => captureCallGraph(Promise.resolve()),
    TypeError,
    "The future of a call graph must be a future or a task: received an instance of Promise",
  );
  const future = new Future();
  assertThrows(
    () => captureCallGraph(future, { limit: 1.5 }),
    RangeError,
    "The limit of a call graph must be an integer: received 1.5",
  );
  assertThrows(
    () => captureCallGraph(future, { depth: NaN }),
    RangeError,
    "The depth of a call graph must be an integer: received NaN",
  );
});

Deno.test("captureCallGraph() has the awaiters of a future in order of arrival", () =>
  run(async () => {
    const future = new Future<void>();
    assertEquals(captureCallGraph(future), {
      future,
      callStack: [],
      awaitedBy: [],
    });
    const first = createTask(async () => await future);
    const second = createTask(() => future);
    await sleep(0);
    assertEquals(awaitersOf(captureCallGraph(future)), [first, second]);
    future.setResult();
    assertEquals(awaitersOf(captureCallGraph(future)), []);
    await gather([first, second]);
  }));

Deno.test("captureCallGraph() forgets a waiter that was cancelled", () =>
  run(async () => {
    const future = new Future<void>();
    const task = createTask(() => shield(future));
    await sleep(0);
    task.cancel();
    await wait([task]);
    assertEquals(awaitersOf(captureCallGraph(future)), []);
  }));

Deno.test("captureCallGraph() follows awaiters of awaiters", () =>
  run(async () => {
    const main = currentTask();
    const future = new Future<void>();
    const inner = createTask(async () => await future);
    const outer = createTask(async () => await inner);
    const seen = createTask(async () => {
      await sleep(0);
      const graph = captureCallGraph(future)!;
      assertEquals(awaitersOf(graph), [inner]);
      assertEquals(awaitersOf(graph.awaitedBy[0]!), [outer]);
      assertEquals(awaitersOf(graph.awaitedBy[0]!.awaitedBy[0]!), [main]);
      future.setResult();
    });
    await outer;
    await seen;
  }));

const WAITS: Record<string, (future: Future<void>) => PromiseLike<unknown>> = {
  "gather()": (future) => gather([future]),
  "shield()": (future) => shield(future),
  "wait()": (future) => wait([future]),
  "waitFor()": (future) => waitFor(future, 60),
};

for (const [name, awaitBy] of Object.entries(WAITS)) {
  Deno.test(`captureCallGraph() has the task that called ${name}, until it is done`, () =>
    run(async () => {
      const future = new Future<void>();
      const task = createTask(async () => {
        await awaitBy(future);
      });
      await sleep(0);
      assertEquals(awaitersOf(captureCallGraph(future)), [task]);
      task.cancel();
      await wait([task]);
      assertEquals(awaitersOf(captureCallGraph(future)), []);
    }));
}

Deno.test("captureCallGraph() has the task that called gather(), not the one that awaits it", () =>
  run(async () => {
    const main = currentTask();
    const future = new Future<void>();
    const gathering = gather([future]);
    assertEquals(awaitersOf(captureCallGraph(future)), [main]);
    const other = createTask(async () => await gathering);
    await sleep(0);
    assertEquals(awaitersOf(captureCallGraph(future)), [main]);
    assertEquals(awaitersOf(captureCallGraph(gathering)), [other]);
    future.setResult();
    await other;
  }));

Deno.test("captureCallGraph() has the parent of a group's task", () =>
  run(async () => {
    const main = currentTask();
    await taskGroup((group) => {
      const child = group.createTask(() => sleep(0));
      assertEquals(awaitersOf(captureCallGraph(child)), [main]);
    });
  }));

Deno.test("captureCallGraph() has the stack of the calling task even without debug mode", () =>
  run(async () => {
    function here() {
      return captureCallGraph();
    }
    async function inner() {
      await sleep(0);
      return here();
    }
    async function outer() {
      return await inner();
    }
    const task = createTask(async () => await outer());
    const graph = await task;
    assertStrictEquals(graph?.future, task);
    assertEquals(functionsOf(graph).slice(0, 3), ["here", "inner", "outer"]);
    assertEquals(graph?.callStack[0]?.fileName, import.meta.url);
  }));

Deno.test("captureCallGraph() ends the calling task's stack where the task begins", () =>
  run(() => {
    function body() {
      return captureCallGraph();
    }
    const task = createTask(body, { eagerStart: true });
    assertEquals(functionsOf(task.result()), ["body"]);
  }));

Deno.test("captureCallGraph() skips and limits frames", () =>
  run(() => {
    const capture = (depth: number, limit: number | null) => {
      const inner = () => captureCallGraph(null, { depth, limit });
      const middle = () => inner();
      const outer = () => middle();
      return functionsOf(createTask(outer, { eagerStart: true }).result());
    };
    assertEquals(capture(1, null), ["inner", "middle", "outer"]);
    assertEquals(capture(0, null), ["inner", "middle", "outer"]);
    assertEquals(capture(2, null), ["middle", "outer"]);
    assertEquals(capture(1, 2), ["inner", "middle"]);
    assertEquals(capture(1, -2), ["middle", "outer"]);
    assertEquals(capture(2, 1), ["middle"]);
    assertEquals(capture(1, 0), []);
    assertEquals(capture(9, null), []);
  }));

Deno.test("captureCallGraph() has the lines of suspended tasks in debug mode", () =>
  run(async () => {
    const future = new Future<void>();
    async function inner() {
      await sleep(0);
      await future;
    }
    async function outer() {
      await inner();
    }
    const task = createTask(outer);
    await sleep(0);
    await sleep(0);
    const graph = captureCallGraph(future)!.awaitedBy[0];
    assertStrictEquals(graph?.future, task);
    assertEquals(functionsOf(graph), ["inner", "outer"]);
    assertEquals(functionsOf(captureCallGraph(task)), ["inner", "outer"]);
    assertEquals(
      functionsOf(captureCallGraph(task, { limit: -1 })),
      ["outer"],
    );
    future.setResult();
    await task;
    assertEquals(functionsOf(captureCallGraph(task)), []);
  }, { debug: true }));

Deno.test("captureCallGraph() has the branch that awaits the future", () =>
  run(async () => {
    const [one, two] = [new Future<void>(), new Future<void>()];
    async function first() {
      await one;
    }
    async function second() {
      await two;
    }
    const task = createTask(() => Promise.all([first(), second()]));
    await sleep(0);
    const functions = (future: Future<void>) =>
      functionsOf(captureCallGraph(future)?.awaitedBy[0])[0];
    assertEquals([functions(one), functions(two)], ["first", "second"]);
    one.setResult();
    two.setResult();
    await task;
  }, { debug: true }));

Deno.test("captureCallGraph() survives circles and long chains", () => {
  const [one, two] = [new Future(), new Future()];
  futureAddToAwaitedBy(one, two);
  futureAddToAwaitedBy(two, one);
  const circle = captureCallGraph(one)!;
  assertStrictEquals(circle.awaitedBy[0]?.awaitedBy[0], circle);
  assertEquals(
    formatCallGraph(one),
    `* <Future pending>
  + Awaited by:
    * <Future pending>
      + Awaited by:
        * <Future pending> (see above)`,
  );
  const chain = Array.from({ length: 20_000 }, () => new Future());
  chain.forEach((each, index) => {
    if (index > 0) futureAddToAwaitedBy(chain[index - 1]!, each);
  });
  let length = 0;
  for (
    let graph = captureCallGraph(chain[0]);
    graph !== undefined && graph !== null;
    graph = graph.awaitedBy[0] ?? null
  ) length++;
  assertEquals(length, 20_000);
});

Deno.test("futureAddToAwaitedBy() and futureDiscardFromAwaitedBy() count a waiter once", () => {
  const [future, waiter] = [new Future(), new Future()];
  futureAddToAwaitedBy(future, waiter);
  futureAddToAwaitedBy(future, waiter);
  assertEquals(awaitersOf(captureCallGraph(future)), [waiter]);
  futureDiscardFromAwaitedBy(future, waiter);
  futureDiscardFromAwaitedBy(future, waiter);
  assertEquals(awaitersOf(captureCallGraph(future)), []);
});

Deno.test("futureAddToAwaitedBy() ignores a non-future", () => {
  const future = new Future();
  // @ts-expect-error -- no future
  futureAddToAwaitedBy(future, {});
  // @ts-expect-error -- no future
  futureAddToAwaitedBy(null, future);
  // @ts-expect-error -- no future
  futureDiscardFromAwaitedBy(future, undefined);
  assertEquals(awaitersOf(captureCallGraph(future)), []);
});

Deno.test("formatCallGraph() shows stacks and awaiters, indented", () =>
  run(async () => {
    currentTask()!.setName("main");
    async function work() {
      await sleep(0);
      return formatCallGraph();
    }
    const text = await createTask(work, { name: "child" });
    const place = `\\(${RegExp.escape(import.meta.url)}:\\d+:\\d+\\)`;
    assertMatch(
      text,
      new RegExp(
        [
          "^\\* <Task 'child' pending>",
          "  \\+ Call stack:",
          `  \\|   work ${place}`,
          "  \\+ Awaited by:",
          "    \\* <Task 'main' pending>",
          "      \\+ Call stack:",
          `      \\|   .*${RegExp.escape(import.meta.url)}:\\d+:\\d+.*$`,
        ].join("\n"),
      ),
    );
  }, { debug: true }));

Deno.test("printCallGraph() writes the text", () =>
  run(() => {
    const texts: string[] = [];
    const future = new Future();
    printCallGraph(future, { write: (text) => texts.push(text) });
    function caller() {
      printCallGraph(null, { write: (text) => texts.push(text) });
    }
    createTask(caller, { name: "printer", eagerStart: true });
    assertEquals(texts[0], "* <Future pending>");
    assertMatch(
      texts[1]!,
      /^\* <Task 'printer' pending>\n {2}\+ Call stack:\n {2}\| {3}caller \(.*\)$/,
    );
  }));

Deno.test("captureCallGraph() does not lose a taker of asCompleted()", () =>
  run(async () => {
    const future = new Future<void>();
    const [next] = asCompleted([future]);
    const task = createTask(async () => await next);
    await sleep(0);
    assertEquals(awaitersOf(captureCallGraph(next)), [task]);
    future.setResult();
    await task;
  }));

Deno.test("printCallGraph() prints to standard output", () => {
  const printed: unknown[][] = [];
  const { log } = console;
  console.log = (...parts: unknown[]) => void printed.push(parts);
  try {
    printCallGraph(new Future());
  } finally {
    console.log = log;
  }
  assertEquals(printed, [["* <Future pending>"]]);
});
