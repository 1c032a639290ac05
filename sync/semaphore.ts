// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  describe,
  type Facts,
  facts,
  inspectAsText,
} from "../loop/core/inspection.ts";
import {
  awaitingState,
  DoneOperation,
  fulfilled,
  type Future,
  homeOf,
  withError,
  withResult,
} from "../loop/core/future.ts";
import {
  failed,
  LoopBound,
  type PrimitiveBehavior,
  PrimitiveFuture,
  type Source,
  source,
  WaitQueue,
} from "../loop/core/primitive_future.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import { assertInteger } from "../loop/core/validate.ts";
import { currentTaskState, type TaskState } from "../loop/core/task_state.ts";
import { GuardList, type ListedGuard } from "./_guard_list.ts";
import type { Guard } from "./guard.ts";

/** Sets the greatest number of free permits of a semaphore. */
let setBound: (semaphore: Semaphore, bound: number) => void;

let giveBack: (semaphore: Semaphore, guard: PermitGuard) => void;

/** Returns whether a semaphore has its greatest number of free permits. */
let isFull: (semaphore: Semaphore) => boolean;

/**
 * A number of permits: each `acquire()` takes one and each `release()` returns one, so that a limited number of tasks
 * run a piece of code concurrently.
 *
 * A semaphore is fair: tasks get permits in FIFO order. Permits are not owned by tasks, and a semaphore may be
 * released more often than it was acquired, which adds permits; {@linkcode BoundedSemaphore} forbids that.
 *
 * A semaphore can be created outside a loop, and is bound to the loop of the first wait.
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
 * @category Synchronisation
 * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Semaphore}
 */
export class Semaphore {
  readonly #loop = new LoopBound("semaphore");
  /** The free permits, without those granted to a task that was woken and has not run since. */
  #permits: number;
  /** The greatest number of free permits. */
  #bound = Infinity;
  /** The waiting operations that have not been woken. */
  readonly #line = new WaitQueue();
  /** The number of waiting operations, including those that were woken and have not run since. */
  #contenders = 0;
  readonly #guards = new GuardList();
  #isReleasedByGuard = false;

  static {
    inspectAsText(this);
    setBound = (semaphore, bound) => semaphore.#bound = bound;
    giveBack = (semaphore, guard) => {
      semaphore.#guards.remove(guard);
      if (isFull(semaphore)) return;
      semaphore.#isReleasedByGuard = true;
      semaphore.release();
    };
    isFull = (semaphore) => semaphore.#permits >= semaphore.#bound;
  }

  static readonly #acquisition: PrimitiveBehavior<Guard, Semaphore> = {
    name: "Semaphore.acquire()",
    selectInstead: "the semaphore itself",
    begin(semaphore, acquisition) {
      if (!semaphore.locked()) {
        semaphore.#permits--;
        return withResult(semaphore.#grant(currentTaskState()));
      }
      const misuse = semaphore.#loop.bind(homeOf(acquisition));
      if (misuse !== null) return withError(misuse);
      acquisition.joinQueue(semaphore.#line);
      semaphore.#contenders++;
      return null;
    },
    objectOf: (semaphore) => semaphore,
    poll(semaphore, acquisition) {
      semaphore.#contenders--;
      semaphore.#wakeWhilePermitted();
      return withResult(semaphore.#grant(awaitingState(acquisition)));
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
  static readonly #acquired = new DoneOperation(Semaphore.#acquisition);

  /**
   * Constructs a new instance.
   *
   * @param value The number of permits.
   * @throws {RangeError} If `value` is not a whole number, or negative.
   * @throws {TypeError} If `value` is not a number.
   */
  constructor(value: number = 1) {
    assertInteger("The value of a semaphore", value, 0);
    this.#permits = value;
  }

  /** @ignore */
  [facts](): { kind: string } & Facts {
    const holders = this.#guards.holders();
    return {
      kind: "Semaphore",
      permits: this.#permits,
      ...holders !== undefined && { holders },
    };
  }

  /**
   * Takes a permit, and waits until one is free. A free permit with no waiters is taken without yielding.
   *
   * Cancel safe: if the awaiting task is cancelled, no permit is taken and the task loses its place in the queue.
   *
   * @returns A future of a guard, which returns this permit, once.
   * @throws {RuntimeError} At the `await`, if it has to wait and the semaphore is bound to another loop.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Semaphore.acquire}
   */
  acquire(): Future<Guard> {
    const caller = currentTaskState();
    const scheduler = caller?.scheduler ?? currentScheduler();
    if (!this.locked()) {
      this.#permits--;
      const guard = this.#grant(caller);
      return fulfilled(scheduler, guard, Semaphore.#acquired);
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
   * Returns a permit, whichever it is: guards take no notice. To return the permit of a guard before the end of its
   * block, release the guard.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Semaphore.release}
   */
  release(): void {
    // If guards are left aside, they would pile up, and which tasks hold permits is not known.
    if (!this.#isReleasedByGuard) this.#guards.close();
    this.#isReleasedByGuard = false;
    this.#permits++;
    this.#wakeNext();
  }

  /**
   * Returns whether `acquire()` would wait: no permit is free, or others are waiting.
   *
   * @returns `true` if so.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Semaphore.locked}
   */
  locked(): boolean {
    return this.#permits === 0 || this.#contenders > 0;
  }

  /** @ignore */
  [source](): Source<Guard> {
    return { behavior: Semaphore.#acquisition, subject: this };
  }

  /**
   * Returns a description for logs and error messages: `<Semaphore [unlocked, value:1]>`.
   *
   * @returns The description.
   */
  toString(): string {
    return describe(
      this,
      this.locked() ? "locked" : `unlocked, value:${this.#permits}`,
      this.#contenders,
    );
  }

  #grant(holder: TaskState | null): Guard {
    const guard = new PermitGuard(this, holder);
    this.#guards.add(guard);
    return guard;
  }

  /** Grants a permit to the first waiting operation. Returns whether there was one. */
  #wakeNext(): boolean {
    if (!this.#line.wakeOne()) return false;
    this.#permits--;
    return true;
  }

  /** Grants permits that were returned while later operations queued behind one that had not run yet. */
  #wakeWhilePermitted(): void {
    while (this.#permits > 0 && this.#wakeNext());
  }
}

/** An acquired permit. */
class PermitGuard implements Guard, ListedGuard {
  #semaphore: Semaphore | null;
  readonly holder: TaskState | null;
  older: ListedGuard | null = null;
  newer: ListedGuard | null = null;

  constructor(semaphore: Semaphore, holder: TaskState | null) {
    this.holder = holder;
    this.#semaphore = semaphore;
  }

  release(): void {
    const semaphore = this.#semaphore;
    if (semaphore === null) return;
    this.#semaphore = null;
    giveBack(semaphore, this);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/**
 * A semaphore that never has more permits than it began with: releasing it more often than it was acquired is
 * an error, and usually a bug in the program.
 *
 * @example Usage
 * ```ts
 * import { BoundedSemaphore } from "@asyncio/asyncio";
 * import { assertThrows } from "@std/assert";
 *
 * const semaphore = new BoundedSemaphore(2);
 * await semaphore.acquire();
 * semaphore.release();
 * assertThrows(() => semaphore.release(), RangeError);
 * ```
 *
 * @category Synchronisation
 * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.BoundedSemaphore}
 */
export class BoundedSemaphore extends Semaphore {
  readonly #bound: number;

  /**
   * Constructs a new instance.
   *
   * @param value The number of permits at first and at most.
   * @throws {RangeError} If `value` is not a whole number, or negative.
   * @throws {TypeError} If `value` is not a number.
   */
  constructor(value: number = 1) {
    super(value);
    this.#bound = value;
    setBound(this, value);
  }

  /**
   * Returns a permit, whichever it is. Releasing a guard when all permits are free is a no-op.
   *
   * @throws {RangeError} If all permits are free.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.BoundedSemaphore.release}
   */
  override release(): void {
    if (isFull(this)) {
      throw new RangeError(
        `Cannot release the semaphore as all of its permits are free: ${this.#bound}`,
      );
    }
    super.release();
  }
}
