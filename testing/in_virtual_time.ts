// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { CoroutineFunction } from "../loop/core/task.ts";
import { assertFunction, assertOptions } from "../loop/core/validate.ts";
import { run } from "../tasks/runner.ts";
import {
  VirtualTimeLoop,
  type VirtualTimeOptions,
} from "./virtual_time_loop.ts";

/**
 * The options of {@linkcode inVirtualTime}.
 *
 * @category Tests
 */
export interface InVirtualTimeOptions extends VirtualTimeOptions {
  /** Whether the loop runs in debug mode, in which a {@linkcode HangError} has line numbers; `false` by default. */
  debug?: boolean | undefined;
}

/**
 * Returns a function for `Deno.test()` that runs a body as `run()` does, on a new {@linkcode VirtualTimeLoop}.
 *
 * @typeParam T The type of the result.
 * @param body The body.
 * @param options The options of the {@linkcode VirtualTimeLoop}, and debug mode.
 * @returns The function, which can be called any number of times.
 * @throws {TypeError} If the body is not a function.
 *
 * @example Usage
 * ```ts
 * import { sleep, waitFor, TimeoutError } from "@asyncio/asyncio";
 * import { inVirtualTime } from "@asyncio/asyncio/testing";
 * import { assertRejects } from "@std/assert";
 *
 * Deno.test("An hour is too long", inVirtualTime(async () => {
 *   await assertRejects(() => waitFor(sleep(7200), 3600), TimeoutError);
 * }));
 * ```
 *
 * @category Tests
 */
export function inVirtualTime<T>(
  body: CoroutineFunction<T>,
  options: InVirtualTimeOptions = {},
): () => Promise<T> {
  assertFunction("The body of inVirtualTime()", body);
  assertOptions("inVirtualTime", options);
  const { debug, ...loopOptions } = options;
  const loopFactory = () => new VirtualTimeLoop(loopOptions);
  return () => run(body, { debug, loopFactory });
}
