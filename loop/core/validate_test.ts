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
import { type Delay, formatValue, secondsOf } from "./validate.ts";

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

Deno.test("secondsOf() takes numbers as seconds", () => {
  for (const seconds of [0, 1.5, -1, Infinity, -Infinity]) {
    assertEquals(secondsOf("sleep", "delay", seconds), seconds);
  }
});

Deno.test("secondsOf() asks a duration for its seconds", () => {
  const asked: string[] = [];
  const duration = {
    total(unit: string) {
      asked.push(unit);
      return 90;
    },
  };
  assertEquals(secondsOf("sleep", "delay", duration), 90);
  assertEquals(asked, ["seconds"]);
});

Deno.test({
  name: "secondsOf() takes a Temporal.Duration",
  ignore: !("Temporal" in globalThis),
  fn() {
    const { Temporal } = globalThis as unknown as { // not in the types of every Deno
      Temporal: { Duration: { from(fields: object): Delay } };
    };
    const duration = Temporal.Duration.from({ minutes: 1, milliseconds: 500 });
    assertEquals(secondsOf("sleep", "delay", duration), 60.5);
  },
});

Deno.test({
  name:
    "secondsOf() says what is wrong with a duration that has no fixed length",
  ignore: !("Temporal" in globalThis),
  fn() {
    const { Temporal } = globalThis as unknown as { // not in the types of every Deno
      Temporal: { Duration: { from(fields: object): Delay } };
    };
    const durations = [[{ months: 1 }, "P1M"], [
      { weeks: 1, hours: 1 },
      "P1WT1H",
    ]] as const;
    for (const [fields, text] of durations) {
      assertThrows(
        () => secondsOf("sleep", "delay", Temporal.Duration.from(fields)),
        RangeError,
        `sleep() takes a Temporal.Duration without years, months and weeks as its delay, as these have no fixed length: received ${text}`,
      );
    }
  },
});

Deno.test("secondsOf() lets through what else a duration throws", () => {
  const error = new TypeError("boom");
  const delay = {
    total() {
      throw error;
    },
  };
  assertThrows(() => secondsOf("sleep", "delay", delay), TypeError, "boom");
});

Deno.test("secondsOf() names the function, the parameter and what came", () => {
  const wrong: [unknown, new () => Error, string][] = [
    ["1", TypeError, '"1"'],
    [null, TypeError, "null"],
    [undefined, TypeError, "undefined"],
    [NaN, RangeError, "NaN"],
    [{}, TypeError, "an instance of Object"],
    [1n, TypeError, "1n"],
    [{ total: 1 }, TypeError, "an instance of Object"],
    [{ total: () => "1" }, TypeError, "an instance of Object"],
  ];
  for (const [value, ErrorClass, received] of wrong) {
    assertThrows(
      () => secondsOf("waitFor", "timeout", value as Delay),
      ErrorClass,
      `The timeout of waitFor() must be a number of seconds or a Temporal.Duration: received ${received}`,
    );
  }
});
