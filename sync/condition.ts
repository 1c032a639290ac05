// Copyright 2026 the asyncio for Deno authors. MIT license.

import { describe, inspectAsText } from "../loop/core/inspection.ts";
import { isInstance } from "../loop/core/unknown_value.ts";
import { RuntimeError } from "../loop/core/errors.ts";
import { keepContext, place } from "../loop/core/async_context.ts";
import {
  fulfilled,
  type Future,
  type Settlement,
  withCancellation,
  withError,
  withResult,
} from "../loop/core/future.ts";
import {
  failed,
  LoopBound,
  type PrimitiveBehavior,
  PrimitiveFuture,
  WaitQueue,
} from "../loop/core/primitive_future.ts";
import { currentScheduler, type Scheduler } from "../loop/core/scheduler.ts";
import type { CancelMessage } from "../loop/core/scope.ts";
import {
  assertInstance,
  assertNumber,
  wrongType,
} from "../loop/core/validate.ts";
import type { Guard } from "./guard.ts";
import { contention, guardOf, Lock } from "./lock.ts";

/**
 * A condition variable: a lock, and a queue of tasks that wait until another task, which holds the lock, notifies
 * them of a change.
 *
 * {@linkcode Condition.wait} releases the lock while it waits and holds it again when it returns, so the state that
 * the lock protects can be checked before and after. A wait can end although the state has not changed: check again
 * in a loop, or use {@linkcode Condition.waitFor}, which does.
 *
 * Conditions can share a lock. A condition can be created outside a loop, and is bound to the loop of the first wait.
 *
 * @example Usage
 * ```ts
 * import { Condition, createTask, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   const condition = new Condition();
 *   let stock = 0;
 *
 *   const buyer = createTask(async () => {
 *     using _ = await condition.acquire();
 *     await condition.waitFor(() => stock >= 3);
 *     stock -= 3;
 *   });
 *
 *   for (let i = 0; i < 3; i++) {
 *     using _ = await condition.acquire();
 *     stock++;
 *     condition.notify();
 *   }
 *   await buyer;
 *   assertEquals(stock, 0);
 * });
 * ```
 *
 * @category Synchronisation
 * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Condition}
 */
export class Condition {
  readonly #lock: Lock;
  readonly #loop = new LoopBound("condition");
  readonly #line = new WaitQueue();

  static {
    inspectAsText(this);
  }

  /**
   * Constructs a new instance.
   *
   * @param lock The lock; a new one by default.
   * @throws {TypeError} If `lock` is not a `Lock`.
   */
  constructor(lock: Lock = new Lock()) {
    assertInstance("The lock of Condition()", "a Lock", Lock, lock);
    this.#lock = lock;
  }

  /**
   * Acquires the lock.
   *
   * Cancel safe: if the awaiting task is cancelled, the lock is not acquired and the task loses its place in the
   * queue.
   *
   * @returns A future of a guard, which releases this acquisition, once. Waiting in between does not release it.
   * @throws {RuntimeError} At the `await`, if it would have to wait and the lock is bound to another loop.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Condition.acquire}
   */
  acquire(): Future<Guard> {
    return this.#lock.acquire();
  }

  /**
   * Releases the lock.
   *
   * @throws {RuntimeError} If the lock is not held.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Condition.release}
   */
  release(): void {
    this.#lock.release();
  }

  /**
   * Returns whether the lock is held.
   *
   * @returns `true` if it is.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Condition.locked}
   */
  locked(): boolean {
    return this.#lock.locked();
  }

  /**
   * Returns a description for logs and error messages: `<Condition [unlocked, waiters:2]>`.
   *
   * @returns The description.
   */
  toString(): string {
    return describe(
      this,
      this.locked() ? "locked" : "unlocked",
      this.#line.size,
    );
  }

  /**
   * Releases the lock, waits for a notification, and acquires the lock again.
   *
   * A task that is cancelled here acquires the lock again before the `CancelledError` is thrown, however often it
   * is cancelled in the meantime. Another task is notified in its place, so no notification is lost.
   *
   * @returns A future that completes with `true` when the condition was notified and the lock is held.
   * @throws {RuntimeError} At the `await`, if the lock is not held or the condition is bound to another loop.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Condition.wait}
   */
  wait(): Future<true> {
    const scheduler = currentScheduler();
    const guard = guardOf(this.#lock);
    if (guard === null) return failed(scheduler, notHeld("wait"));
    const misuse = this.#loop.bind(scheduler);
    if (misuse !== null) return failed(scheduler, misuse);
    return this.#wait(scheduler, guard, null);
  }

  /**
   * Waits until a predicate returns a true value. The predicate is called at once, and after each notification
   * while the lock is held.
   *
   * A task that is cancelled here acquires the lock again, as in {@linkcode Condition.wait}.
   *
   * @typeParam T The type of the predicate's result.
   * @param predicate A synchronous function whose result is taken as true or false.
   * @returns A future of the predicate's last result.
   * @throws {RuntimeError} If it has to wait, and the lock is not held or the condition is bound to another loop.
   * @throws {TypeError} If `predicate` is not a function, or returns a promise.
   * @throws What the predicate throws.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Condition.wait_for}
   */
  waitFor<T>(predicate: () => T): Future<T> {
    if (typeof predicate !== "function") {
      throw wrongType("The predicate of waitFor()", "a function", predicate);
    }
    const scheduler = currentScheduler();
    try {
      const result = ask(predicate);
      if (result) return fulfilled(scheduler, result);
      const guard = guardOf(this.#lock);
      if (guard === null) throw notHeld("wait");
      const misuse = this.#loop.bind(scheduler);
      if (misuse !== null) throw misuse;
      const run = keepContext(place());
      return this.#wait(scheduler, guard, () => run(() => ask(predicate)));
    } catch (error) {
      return failed(scheduler, error);
    }
  }

  /**
   * Wakes waiting tasks in FIFO order. They continue once they hold the lock, which the caller must release.
   *
   * @param n The number of tasks to wake, at most.
   * @throws {RuntimeError} If the lock is not held.
   * @throws {TypeError} If `n` is not a number.
   * @throws {RangeError} If `n` is `NaN`.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Condition.notify}
   */
  notify(n: number = 1): void {
    assertNumber("The n of notify()", n);
    this.#assertHeld();
    for (let i = 0; i < n && this.#line.wakeOne(); i++);
  }

  /**
   * Wakes all waiting tasks.
   *
   * @throws {RuntimeError} If the lock is not held.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Condition.notify_all}
   */
  notifyAll(): void {
    this.#assertHeld();
    this.#line.wakeAll();
  }

  #wait<T>(
    scheduler: Scheduler,
    guard: Guard,
    predicate: (() => T) | null,
  ): Future<T> {
    const wait: Wait = {
      line: this.#line,
      lock: this.#lock,
      guard,
      predicate,
      isAcquiring: false,
      cancellation: null,
    };
    const operation = new PrimitiveFuture(scheduler, WAIT, wait);
    operation.joinQueue(this.#line);
    this.#lock.release();
    return operation as Future<unknown> as Future<T>;
  }

  #assertHeld(): void {
    if (!this.#lock.locked()) throw notHeld("notify");
  }
}

/** A wait for a notification, and then for the lock. */
interface Wait {
  readonly line: WaitQueue;
  readonly lock: Lock;
  /** The guard that held the lock, and will hold it again. */
  readonly guard: Guard;
  /** The predicate that must become true, if there is one. */
  readonly predicate: (() => unknown) | null;
  isAcquiring: boolean;
  /** The last request to cancel: the wait ends with it once the lock is held. */
  cancellation: { readonly message: CancelMessage } | null;
}

const NOTIFIED = withResult(true as const);

const WAIT: PrimitiveBehavior<unknown, Wait> = {
  name: "Condition.wait()",
  objectOf: ({ lock, isAcquiring }) => isAcquiring ? lock : null,
  poll(wait, operation) {
    if (!wait.isAcquiring) return acquireAgain(wait, operation);
    contention.win(wait.lock, operation, wait.guard);
    return look(wait, operation);
  },
  onCancelled({ lock, isAcquiring }, operation) {
    if (isAcquiring) contention.withdraw(lock);
    else operation.leaveQueue();
  },
  handBack({ lock, isAcquiring }, operation, wasWoken) {
    if (isAcquiring) contention.handBack(lock, operation, wasWoken);
  },
  onceAbandoned(wait, operation, message) {
    wait.cancellation = { message };
    return acquireAgain(wait, operation);
  },
};

/** Acquires the lock again for the guard that held it before. */
function acquireAgain(
  wait: Wait,
  operation: PrimitiveFuture<unknown, Wait>,
): Settlement | null {
  try {
    if (contention.begin(wait.lock, operation, wait.guard)) {
      return look(wait, operation);
    }
  } catch (error) {
    wait.line.wakeOne();
    return withError(error);
  }
  wait.isAcquiring = true;
  return null;
}

/** Decides, now that the lock is held, how the wait ends; `null` if it goes on. */
function look(
  wait: Wait,
  operation: PrimitiveFuture<unknown, Wait>,
): Settlement | null {
  const { line, lock, predicate, cancellation } = wait;
  if (cancellation !== null) {
    // This task may have used up a notification: pass it on to one that goes on.
    line.wakeOne();
    return withCancellation(cancellation.message);
  }
  wait.isAcquiring = false;
  if (predicate === null) return NOTIFIED;
  let result: unknown;
  try {
    result = predicate();
  } catch (error) {
    return withError(error);
  }
  if (result) return withResult(result);
  if (!lock.locked()) return withError(notHeld("wait"));
  operation.joinQueue(line);
  lock.release();
  return null;
}

function notHeld(verb: string): RuntimeError {
  return new RuntimeError(
    `Cannot ${verb} on the condition as its lock is not held`,
  );
}

function ask<T>(predicate: () => T): T {
  const result = predicate();
  if (isInstance(result, Promise)) {
    throw new TypeError(
      "The predicate of waitFor() must return a plain value: received a promise, which is always true",
    );
  }
  return result;
}
