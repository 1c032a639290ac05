// Copyright 2026 the asyncio for Deno authors. MIT license.

import { messageOf, registerErrorClass } from "./error_classes.ts";

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
