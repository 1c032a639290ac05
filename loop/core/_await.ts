// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  cancelWith,
  deliverTo,
  dependencies,
  dependentsOf,
  fail,
  failureOf,
  home,
  isInline,
  isObserved,
  markRetrieved,
  observedBy,
  pending,
  type Reject,
  type Resolve,
  thrownBy,
  waitsForOthers,
} from "./_future_access.ts";
import { asRelay, relayCancellation } from "./_relay.ts";
import {
  CancelledError,
  letOutOfTasks,
  makeCancelledError,
} from "./cancelled_error.ts";
import { RuntimeError } from "./errors.ts";
// Of types only: futures are awaited in this way.
import type { Future } from "./future.ts";
import { endSection, type Line, type Spot } from "./line.ts";
import type { CancelMessage, Scope, Wait } from "./scope.ts";
import {
  abandonedScope,
  arrive,
  arrived,
  currentSpot,
  goOn,
  noteThrown,
  passThrough,
  type TaskState,
} from "./task_state.ts";
import { type Runnable, runStep } from "./runnable.ts";
import { isInstance } from "./unknown_value.ts";

// `await` reads `then` at once and calls it in a microtask of its own, whereas a program that writes
// `future.then(f)` calls it at once. So the two can be told apart: `await` resumes its caller by itself
// in the right async context, `f` needs that from us.

/** The future whose `then` was read in this microtask, or `null`. */
let justRead: Future<unknown> | null = null;

/** How often, in this step, `then` was read and what that gave is yet to be called. */
let outstandingReads = 0;

/** The future's `then` was read. */
export function noteRead(future: Future<unknown>, isPending: boolean): void {
  if (isPending) arrive(future);
  else passThrough();
  if (justRead === null) queueMicrotask(forgetRead);
  justRead = future;
  outstandingReads++;
}

function forgetRead(): void {
  justRead = null;
  endSection();
}

/** Other code has its turn: what was read before is none of its awaits. */
export function forgetReads(): void {
  outstandingReads = 0;
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
  const spot = currentSpot();
  if (future.done()) {
    deliver(future, spot, resolve, reject);
    return;
  }
  beginToWait(future, spot, resolve, reject);
  if (spot === null) return;
  const { taskState } = spot.scope;
  // Nothing of the user's is on the stack, so the next entry can run right here, unless another
  // line of the task is about to await something too: that still belongs to this step.
  if (outstandingReads === 0) taskState.scheduler.ended(taskState);
  else taskState.scheduler.suspended(taskState);
}

/** `future.then(f)` in the middle of other code. */
function awaitByCall(
  future: Future<unknown>,
  onFulfilled?: ((value: unknown) => unknown) | null,
  onRejected?: ((reason: unknown) => unknown) | null,
): Promise<unknown> {
  const outcome = new Promise<unknown>((resolve, reject) => {
    const spot = currentSpot();
    if (future.done()) {
      deliver(future, spot, resolve, reject);
      return;
    }
    beginToWait(future, spot, resolve, reject);
    const taskState = spot?.scope.taskState;
    taskState?.scheduler.suspended(taskState);
  });
  return outcome.then(onFulfilled, onRejected);
}

/** Hands on how a future ended to code that awaits it just now. */
function deliver(
  future: Future<unknown>,
  spot: Spot | null,
  resolve: Resolve,
  reject: Reject,
): void {
  // It was pending when `then` was read.
  if (spot?.line.at === future) goOn(spot.scope, spot.line);
  const isLetOut = spot === null && future.cancelled();
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
  spot: Spot | null,
  resolve: Resolve,
  reject: Reject,
): void {
  if (spot === null) {
    const abandoned = abandonedScope();
    if (abandoned !== null) reject(makeCancelledError(abandoned.message));
    else future[observedBy](new Waiter(future, null, null, resolve, reject));
    return;
  }
  const line = arrived(spot, future);
  const { taskState } = spot.scope;
  const misuse = misuseBy(taskState, future);
  if (misuse === null) {
    waitFor(future, spot.scope.nearestOpen(), line, resolve, reject);
    return;
  }
  // As in asyncio, the error is thrown in the task's next turn.
  const failing = line.at = pending(taskState.scheduler);
  waitFor(failing, spot.scope.nearestOpen(), line, resolve, reject);
  if (!failing.done()) fail(failing, misuse);
}

function waitFor(
  future: Future<unknown>,
  scope: Scope,
  line: Line,
  resolve: Resolve,
  reject: Reject,
): void {
  const waiter = new Waiter(future, scope, line, resolve, reject);
  future[observedBy](waiter);
  scope.attach(waiter);
  const cancelled = scope.pendingFor(line);
  if (cancelled !== null && waiter.cancel(cancelled.message)) {
    scope.reachedLine(line);
  }
}

function misuseBy(
  taskState: TaskState,
  future: Future<unknown>,
): RuntimeError | null {
  if (taskState.scheduler !== future[home]) {
    return new RuntimeError(
      "Cannot await a future that belongs to another event loop",
    );
  }
  const task = taskState.task as Future<unknown>;
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

/** How often futures were awaited. */
let awaits = 0;

/** One `await` of a pending future. */
export class Waiter implements Runnable, Wait {
  readonly future: Future<unknown>;
  /** Where it is in a task; `null` outside every task. */
  scope: Scope | null;
  readonly order: number = ++awaits;
  readonly #line: Line | null;
  readonly #resolve: Resolve;
  readonly #reject: Reject;

  constructor(
    future: Future<unknown>,
    scope: Scope | null,
    line: Line | null,
    resolve: Resolve,
    reject: Reject,
  ) {
    this.future = future;
    this.scope = scope;
    this.#line = line;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get line(): Line {
    return this.#line!;
  }

  cancel(message: CancelMessage): boolean {
    const relay = this.future[asRelay];
    return relay === null
      ? cancelWith(this.future, message)
      : relayCancellation(relay, message);
  }

  get isForOthers(): boolean {
    return this.future[waitsForOthers];
  }

  /** The task that awaits the future, or `null`. */
  get awaiter(): Future<unknown> | null {
    const taskState = this.scope?.taskState;
    return taskState === undefined || taskState.finished
      ? null
      : taskState.task as Future<unknown>;
  }

  get dependent(): Future<unknown> | null {
    return this.awaiter;
  }

  [runStep](): boolean {
    const { scope, line, future } = this;
    if (scope === null) {
      return this.#resumeOutsideTasks(letOutTo(this.#reject));
    }
    const { taskState } = scope;
    scope.detach(this);
    if (taskState.finished) return this.#resumeOutsideTasks(this.#reject);
    taskState.scheduler.opened(taskState);
    outstandingReads = 0;
    const cancelled = scope.pendingFor(line);
    if (cancelled !== null && !hasResultToTake(future)) {
      scope.reachedLine(line);
      // A cancellation that is on its way already stays as it is.
      if (!isCancellation(future)) {
        markRetrieved(future);
        this.#throw(scope, makeCancelledError(cancelled.message));
        return true;
      }
    }
    if (future.cancelled()) {
      this.#throw(scope, thrownBy(future) as CancelledError);
    } else {
      goOn(scope, line);
      future[deliverTo](this.#resolve, this.#reject);
    }
    return true;
  }

  /** Throws a cancellation, behind the reactions that were queued before: those are of other lines. */
  #throw(scope: Scope, error: CancelledError): void {
    const { line } = this;
    noteThrown(error, line);
    queueMicrotask(() => {
      goOn(scope, line);
      this.#reject(error);
    });
  }

  #resumeOutsideTasks(reject: Reject): boolean {
    this.future[deliverTo](this.#resolve, reject);
    queueMicrotask(this.future[home].proceed);
    return true;
  }
}

/** Whether a future has a result that is taken even if a request to cancel has come: that is met at the next await. */
function hasResultToTake(future: Future<unknown>): boolean {
  return future[isInline] && !isCancellation(future) &&
    future.exception() === null;
}

/** Whether a future ends by a cancellation. */
function isCancellation(future: Future<unknown>): boolean {
  return future.cancelled() ||
    isInstance(failureOf(future)?.error, CancelledError);
}
