// Copyright 2026 the asyncio for Deno authors. MIT license.

import { inspectAsText } from "../loop/core/inspection.ts";
import { fulfilled, type Future, withResult } from "../loop/core/future.ts";
import { LoopBound } from "../loop/core/loop_bound.ts";
import {
  failed,
  type PrimitiveBehavior,
  PrimitiveFuture,
  WaitQueue,
} from "../loop/core/primitive_future.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import { assertInteger } from "../loop/core/validate.ts";
import { describe } from "./_describe.ts";
import type { Guard } from "./guard.ts";

/** Sets how many free permits a semaphore may have. */
export let setBound: (semaphore: Semaphore, bound: number) => void;

/** Whether a semaphore has as many free permits as it may have. */
export let isFull: (semaphore: Semaphore) => boolean;

/**
 * A number of permits, of which each `acquire()` takes one and each `release()` gives one back: so
 * many tasks at a time may be in some place.
 *
 * A semaphore is fair: tasks get a permit in the order in which they asked for one. A permit belongs
 * to no task, and a semaphore may be released more often than it was acquired, which makes room for
 * more; {@linkcode BoundedSemaphore} forbids that. A semaphore can be made anywhere and is bound to
 * the loop in which it is first waited for.
 *
 * @example At most two at a time
 * ```ts
 * import { gather, run, Semaphore, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const semaphore = new Semaphore(2);
 * let working = 0;
 * let most = 0;
 *
 * async function work() {
 *   using _ = await semaphore.acquire();
 *   most = Math.max(most, ++working);
 *   await sleep(0);
 *   working--;
 * }
 *
 * await run(() => gather([() => work(), () => work(), () => work()]));
 * assertEquals(most, 2);
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Semaphore}
 */
export class Semaphore {
  readonly #loop = new LoopBound("semaphore");
  /** Permits that nobody has; those on their way to a task that was woken are not among them. */
  #permits: number;
  /** How many free permits there may be. */
  #bound = Infinity;
  /** Who waits and has not been woken. */
  readonly #line = new WaitQueue();
  /** How many wait, with those who were woken and whose turn is yet to come. */
  #contenders = 0;

  static {
    inspectAsText(this);
    setBound = (semaphore, bound) => semaphore.#bound = bound;
    isFull = (semaphore) => semaphore.#permits >= semaphore.#bound;
  }

  static readonly #acquisition: PrimitiveBehavior<Guard, Semaphore> = {
    name: "Semaphore.acquire()",
    poll(semaphore) {
      semaphore.#contenders--;
      semaphore.#wakeWhilePermitted();
      return withResult(new PermitGuard(semaphore));
    },
    onCancelled(semaphore, acquisition) {
      semaphore.#contenders--;
      acquisition.leaveQueue();
    },
    handBack(semaphore, _, wasWoken) {
      if (wasWoken) {
        semaphore.#contenders--;
        semaphore.#permits++;
      }
      semaphore.#wakeWhilePermitted();
    },
  };

  /**
   * Constructs a new instance.
   *
   * @param value How many permits there are.
   * @throws {RangeError} If `value` is not a whole number, or negative.
   * @throws {TypeError} If `value` is not a number.
   */
  constructor(value: number = 1) {
    assertInteger("The value of a semaphore", value, 0);
    this.#permits = value;
  }

  /**
   * Takes a permit: waits until there is one. If there is one and nobody else waits for it, that does
   * not let other tasks have a turn.
   *
   * Cancel safe: when the awaiting task is cancelled here, it has got no permit and lost its place
   * among those who wait; if a permit was on its way to it already, that goes to the next.
   *
   * @returns A future of a guard that releases this permit when it is disposed: once.
   * @throws {RuntimeError} At the `await`, if a permit has to be waited for and the semaphore is bound to another loop.
   *
   * @example With a guard, which releases the permit at the end of the block
   * ```ts
   * import { Semaphore } from "@asyncio/asyncio";
   * import { assert, assertFalse } from "@std/assert";
   *
   * const semaphore = new Semaphore(1);
   * {
   *   using _ = await semaphore.acquire();
   *   assert(semaphore.locked());
   * }
   * assertFalse(semaphore.locked());
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Semaphore.acquire}
   */
  acquire(): Future<Guard> {
    const scheduler = currentScheduler();
    if (!this.locked()) {
      this.#permits--;
      return fulfilled(scheduler, new PermitGuard(this));
    }
    const misuse = this.#loop.bind(scheduler);
    if (misuse !== null) return failed(scheduler, misuse);
    const acquisition = new PrimitiveFuture(
      scheduler,
      Semaphore.#acquisition,
      this,
    );
    acquisition.joinQueue(this.#line);
    this.#contenders++;
    return acquisition;
  }

  /**
   * Gives a permit back, in nobody's name: a guard does not notice. Who wants to give the permit of a
   * guard back before the end of its block disposes the guard.
   *
   * @example Usage
   * ```ts
   * import { Semaphore } from "@asyncio/asyncio";
   *
   * const semaphore = new Semaphore(0);
   * semaphore.release();
   * await semaphore.acquire();
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Semaphore.release}
   */
  release(): void {
    this.#permits++;
    this.#wakeNext();
  }

  /**
   * Whether there is no permit to be had at once.
   *
   * @returns `true` if `acquire()` would wait: no permit is left, or others wait for one already.
   *
   * @example Usage
   * ```ts
   * import { Semaphore } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const semaphore = new Semaphore(1);
   * assertEquals(semaphore.locked(), false);
   * await semaphore.acquire();
   * assertEquals(semaphore.locked(), true);
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Semaphore.locked}
   */
  locked(): boolean {
    return this.#permits === 0 || this.#contenders > 0;
  }

  /**
   * What this is and how it stands, for messages: `<Semaphore [unlocked, value:1]>`.
   *
   * @returns The text.
   */
  toString(): string {
    return describe(
      this,
      this.locked() ? "locked" : `unlocked, value:${this.#permits}`,
      this.#contenders,
    );
  }

  /** Sends a permit to the first who waits; returns whether there was one. */
  #wakeNext(): boolean {
    if (!this.#line.wakeOne()) return false;
    this.#permits--;
    return true;
  }

  /** Permits may have come while others, who came later, had to wait behind a task not yet resumed. */
  #wakeWhilePermitted(): void {
    while (this.#permits > 0 && this.#wakeNext());
  }
}

/** Stands for one permit. */
class PermitGuard implements Guard {
  #semaphore: Semaphore | null;

  constructor(semaphore: Semaphore) {
    this.#semaphore = semaphore;
  }

  release(): void {
    const semaphore = this.#semaphore;
    if (semaphore === null) return;
    this.#semaphore = null;
    if (!isFull(semaphore)) semaphore.release();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
