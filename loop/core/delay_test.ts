// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertThrows } from "@std/assert";
import { type Delay, secondsOf } from "./delay.ts";

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
