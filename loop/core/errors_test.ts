// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  InvalidStateError,
  KeyboardInterrupt,
  RuntimeError,
  SendfileNotAvailableError,
  TimeoutError,
} from "../mod.ts";
import { setWarningHandler, warn } from "./errors.ts";

for (
  const type of [
    InvalidStateError,
    KeyboardInterrupt,
    RuntimeError,
    SendfileNotAvailableError,
    TimeoutError,
  ]
) {
  Deno.test(`${type.name} has a name, a message and a cause`, () => {
    const cause = new Error("why");
    const error = new type("what", { cause });
    assertInstanceOf(error, Error);
    assertEquals(error.name, type.name);
    assertEquals(error.message, "what");
    assertStrictEquals(error.cause, cause);
    assertEquals(String(error), `${type.name}: what`);
    assertEquals(new type().message, "");
    assertFalse(Object.hasOwn(new type(), "cause"));
  });
}

/** Calls `fn` with what is printed collected; then the console and the handler are as before. */
function printedBy(fn: () => void): string[] {
  const printed: string[] = [];
  const { warn, error } = console;
  console.warn = (text: string) => printed.push(`warn: ${text}`);
  console.error = (text: string) => printed.push(`error: ${text}`);
  try {
    fn();
  } finally {
    Object.assign(console, { warn, error });
    setWarningHandler(null);
  }
  return printed;
}

Deno.test("setWarningHandler() passes warnings to the handler instead of the console", () => {
  const warnings: string[] = [];
  const printed = printedBy(() => {
    setWarningHandler((message) => warnings.push(message));
    warn("careful");
  });
  assertEquals(warnings, ["careful"]);
  assertEquals(printed, []);
});

Deno.test("setWarningHandler(null) brings the console back", () => {
  const printed = printedBy(() => {
    setWarningHandler(() => {});
    setWarningHandler(null);
    warn("careful");
  });
  assertEquals(printed, ["warn: careful"]);
});

Deno.test("setWarningHandler() contains a handler that throws, and the warning is printed", () => {
  const printed = printedBy(() => {
    setWarningHandler(() => {
      throw new Error("no");
    });
    warn("careful");
  });
  assertEquals(printed, [
    "warn: careful",
    "error: The warning handler failed: Error: no",
  ]);
});

Deno.test("setWarningHandler() refuses what is not a function", () => {
  assertThrows(
    () => setWarningHandler("log" as never),
    TypeError,
    'The handler of setWarningHandler() must be a function or null: received "log"',
  );
});
