// Copyright 2026 the asyncio for Deno authors. MIT license.

import { messageOf, registerErrorClass, TimeoutError } from "./errors.ts";
import { onUnhandledRejection } from "./runtime.ts";
import type { CancelMessage } from "./scope.ts";
import {
  chainOf,
  isInstance,
  propertyOf,
  textAt,
  textOf,
} from "./unknown_value.ts";

/**
 * The operation was cancelled.
 *
 * It is thrown at the `await` of a task that is cancelled. Code that catches it to clean up must rethrow it:
 * a bare `catch {}` swallows the cancellation.
 *
 * @example Clean up and let the cancellation go on
 * ```ts
 * import { CancelledError, createTask, sleep } from "@asyncio/asyncio";
 * import { assert } from "@std/assert";
 *
 * const task = createTask(async () => {
 *   try {
 *     await sleep(3600);
 *   } catch (error) {
 *     if (error instanceof CancelledError) console.log("cleaning up");
 *     throw error;
 *   }
 * });
 * await sleep(0);
 * task.cancel();
 * await task.catch(() => {});
 * assert(task.cancelled());
 * ```
 *
 * @category Errors
 * @see {@link https://docs.python.org/3/library/asyncio-exceptions.html#asyncio.CancelledError}
 */
export class CancelledError extends Error {
  /**
   * Constructs a new instance.
   *
   * @param message The message that was passed to `cancel()`.
   * @param options The error's `cause`.
   */
  constructor(message?: string, options?: ErrorOptions) {
    super(messageOf(message), options);
    this.name = "CancelledError";
  }
}

registerErrorClass(CancelledError);

// Like `isInstance()`, but the engine is much faster where the class is always the same.
/** Whether a value is a `CancelledError`. Does not throw. */
export function isCancelledError(value: unknown): value is CancelledError {
  try {
    return value instanceof CancelledError;
  } catch {
    return false;
  }
}

Object.defineProperty(
  CancelledError.prototype,
  Symbol.for("Deno.customInspect"),
  {
    value(this: CancelledError): string {
      return textAt(this, "stack") || describe(this);
    },
  },
);

/** The lines of execution into which errors with a stack were thrown. */
const lines = new WeakMap<object, object>();

/** Records the line of execution into which a cancellation is thrown. */
export let noteThrown: (error: object, line: object) => void;
/** Returns the line of execution into which a cancellation was thrown last. */
export let lineOf: (error: object) => object | null | undefined;

/**
 * A `CancelledError` without a captured stack. The stack would cost a hundred times as much as the object, and the
 * library delivers one for each cancelled task.
 */
class DeliveredCancelledError {
  readonly name = "CancelledError";
  declare readonly cause?: unknown;
  #line: object | null = null;

  constructor(readonly message: string) {}

  static {
    noteThrown = (error, line) => {
      if (#line in error) error.#line = line;
      else lines.set(error, line);
    };
    lineOf = (error) => #line in error ? error.#line : lines.get(error);
  }

  get stack(): string {
    return describe(this);
  }
}
Object.setPrototypeOf(
  DeliveredCancelledError.prototype,
  CancelledError.prototype,
);
// User code sees one class.
Object.defineProperty(DeliveredCancelledError.prototype, "constructor", {
  value: CancelledError,
});

function describe(error: { message: string }): string {
  const message = textAt(error, "message");
  return message === "" ? "CancelledError" : `CancelledError: ${message}`;
}

const withStack = new WeakSet<object>();
/** The errors that were delivered to code outside tasks. */
const letOut = new WeakSet<object>();
/** How many loops are in debug mode. */
let debugging = 0;
let guarded = false;

/**
 * Counts a loop that enters or leaves debug mode. While any loop is in debug mode, a `CancelledError` has the stack of
 * its creation.
 */
export function captureCancellationStacks(enabled: boolean): void {
  debugging += enabled ? 1 : -1;
}

/** Returns the error that a cancellation with `message` delivers. */
export function makeCancelledError(message: CancelMessage): CancelledError {
  if (!guarded) guardUnhandledRejections();
  if (isCancelledError(message)) return message;
  const text = message === undefined ? "" : textOf(message);
  if (debugging === 0) {
    return new DeliveredCancelledError(text) as CancelledError;
  }
  const error = new CancelledError(text);
  withStack.add(error);
  return error;
}

/** Creates the error that a cancellation from outside delivers, with its reason as the cause. */
export function makeCausedCancelledError(
  cause: unknown,
  message?: CancelMessage,
): CancelledError {
  const error = new CancelledError(messageOf(message), { cause });
  withStack.add(error);
  return error;
}

/** The reasons with which the library has aborted signals. */
const signalReasons = new WeakSet<CancelledError>();

/** Creates the reason with which a signal is aborted. */
export function makeSignalReason(message: CancelMessage): CancelledError {
  const reason = makeCancelledError(message);
  signalReasons.add(reason);
  return reason;
}

/**
 * Returns the reason of a signal that is in the chain of causes of an error, or `null`. A `TimeoutError` in the chain
 * has turned the cancellation into a failure.
 */
export function signalReasonIn(error: unknown): CancelledError | null {
  for (const each of chainOf(error, "cause")) {
    if (isInstance(each, TimeoutError)) return null;
    if (signalReasons.has(each as CancelledError)) {
      return each as CancelledError;
    }
  }
  return null;
}

/** Whether a value is an `AbortError` of any class. */
export function isAbortError(error: unknown): boolean {
  return isInstance(error, Error) && propertyOf(error, "name") === "AbortError";
}

/** Called with each cancellation that was thrown out of a call which nothing awaits. */
let onUnhandledCancellation: (error: CancelledError) => void = () => {};

/** Registers the function that is called with those. */
export function watchUnhandledCancellations(
  callback: (error: CancelledError) => void,
): void {
  onUnhandledCancellation = callback;
}

/**
 * Records that a cancellation was delivered to code outside tasks, such as a script that awaits `run()`. If it is not
 * handled there, the program has failed and must not end normally.
 */
export function letOutOfTasks(error: unknown): void {
  if (isCancelledError(error)) letOut.add(error);
}

/**
 * A `CancelledError` may reach an async function of a task that is not awaited at that moment (a branch of a
 * `Promise.all` whose other branch failed first). It must not end the process.
 */
function guardUnhandledRejections(): void {
  guarded = true;
  onUnhandledRejection((reason) => {
    if (!isCancelledError(reason) || letOut.has(reason)) return false;
    onUnhandledCancellation(reason);
    return isInstance(reason, DeliveredCancelledError) || withStack.has(reason);
  });
}

/**
 * Returns the cancellation that ended some code, if one did. If it was thrown while resources were disposed of after
 * another error, JavaScript wraps the two in a `SuppressedError`; Python raises the later one.
 */
export function cancellationIn(error: unknown): CancelledError | null {
  if (isCancelledError(error)) return error;
  for (const each of chainOf(error, "error")) {
    if (isCancelledError(each)) return each;
    // By its name: where the engine does not have the class, the compiler provides one.
    if (propertyOf(each, "name") !== "SuppressedError") break;
  }
  return null;
}
