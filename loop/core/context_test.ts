// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  Context,
  ContextVar,
  copyContext,
  createTask,
  currentTask,
  Future,
  getRunningLoop,
  run,
  Runner,
  RuntimeError,
  sleep,
} from "../../mod.ts";

Deno.test("ContextVar.get() gives the value, the default, or throws", () => {
  const bare = new ContextVar<number>("bare");
  assertThrows(() => bare.get(), ReferenceError, "bare");
  assertEquals(bare.get(1), 1);
  const withDefault = new ContextVar("default", 2);
  assertEquals(withDefault.get(), 2);
  assertEquals(withDefault.get(3), 3);
  const withUndefined = new ContextVar<number | undefined>("u", undefined);
  assertEquals(withUndefined.get(), undefined);
});

Deno.test("ContextVar.set() in a task stays in the task", () =>
  run(async () => {
    const variable = new ContextVar("variable", "none");
    variable.set("parent");
    const child = createTask(async () => {
      const inherited = variable.get();
      variable.set("child");
      await sleep(0);
      return [inherited, variable.get()];
    });
    variable.set("later");
    assertEquals(await child, ["parent", "child"]);
    assertEquals(variable.get(), "later");
  }));

Deno.test("ContextVar.set() in an async function is seen by its caller in the same task", () =>
  run(async () => {
    const variable = new ContextVar("variable", 0);
    await (async () => {
      await sleep(0);
      variable.set(1);
    })();
    assertEquals(variable.get(), 1);
  }));

Deno.test("A callback runs in a copy of the context of the code that scheduled it", () =>
  run(async () => {
    const variable = new ContextVar("variable", 0);
    const seen: number[] = [];
    const look = () => {
      seen.push(variable.get());
      variable.set(-1);
    };
    const future = new Future();
    variable.set(1);
    getRunningLoop().callSoon(look);
    future.addDoneCallback(look);
    const handle = getRunningLoop().callLater(0, look);
    assertEquals(handle.getContext().get(variable), 1);
    variable.set(2);
    future.setResult(null);
    await sleep(0.001);
    assertEquals(seen, [1, 1, 1]);
    assertEquals(variable.get(), 2);
  }));

Deno.test("A callback that sets a variable in an empty context changes no other context", () =>
  run(async () => {
    const variable = new ContextVar("variable", 0);
    const done = new Future<number>();
    getRunningLoop().callSoon(() => {
      variable.set(1);
      done.setResult(variable.get());
    });
    assertEquals(await done, 1);
    assertEquals(variable.get(), 0);
    let seen = -1;
    getRunningLoop().callSoon(() => seen = variable.get());
    await sleep(0);
    assertEquals(seen, 0);
  }));

Deno.test("Context.run() with an empty context is not seen by scheduled callbacks", () =>
  run(async () => {
    const variable = new ContextVar("variable", 0);
    const context = new Context();
    const seen: number[] = [];
    const look = () => {
      seen.push(variable.get());
      variable.set(1);
    };
    context.run(() => {
      getRunningLoop().callSoon(look);
      getRunningLoop().callSoon(look);
    });
    await sleep(0);
    assertEquals(seen, [0, 0]);
    assertEquals(context.size, 0);
  }));

Deno.test("A callback keeps what it sets from those that it asked for before", () =>
  run(async () => {
    const variable = new ContextVar("variable", 0);
    const seen: number[] = [];
    const look = () => {
      seen.push(variable.get());
      variable.set(1);
    };
    const loop = getRunningLoop();
    loop.callSoon(() => {
      const token = variable.set(-1);
      variable.reset(token);
      loop.callSoon(look);
      loop.callSoon(look);
    });
    await sleep(0);
    await sleep(0);
    assertEquals(seen, [0, 0]);
  }));

Deno.test("Context.run() keeps what the function sets", () =>
  run(() => {
    const variable = new ContextVar("variable", 0);
    variable.set(1);
    const context = copyContext();
    const result = context.run(
      (a, b) => {
        variable.set(variable.get() + a + b);
        return "result";
      },
      2,
      3,
    );
    assertEquals(result, "result");
    assertEquals(context.get(variable), 6);
    assertEquals(variable.get(), 1);
    assertEquals([...context].map(([{ name }, value]) => [name, value]), [
      ["variable", 6],
    ]);
    assertEquals(context.size, 1);
    assert(context.has(variable));
    assertFalse(new Context().has(variable));
  }));

Deno.test("Context.run() cannot be entered twice, and can be again after an error", () => {
  const context = new Context();
  context.run(() =>
    assertThrows(() => context.run(() => {}), RuntimeError, "entered already")
  );
  assertThrows(
    () =>
      context.run(() => {
        throw new TypeError("of the function");
      }),
    TypeError,
    "of the function",
  );
  assertEquals(context.run(() => 1), 1);
  assertThrows(
    () => context.run(1 as unknown as () => void), // a wrong type on purpose
    TypeError,
    "The function of Context.run() must be a function: received 1",
  );
});

Deno.test("A task that is made in Context.run() starts with a copy of that context", () =>
  run(async () => {
    const variable = new ContextVar("variable", 0);
    const context = new Context();
    const task = context.run(() => {
      variable.set(1);
      return createTask(() => {
        const seen = variable.get();
        variable.set(2);
        return seen;
      });
    });
    assertEquals(await task, 1);
    assertEquals(context.get(variable), 1);
    assertEquals(variable.get(), 0);
  }));

Deno.test("createTask() runs the task in the context that it is given", () =>
  run(async () => {
    const variable = new ContextVar("variable", 0);
    const context = new Context();
    const set = (value: number) =>
      createTask(() => void variable.set(value), { context });
    const first = set(1);
    assertStrictEquals(first.getContext(), context);
    await first;
    assertEquals(context.get(variable), 1);
    await set(2);
    assertEquals(context.get(variable), 2);
    assertEquals(variable.get(), 0);
    assertEquals(currentTask()!.getContext().get(variable), undefined);
  }));

Deno.test("Runner.run() shares one context among its runs", async () => {
  const variable = new ContextVar("variable", 0);
  await using runner = new Runner();
  await runner.run(() => void variable.set(1));
  assertEquals(await runner.run(() => variable.get()), 1);
  const context = new Context();
  assertEquals(await runner.run(() => variable.get(), { context }), 0);
  assertEquals(variable.get(), 0);
});

Deno.test("ContextVar.reset() restores what was before", () =>
  run(() => {
    const variable = new ContextVar<number>("variable");
    const first = variable.set(1);
    const second = variable.set(2);
    assertEquals(first.oldValue, undefined);
    assertEquals(second.oldValue, 1);
    assertStrictEquals(second.variable, variable);
    variable.reset(second);
    assertEquals(variable.get(), 1);
    variable.reset(first);
    assertThrows(() => variable.get(), ReferenceError);
  }));

Deno.test("ContextVar.reset() refuses a token that is not its own", () =>
  run(() => {
    const variable = new ContextVar("variable", 0);
    const other = new ContextVar("other", 0);
    const token = variable.set(1);
    assertThrows(() => other.reset(token), RangeError, "a token of variable");
    const elsewhere = copyContext().run(() => variable.set(2));
    assertThrows(
      () => variable.reset(elsewhere),
      RangeError,
      "another context",
    );
    variable.reset(token);
    assertThrows(() => variable.reset(token), RuntimeError, "used before");
    assertThrows(
      () => variable.reset({ variable, oldValue: 1 }),
      TypeError,
      "a token that set() returned",
    );
  }));

Deno.test("ContextVar() refuses a name that is not a string", () => {
  assertThrows(
    () => new ContextVar(1 as unknown as string), // a wrong type on purpose
    TypeError,
    "The name of a ContextVar must be a string: received 1",
  );
});
