// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  type Future,
  type Settlement,
  withError,
  withResult,
} from "../loop/core/future.ts";
import {
  type PrimitiveBehavior,
  PrimitiveFuture,
} from "../loop/core/primitive_future.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import { assertOptions } from "../loop/core/validate.ts";
import type { EmitterLike } from "./events.ts";
import { assertListening, listen } from "./_listen.ts";

/**
 * The options of {@linkcode once}.
 *
 * @category Queues
 */
export interface OnceOptions {
  /** A signal that cancels the wait; its reason is the cause of the `CancelledError`. */
  signal?: AbortSignal | undefined;
}

/**
 * Waits for the next event of an `EventTarget` or of an emitter such as Node's. It listens from the call on.
 *
 * Of an emitter, the first argument of the event counts. Its `"error"` is thrown, unless that is the type itself.
 *
 * Cancelling the awaiting task removes the listener.
 *
 * @typeParam E The type of the event, or of the first argument.
 * @param target The `EventTarget` or emitter.
 * @param type The type of the event.
 * @param options A signal that cancels the wait.
 * @returns A future of the event.
 * @throws {TypeError} If an argument is of the wrong type.
 *
 * @example Usage
 * ```ts
 * import { once } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const controller = new AbortController();
 * const aborted = once<Event>(controller.signal, "abort");
 * controller.abort();
 * assertEquals((await aborted).type, "abort");
 * ```
 *
 * @category Queues
 */
export function once<E = unknown>(
  target: EventTarget | EmitterLike,
  type: string,
  options: OnceOptions = {},
): Future<E> {
  assertOptions("once", options);
  const listening = { caller: "once", target, type, signal: options.signal };
  assertListening(listening);
  const scheduler = currentScheduler();
  const wait: Wait = { end: null, stop() {} };
  const operation = new PrimitiveFuture<E, Wait>(scheduler, WAIT, wait);
  const end = (settlement: Settlement) => {
    wait.end ??= settlement;
    wait.stop();
    operation.wake();
  };
  wait.stop = listen(scheduler, listening, {
    onEvent: (event) => end(withResult(event)),
    onError: (error) => end(withError(error)),
    onAbort: (error) => void operation.cancel(error as string),
  });
  return operation;
}

interface Wait {
  /** How the wait ends; `null` until the event. */
  end: Settlement | null;
  /** Removes the listeners. */
  stop: () => void;
}

const WAIT: PrimitiveBehavior<never, Wait> = {
  name: "once()",
  poll: ({ end }) => end,
  onCancelled: ({ stop }) => stop(),
  handBack() {},
};
