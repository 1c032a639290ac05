// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  cancelWith,
  deliverTo,
  dependencies,
  dependentsOf,
  fail,
  failureOf,
  home,
  isObserved,
  markRetrieved,
  observedBy,
  pending,
  type Reject,
  type Resolve,
  waitsForOthers,
} from "./_future_access.ts";
import {
  CancelledError,
  letOutOfTasks,
  makeCancelledError,
} from "./cancelled_error.ts";
import { RuntimeError } from "./errors.ts";
// Of types only: futures are awaited in this way.
import type { Future } from "./future.ts";
import {
  type Branch,
  type CancelMessage,
  type Coroutine,
  currentCoroutine,
  type Entry,
  execute,
  type Wait,
} from "./scheduler.ts";
import { isInstance } from "./unknown_value.ts";

// `await` reads `then` at once and calls it in a microtask of its own, whereas a program that writes
// `future.then(f)` calls it at once. So the two can be told apart: `await` resumes its caller by itself
// in the right async context, `f` needs that from us.

/** The future whose `then` was read in this microtask, or `null`. */
let justRead: Future<unknown> | null = null;

/** How often, in this step, `then` was read and what that gave is yet to be called. */
let outstandingReads = 0;

/** The future's `then` was read. */
export function noteRead(future: Future<unknown>): void {
  if (justRead === null) queueMicrotask(forgetRead);
  justRead = future;
  outstandingReads++;
}

function forgetRead(): void {
  justRead = null;
}

/** What `future.then` is. */
export function awaitFuture(
  this: Future<unknown>,
  onFulfilled?: ((value: unknown) => unknown) | null,
  onRejected?: ((reason: unknown) => unknown) | null,
): Promise<unknown> | undefined {
  if (justRead !== this && isCalledLater(onFulfilled, onRejected)) {
    return awaitByCall(this, onFulfilled, onRejected);
  }
  if (outstandingReads > 0) outstandingReads--;
  if (justRead === this) return awaitByCall(this, onFulfilled, onRejected);
  awaitNatively(this, onFulfilled as Resolve, onRejected as Reject);
  return undefined;
}

/**
 * Whether user code took `then` from a future before and calls it now, which `await` seems to do, too. `await`
 * passes two functions of the engine, and calls in the step in which it read.
 */
function isCalledLater(onFulfilled: unknown, onRejected: unknown): boolean {
  if (typeof onRejected !== "function") return true;
  // Code outside of steps may have been overtaken by one, so this alone is no proof.
  return outstandingReads === 0 &&
    !(isOfEngine(onFulfilled) && isOfEngine(onRejected));
}

function isOfEngine(fn: unknown): boolean {
  return typeof fn === "function" && fn.name === "" &&
    /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(fn));
}

/** `await` in whatever code: `resolve` and `reject` resume it. */
function awaitNatively(
  future: Future<unknown>,
  resolve: Resolve,
  reject: Reject,
): void {
  if (future.done()) {
    deliver(future, resolve, reject);
    return;
  }
  const coroutine = currentCoroutine();
  beginToWait(future, coroutine, resolve, reject);
  if (coroutine === null) return;
  // Nothing of the user's is on the stack, so the next entry can run right here, unless another
  // branch of the task is about to await something too: that still belongs to this step.
  if (outstandingReads === 0) coroutine.scheduler.ended(coroutine);
  else coroutine.scheduler.suspended(coroutine);
}

/** `future.then(f)` in the middle of other code. */
function awaitByCall(
  future: Future<unknown>,
  onFulfilled?: ((value: unknown) => unknown) | null,
  onRejected?: ((reason: unknown) => unknown) | null,
): Promise<unknown> {
  const outcome = new Promise<unknown>((resolve, reject) => {
    if (future.done()) {
      deliver(future, resolve, reject);
    } else {
      const coroutine = currentCoroutine();
      beginToWait(future, coroutine, resolve, reject);
      coroutine?.scheduler.suspended(coroutine);
    }
  });
  return outcome.then(onFulfilled, onRejected);
}

/** Hands on how a future ended to code that awaits it just now. */
function deliver(
  future: Future<unknown>,
  resolve: Resolve,
  reject: Reject,
): void {
  const isLetOut = future.cancelled() && currentCoroutine() === null;
  future[deliverTo](resolve, isLetOut ? letOutTo(reject) : reject);
}

function letOutTo(reject: Reject): Reject {
  return (error) => {
    letOutOfTasks(error);
    reject(error);
  };
}

/** Adds a waiter. */
function beginToWait(
  future: Future<unknown>,
  coroutine: Coroutine | null,
  resolve: Resolve,
  reject: Reject,
): void {
  const misuse = coroutine === null ? null : misuseBy(coroutine, future);
  if (misuse !== null) {
    // As in asyncio, the error is thrown in the task's next turn.
    const failing = pending(coroutine!.scheduler);
    beginToWait(failing, coroutine, resolve, reject);
    if (!failing.done()) fail(failing, misuse);
    return;
  }
  const waiter = new Waiter(future, coroutine, resolve, reject);
  future[observedBy](waiter);
  if (coroutine !== null) {
    coroutine.attach(waiter);
    const { branch } = waiter;
    if (coroutine.mustCancel && coroutine.meetsCancellation()) {
      waiter.cancel(coroutine.cancelMessage);
    } else if (branch?.meetsCancellation()) {
      waiter.cancel(undefined);
    }
  }
}

function misuseBy(
  coroutine: Coroutine,
  future: Future<unknown>,
): RuntimeError | null {
  if (coroutine.scheduler !== future[home]) {
    return new RuntimeError(
      "Cannot await a future that belongs to another event loop",
    );
  }
  const task = coroutine.task as Future<unknown>;
  if (future === task) return new RuntimeError("A task cannot await itself");
  if (!future[waitsForOthers] || !isObserved(task)) return null;
  if (!waitsFor(future, task)) return null;
  return new RuntimeError("A task cannot await what awaits the task");
}

/**
 * Whether the end of `future` waits for that of `task`, through tasks and what `gather()` gives. Another future
 * may also be settled by other code, as that of a `wait()` by its time limit.
 */
function waitsFor(future: Future<unknown>, task: Future<unknown>): boolean {
  // From both ends in turn: the shorter side tells. So a chain that grows at either end costs one pass in all.
  const above = closure(task, dependentsOf);
  const below = closure(future, (each) => each[dependencies]());
  while (true) {
    const up = above.next();
    if (up.done) return false;
    if (up.value === future) return true;
    const down = below.next();
    if (down.done) return false;
    if (down.value === task) return true;
  }
}

/** All that `step` leads to from a future, again and again. */
function* closure(
  start: Future<unknown>,
  step: (future: Future<unknown>) => Iterable<Future<unknown>>,
): Generator<Future<unknown>, void> {
  const reached = new Set([start]);
  for (const each of reached) {
    for (const next of step(each)) {
      yield next;
      if (next[waitsForOthers]) reached.add(next);
    }
  }
}

/** One `await` of a pending future. */
export class Waiter implements Entry, Wait {
  readonly future: Future<unknown>;
  branch: Branch | null = null;
  readonly #coroutine: Coroutine | null;
  readonly #resolve: Resolve;
  readonly #reject: Reject;

  constructor(
    future: Future<unknown>,
    coroutine: Coroutine | null,
    resolve: Resolve,
    reject: Reject,
  ) {
    this.future = future;
    this.#coroutine = coroutine;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  cancel(message: CancelMessage): boolean {
    return cancelWith(this.future, message);
  }

  get isForOthers(): boolean {
    return this.future[waitsForOthers];
  }

  /** The task that awaits the future, or `null`. */
  get awaiter(): Future<unknown> | null {
    const coroutine = this.#coroutine;
    return coroutine === null || coroutine.finished
      ? null
      : coroutine.task as Future<unknown>;
  }

  get dependent(): Future<unknown> | null {
    return this.awaiter;
  }

  [execute](): boolean {
    const coroutine = this.#coroutine;
    if (coroutine === null) {
      return this.#resumeOutsideTasks(letOutTo(this.#reject));
    }
    coroutine.detach(this);
    if (coroutine.finished) return this.#resumeOutsideTasks(this.#reject);
    coroutine.scheduler.opened(coroutine);
    outstandingReads = 0;
    const isOfTask = coroutine.mustCancel && coroutine.takeCancellation();
    const isOfBranch = this.branch?.takeCancellation() ?? false;
    const isCancelled = isOfTask || isOfBranch;
    // A cancellation that is on its way already stays as it is.
    if (isCancelled && !isCancellation(this.future)) {
      markRetrieved(this.future);
      this.#reject(
        makeCancelledError(isOfTask ? coroutine.cancelMessage : undefined),
      );
    } else {
      this.future[deliverTo](this.#resolve, this.#reject);
    }
    return true;
  }

  #resumeOutsideTasks(reject: Reject): boolean {
    this.future[deliverTo](this.#resolve, reject);
    queueMicrotask(this.future[home].proceed);
    return true;
  }
}

/** Whether a future ends by a cancellation. */
function isCancellation(future: Future<unknown>): boolean {
  return future.cancelled() ||
    isInstance(failureOf(future)?.error, CancelledError);
}
