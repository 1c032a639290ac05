// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  allTasks,
  asCompleted,
  createTask,
  ensureFuture,
  Future,
  gather,
  getRunningLoop,
  run,
  Runner,
  sleep,
  taskGroup,
  wait,
} from "../../mod.ts";
import { formatValue } from "./validate.ts";

Deno.test("assertOptions() refuses options other than objects before any effect", () =>
  run(async () => {
    const done = new Future<void>();
    done.setResult();
    const never = (): void => {
      throw new Error("It has been called");
    };
    const wrong: [unknown, string][] = [
      [5, "5"],
      [true, "true"],
      ["name", '"name"'],
      [null, "null"],
      [() => {}, "a function"],
    ];
    for (const [value, received] of wrong) {
      const options = value as object;
      const calls: [string, () => unknown][] = [
        ["createTask", () => createTask(never, options)],
        ["createTask", () => getRunningLoop().createTask(never, options)],
        ["asCompleted", () => asCompleted([never], options)],
        ["ensureFuture", () => ensureFuture(never, options)],
        ["gather", () => gather([never], options)],
        ["wait", () => wait([done], options)],
        ["run", () => run(never, options)],
        ["Runner", () => new Runner(options)],
      ];
      for (const [caller, call] of calls) {
        await assertRejects(
          async () => await call(),
          TypeError,
          `The options of ${caller}() must be an object: received ${received}`,
        );
      }
      await taskGroup((group) =>
        void assertThrows(
          () => group.createTask(never, options),
          TypeError,
          `The options of createTask() must be an object: received ${received}`,
        )
      );
    }
    await sleep(0);
    assertEquals(allTasks().size, 1);
  }));

Deno.test("formatValue() tells values of different types apart", () => {
  const values: [unknown, string][] = [
    ["80", '"80"'],
    [80, "80"],
    [80n, "80n"],
    [Number.NaN, "NaN"],
    [true, "true"],
    [undefined, "undefined"],
    [null, "null"],
    [Symbol("s"), "Symbol(s)"],
    [() => {}, "a function"],
    [{}, "an instance of Object"],
    [new Date(0), "an instance of Date"],
    [Object.create(null), "an instance of no class"],
    [{ constructor: { name: Symbol("s") } }, "an instance of no class"],
    [Proxy.revocable({}, {}).proxy, "an instance of Object"],
    ["x".repeat(81), `"${"x".repeat(80)}"…`],
  ];
  for (const [value, text] of values) assertEquals(formatValue(value), text);
});

Deno.test("formatValue() describes what throws when it is looked at", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  assertEquals(formatValue(proxy), "an instance of no class");
});
