// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertFalse } from "@std/assert";
import { isCoroutineFunction } from "./is_coroutine_function.ts";

Deno.test("isCoroutineFunction() knows async functions of every form", () => {
  async function declared() {}
  class Service {
    async method() {}
    static async make() {}
  }
  assert(isCoroutineFunction(declared));
  assert(isCoroutineFunction(async () => {}));
  assert(isCoroutineFunction(new Service().method));
  assert(isCoroutineFunction(Service.make));
  assert(isCoroutineFunction(declared.bind(null)));
});

Deno.test("isCoroutineFunction() refuses everything else", () => {
  assertFalse(isCoroutineFunction(() => Promise.resolve()));
  assertFalse(isCoroutineFunction(function* () {}));
  assertFalse(isCoroutineFunction(async function* () {}));
  assertFalse(isCoroutineFunction(Promise.resolve()));
  assertFalse(isCoroutineFunction({ [Symbol.toStringTag]: "AsyncFunction" }));
  assertFalse(isCoroutineFunction(null));
  assertFalse(isCoroutineFunction(undefined));
});
