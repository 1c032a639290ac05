// Copyright 2026 the asyncio for Deno authors. MIT license.

import { captureContext } from "../../core/context.ts";
import { fail, fulfil, Future } from "../../core/future.ts";
import { callOutsideTasks, type Scheduler } from "../../core/scheduler.ts";
import { type Runnable, runStep } from "../../core/runnable.ts";
import { awaitOutside, reactOnce } from "../../core/wrap_future.ts";
import { networkOf } from "./network.ts";

/**
 * The async context that the callbacks of a transport or a server run in: that of its creation, with a copy
 * of its context variables, but outside every task.
 *
 * A reaction to a promise of Deno's must be added in this context when it puts something into the
 * ready queue: in a task's context the scheduler would take it for the task itself, going on.
 */
export class CallbackContext {
  readonly scheduler: Scheduler;
  readonly #run: <T>(fn: () => T) => T;

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
    this.#run = captureContext(scheduler);
  }

  /** Calls a function in the context, at once. */
  run<T>(fn: () => T): T {
    return this.#run(fn);
  }

  /** Calls a function in the context, in its turn. */
  enqueue(callback: () => void): void {
    this.scheduler.call(this.#run, callback);
  }
}

/**
 * A turn in the ready queue for code of the library that runs in an async context of its own:
 * `await turn` goes on as an entry, and the code then says by `scheduler.proceed()` that the entry is
 * over. Costs a tenth of entering the context anew. One await at a time.
 */
export class Turn implements Runnable {
  readonly #scheduler: Scheduler;
  #resume: (() => void) | null = null;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  then(resume: () => void): void {
    this.#resume = resume;
    this.#scheduler.enqueue(this);
  }

  /** Goes on at once if the turn is awaited: the loop is closed, which has no turns any more. */
  skip(): void {
    const resume = this.#resume;
    this.#resume = null;
    resume?.();
  }

  [runStep](): boolean {
    this.skip();
    return true;
  }
}

/** Starts a transport, in its turn, and waits until that is done. Cancelled, it closes the transport. */
export async function startTransport(
  context: CallbackContext,
  transport: { start(): void; close(): void },
): Promise<void> {
  const made = new Future<void>({ loop: context.scheduler.loop });
  context.enqueue(() => {
    transport.start();
    if (!made.done()) made.setResult();
  });
  try {
    await made;
  } catch (error) {
    transport.close();
    throw error;
  }
}

/**
 * A future of what an operation of Deno's comes to. If its result comes too late, since the future
 * was cancelled or the loop is closed, it goes to `discard`.
 */
export function completionOf<T>(
  scheduler: Scheduler,
  operation: Promise<T>,
  discard: (late: T) => void = () => {},
): Future<T> {
  return futureOf(scheduler, operation, discard, true);
}

/** The same of an operation on the network, which is perhaps not the system's but a part of the program. */
export function networkCompletionOf<T>(
  scheduler: Scheduler,
  operation: Promise<T>,
  discard: (late: T) => void = () => {},
): Future<T> {
  const isOutside = networkOf(scheduler) === null;
  return futureOf(scheduler, operation, discard, isOutside);
}

function futureOf<T>(
  scheduler: Scheduler,
  operation: Promise<T>,
  discard: (late: T) => void,
  isOutside: boolean,
): Future<T> {
  const future = new Future<T>({ loop: scheduler.loop });
  const isTooLate = () => future.done() || scheduler.loop.isClosed();
  const reactions = {
    onFulfilled: (value: T) =>
      isTooLate() ? discard(value) : fulfil(future, value),
    onRejected: (error: unknown) => isTooLate() || fail(future, error),
  };
  callOutsideTasks(scheduler, () => {
    if (isOutside) awaitOutside(scheduler, operation, reactions);
    else reactOnce(operation, reactions);
  });
  return future;
}
