// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
} from "@std/assert";
import {
  InvalidStateError,
  KeyboardInterrupt,
  RuntimeError,
  SendfileNotAvailableError,
  TimeoutError,
} from "../mod.ts";

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
