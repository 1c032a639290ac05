// Copyright 2026 the asyncio for Deno authors. MIT license.

import { textOf } from "./unknown_value.ts";
import { assertFunctionOrNull } from "./validate.ts";

let handler: ((message: string) => void) | null = null;

/**
 * Sets the function that is called with each warning of the library, in place of `console.warn()`.
 *
 * There is one handler for all loops. It is called at once, in the middle of what it warns of: it must not throw.
 *
 * @param newHandler The function, or `null` for `console.warn()`.
 * @throws {TypeError} If the handler is neither a function nor `null`.
 *
 * @example Usage
 * ```ts
 * import { setWarningHandler } from "@asyncio/asyncio";
 *
 * const log: string[] = [];
 * setWarningHandler((message) => log.push(message));
 * // …
 * setWarningHandler(null);
 * ```
 *
 * @category Event loop
 * @see {@link https://docs.python.org/3/library/warnings.html#warnings.showwarning}
 */
export function setWarningHandler(
  newHandler: ((message: string) => void) | null,
): void {
  assertFunctionOrNull("The handler of setWarningHandler()", newHandler);
  handler = newHandler;
}

/** Passes a warning to the handler. Does not throw. */
export function warn(message: string): void {
  if (handler === null) {
    console.warn(message);
    return;
  }
  try {
    handler(message);
  } catch (error) {
    console.warn(message);
    console.error(`The warning handler failed: ${textOf(error)}`);
  }
}
