// Copyright 2026 the asyncio for Deno authors. MIT license.

import { textOf } from "./unknown_value.ts";
import { assertFunctionOrNull } from "./validate.ts";

/** A class of errors that keep their class when they come from another thread. */
export interface ErrorClass {
  // deno-lint-ignore no-explicit-any -- the parameters of a constructor do not matter to `instanceof`
  readonly errorClass: abstract new (...args: any[]) => Error;
  /** Creates an instance, if the class has private fields; otherwise the prototype of an error is set. */
  readonly create?: (message: string, errors: readonly unknown[]) => Error;
}

/** The key by which the program of a worker shares the classes: it cannot import this module. */
const ERROR_CLASSES: unique symbol = Symbol.for("asyncio.errorClasses");

const classes: Map<string, ErrorClass> =
  (globalThis as { [ERROR_CLASSES]?: Map<string, ErrorClass> })[
    ERROR_CLASSES
  ] ?? new Map();

/** Registers a class, so that its errors keep it when they come from another thread. */
export function registerErrorClass(
  errorClass: ErrorClass["errorClass"],
  create?: ErrorClass["create"],
): void {
  const entry = create === undefined ? { errorClass } : { errorClass, create };
  classes.set(errorClass.name, entry);
}

/** Returns the class that is registered under a name. */
export function errorClassNamed(name: string): ErrorClass | undefined {
  return classes.get(name);
}

/** Converts the message of an error as `Error` does, but does not throw for a symbol. */
export function messageOf(message: unknown): string | undefined {
  return message === undefined ? undefined : textOf(message);
}

/**
 * Something was used in a wrong way or at a wrong time.
 *
 * @example Usage
 * ```ts
 * import { getRunningLoop, RuntimeError } from "@asyncio/asyncio";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => getRunningLoop(), RuntimeError);
 * ```
 *
 * @category Errors
 * @see {@link https://docs.python.org/3/library/exceptions.html#RuntimeError}
 */
export class RuntimeError extends Error {
  /**
   * Constructs a new instance.
   *
   * @param message What was wrong.
   * @param options The error's `cause`.
   */
  constructor(message?: string, options?: ErrorOptions) {
    super(messageOf(message), options);
    this.name = "RuntimeError";
  }
}

/**
 * The operation has exceeded the given deadline.
 *
 * @example Usage
 * ```ts
 * import { sleep, TimeoutError, waitFor } from "@asyncio/asyncio";
 * import { assertRejects } from "@std/assert";
 *
 * await assertRejects(() => waitFor(sleep(3600), 0.001), TimeoutError);
 * ```
 *
 * @category Errors
 * @see {@link https://docs.python.org/3/library/asyncio-exceptions.html#asyncio.TimeoutError}
 */
export class TimeoutError extends Error {
  /**
   * Constructs a new instance.
   *
   * @param message What took too long.
   * @param options The error's `cause`.
   */
  constructor(message?: string, options?: ErrorOptions) {
    super(messageOf(message), options);
    this.name = "TimeoutError";
  }
}

/**
 * The internal state of a `Future` or `Task` does not allow the operation.
 *
 * @example Usage
 * ```ts
 * import { Future, InvalidStateError } from "@asyncio/asyncio";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => new Future().result(), InvalidStateError);
 * ```
 *
 * @category Errors
 * @see {@link https://docs.python.org/3/library/asyncio-exceptions.html#asyncio.InvalidStateError}
 */
export class InvalidStateError extends Error {
  /**
   * Constructs a new instance.
   *
   * @param message What the state is.
   * @param options The error's `cause`.
   */
  constructor(message?: string, options?: ErrorOptions) {
    super(messageOf(message), options);
    this.name = "InvalidStateError";
  }
}

/**
 * The user interrupted the program, usually with Ctrl-C: `run()` throws it after a SIGINT. A program that does not
 * catch it exits with code 130, and without a stack.
 *
 * If a callback or a task that is not awaited throws it, `run()` ends.
 *
 * @example Usage
 * ```ts ignore
 * import { KeyboardInterrupt, run, sleep } from "@asyncio/asyncio";
 *
 * try {
 *   await run(() => sleep(3600));
 * } catch (error) {
 *   if (!(error instanceof KeyboardInterrupt)) throw error;
 *   console.log("interrupted");
 * }
 * ```
 *
 * @category Errors
 * @see {@link https://docs.python.org/3/library/asyncio-runner.html#handling-keyboard-interruption}
 */
export class KeyboardInterrupt extends Error {
  /**
   * Constructs a new instance.
   *
   * @param message What interrupted.
   * @param options The error's `cause`.
   */
  constructor(message?: string, options?: ErrorOptions) {
    super(messageOf(message), options);
    this.name = "KeyboardInterrupt";
  }
}

/**
 * The system call for sending files cannot be used for this connection or file, and a fallback was not allowed.
 *
 * @example Usage
 * ```ts
 * import { RuntimeError, SendfileNotAvailableError } from "@asyncio/asyncio";
 * import { assertInstanceOf } from "@std/assert";
 *
 * assertInstanceOf(new SendfileNotAvailableError(), RuntimeError);
 * ```
 *
 * @category Errors
 * @see {@link https://docs.python.org/3/library/asyncio-exceptions.html#asyncio.SendfileNotAvailableError}
 */
export class SendfileNotAvailableError extends RuntimeError {
  /**
   * Constructs a new instance.
   *
   * @param message Why it cannot be used.
   * @param options The error's `cause`.
   */
  constructor(message?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SendfileNotAvailableError";
  }
}

registerErrorClass(RuntimeError);
registerErrorClass(TimeoutError);
registerErrorClass(InvalidStateError);
registerErrorClass(KeyboardInterrupt);
registerErrorClass(SendfileNotAvailableError);

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
