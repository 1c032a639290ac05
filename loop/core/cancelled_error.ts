// Copyright 2026 the asyncio for Deno authors. MIT license.

import { messageOf, registerErrorClass } from "./error_classes.ts";
import { TimeoutError } from "./errors.ts";
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
 * It arises at the `await` of a task that was cancelled. Code that catches it to clean up throws it
 * again; a bare `catch {}` swallows it, and with it the cancellation.
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
 * @see {@link https://docs.python.org/3/library/asyncio-exceptions.html#asyncio.CancelledError}
 */
export class CancelledError extends Error {
  /**
   * Constructs a new instance.
   *
   * @param message What the canceller said.
   * @param options The error's `cause`.
   */
  constructor(message?: string, options?: ErrorOptions) {
    super(messageOf(message), options);
    this.name = "CancelledError";
  }
}

registerErrorClass(CancelledError);

Object.defineProperty(
  CancelledError.prototype,
  Symbol.for("Deno.customInspect"),
  {
    value(this: CancelledError): string {
      return textAt(this, "stack") || describe(this);
    },
  },
);

/**
 * A `CancelledError` in all but the captured stack, which would cost a hundred times as much as the
 * object: the library delivers one for each cancelled task.
 */
class DeliveredCancelledError {
  readonly name = "CancelledError";
  declare readonly cause?: unknown;

  constructor(readonly message: string) {}

  get stack(): string {
    return describe(this);
  }
}
Object.setPrototypeOf(
  DeliveredCancelledError.prototype,
  CancelledError.prototype,
);
// To the program there is one class.
Object.defineProperty(DeliveredCancelledError.prototype, "constructor", {
  value: CancelledError,
});

function describe(error: { message: string }): string {
  const message = textAt(error, "message");
  return message === "" ? "CancelledError" : `CancelledError: ${message}`;
}

const withStack = new WeakSet<object>();
/** Those that code outside every task was told of. */
const letOut = new WeakSet<object>();
/** How many loops are in debug mode. */
let debugging = 0;
let guarded = false;

/**
 * A loop enters or leaves debug mode. While any is in it, a delivered `CancelledError` has the stack of
 * the place that made it.
 */
export function captureCancellationStacks(enabled: boolean): void {
  debugging += enabled ? 1 : -1;
}

/** The error that a cancellation with `message` delivers. */
export function makeCancelledError(message: CancelMessage): CancelledError {
  if (!guarded) guardUnhandledRejections();
  if (isInstance(message, CancelledError)) return message;
  const text = message === undefined ? "" : textOf(message);
  if (debugging === 0) {
    return new DeliveredCancelledError(text) as CancelledError;
  }
  const error = new CancelledError(text);
  withStack.add(error);
  return error;
}

/** Makes the error that a cancellation from outside delivers, with the outside reason as its cause. */
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

/** The error with which a signal is aborted. */
export function makeSignalReason(message: CancelMessage): CancelledError {
  const reason = makeCancelledError(message);
  signalReasons.add(reason);
  return reason;
}

/**
 * The reason of a signal that the causes of an error lead to, or `null`. A `TimeoutError` has turned the cancellation
 * into a failure, and so has whatever it is the cause of.
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

/** Whether it is what an API throws that was aborted, whatever its class. */
export function isAbortError(error: unknown): boolean {
  return isInstance(error, Error) && propertyOf(error, "name") === "AbortError";
}

/** Is told of each cancellation that was thrown out of a call which nothing awaits. */
let onUnhandledCancellation: (error: CancelledError) => void = () => {};

/** Registers what is told of those. */
export function watchUnhandledCancellations(
  callback: (error: CancelledError) => void,
): void {
  onUnhandledCancellation = callback;
}

/**
 * Code outside every task is told of a cancellation, such as a script that awaits `run()`. If nobody handles
 * it there, the program has failed, and must not end as if all was well.
 */
export function letOutOfTasks(error: unknown): void {
  if (isInstance(error, CancelledError)) letOut.add(error);
}

/**
 * A `CancelledError` may reach an async function of a task that nobody awaits at that moment (a branch of a
 * `Promise.all` whose other branch failed first). That is no reason to end the process.
 */
function guardUnhandledRejections(): void {
  guarded = true;
  onUnhandledRejection((reason) => {
    if (!isInstance(reason, CancelledError) || letOut.has(reason)) return false;
    onUnhandledCancellation(reason);
    return isInstance(reason, DeliveredCancelledError) || withStack.has(reason);
  });
}

/**
 * The cancellation that ended some code, if one did. It may have struck while resources were disposed of after
 * another error; JavaScript then wraps the two in a `SuppressedError`, where in Python the later one arises.
 */
export function cancellationIn(error: unknown): CancelledError | null {
  if (isInstance(error, CancelledError)) return error;
  for (const each of chainOf(error, "error")) {
    if (isInstance(each, CancelledError)) return each;
    // By its name: where the engine has no such class, the compiler has one of its own.
    if (propertyOf(each, "name") !== "SuppressedError") break;
  }
  return null;
}
