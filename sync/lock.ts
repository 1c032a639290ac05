// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  describe,
  type Facts,
  facts,
  inspectAsText,
} from "../loop/core/inspection.ts";
import { RuntimeError } from "../loop/core/errors.ts";
import {
  awaitingState,
  DoneOperation,
  fulfilled,
  type Future,
  homeOf,
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
import { currentTaskState, type TaskState } from "../loop/core/task_state.ts";
import type { Guard } from "./guard.ts";

// For Condition: a wait releases the lock and acquires it again for the same guard.

/** Returns the guard that holds the lock, or `null`. */
export let guardOf: (lock: Lock) => Guard | null;

/** How an operation acquires the lock. */
export interface Contention {
  /** Acquires the lock if it is free; otherwise the operation joins the queue. Returns whether the lock was free. */
  begin(
    lock: Lock,
    operation: PrimitiveFuture<unknown>,
    guard: Guard,
  ): boolean;
  /** Acquires the lock for an operation that was woken. */
  win(lock: Lock, operation: PrimitiveFuture<unknown>, guard: Guard): void;
  /** Called when the operation is cancelled while it waits. */
  withdraw(lock: Lock): void;
  /** Called when the turn of a cancelled operation has come. */
  handBack(
    lock: Lock,
    operation: PrimitiveFuture<unknown>,
    wasWoken: boolean,
  ): void;
}

export let contention: Contention;

let releaseFor: (lock: Lock, guard: Guard) => void;

/**
 * A mutual exclusion lock for tasks: protects a shared resource that one task at a time may use.
 *
 * The lock is fair: tasks acquire it in FIFO order. It is not owned by a task, so one task may release what another
 * acquired. It is not reentrant: a task that holds the lock and acquires it again waits for itself.
 *
 * A lock can be created outside a loop, and is bound to the loop of the first wait.
 *
 * @example Usage
 * ```ts
 * import { gather, Lock, run, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const lock = new Lock();
 * const log: string[] = [];
 *
 * async function work(name: string) {
 *   using _ = await lock.acquire();
 *   log.push(`${name} in`);
 *   await sleep(0);
 *   log.push(`${name} out`);
 * }
 *
 * await run(() => gather([() => work("a"), () => work("b")]));
 * assertEquals(log, ["a in", "a out", "b in", "b out"]);
 * ```
 *
 * @category Synchronisation
 * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Lock}
 */
export class Lock {
  readonly #loop = new LoopBound("lock");
  /** The guard that holds the lock. */
  #guard: Guard | null = null;
  /** The waiting operations, including those that were woken or cancelled and have not run since. */
  readonly #line = new WaitQueue();
  /** The number of waiting operations that were not cancelled. */
  #contenders = 0;

  static {
    inspectAsText(this);
    guardOf = (lock) => lock.#guard;
    releaseFor = (lock, guard) => {
      if (lock.#guard === guard) lock.release();
    };
    contention = {
      begin(lock, operation, guard) {
        if (lock.#guard === null && lock.#contenders === 0) {
          lock.#guard = guard;
          return true;
        }
        const misuse = lock.#loop.bind(homeOf(operation));
        if (misuse !== null) throw misuse;
        operation.joinQueue(lock.#line);
        lock.#contenders++;
        return false;
      },
      win(lock, operation, guard) {
        lock.#contenders--;
        operation.leaveQueue();
        lock.#guard = guard;
      },
      withdraw(lock) {
        // It stays in the queue until its turn: until then a release wakes no later waiter, as in asyncio.
        lock.#contenders--;
      },
      handBack(lock, operation, wasWoken) {
        if (wasWoken) lock.#contenders--;
        operation.leaveQueue();
        if (lock.#guard === null) lock.#line.first?.wake();
      },
    };
  }

  static readonly #acquisition: PrimitiveBehavior<Guard, Lock> = {
    name: "Lock.acquire()",
    selectInstead: "the lock itself",
    begin(lock, acquisition) {
      const guard = new LockGuard(lock, currentTaskState());
      const isFree = contention.begin(lock, acquisition, guard);
      return isFree ? withResult(guard) : null;
    },
    objectOf: (lock) => lock,
    poll(lock, acquisition) {
      const guard = new LockGuard(lock, awaitingState(acquisition));
      contention.win(lock, acquisition, guard);
      return withResult(guard);
    },
    onCancelled: (lock) => contention.withdraw(lock),
    handBack: (lock, acquisition, wasWoken) =>
      contention.handBack(lock, acquisition, wasWoken),
  };
  static readonly #acquired = new DoneOperation(Lock.#acquisition);

  /**
   * Acquires the lock, and waits until it is free. A free lock with no waiters is acquired without yielding.
   *
   * Cancel safe: if the awaiting task is cancelled, the lock is not acquired and the task loses its place in the
   * queue.
   *
   * @returns A future of a guard, which releases this acquisition, once. If the lock was released by other means,
   * releasing the guard is a no-op.
   * @throws {RuntimeError} At the `await`, if it has to wait and the lock is bound to another loop.
   *
   * @example Without `using`
   * ```ts
   * import { Lock } from "@asyncio/asyncio";
   *
   * const lock = new Lock();
   * const guard = await lock.acquire();
   * guard.release();
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Lock.acquire}
   */
  acquire(): Future<Guard> {
    const caller = currentTaskState();
    const scheduler = caller?.scheduler ?? currentScheduler();
    if (this.#guard === null && this.#contenders === 0) {
      this.#guard = new LockGuard(this, caller);
      return fulfilled(scheduler, this.#guard, Lock.#acquired);
    }
    const misuse = this.#loop.bind(scheduler);
    if (misuse !== null) return failed(scheduler, misuse);
    const acquisition = new PrimitiveFuture(scheduler, Lock.#acquisition, this);
    acquisition.joinQueue(this.#line);
    this.#contenders++;
    return acquisition;
  }

  /**
   * Releases the lock. The first waiting task acquires it when its turn comes.
   *
   * @throws {RuntimeError} If the lock is not held.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Lock.release}
   */
  release(): void {
    if (this.#guard === null) {
      throw new RuntimeError("Cannot release the lock as it is not held");
    }
    this.#guard = null;
    this.#line.first?.wake();
  }

  /**
   * Returns whether the lock is held. It is not between a release and the turn of the next task that acquires it.
   *
   * @returns `true` if it is.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Lock.locked}
   */
  locked(): boolean {
    return this.#guard !== null;
  }

  /** @ignore */
  [source](): Source<Guard> {
    return { behavior: Lock.#acquisition, subject: this };
  }

  /** @ignore */
  [facts](): { kind: string } & Facts {
    const guard = this.#guard;
    return {
      kind: "Lock",
      locked: guard !== null,
      holders: guard instanceof LockGuard ? [guard.holder] : [],
    };
  }

  /**
   * Returns a description for logs and error messages: `<Lock [locked, waiters:2]>`.
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
}

/** An acquisition of a lock. */
class LockGuard implements Guard {
  readonly #lock: Lock;
  /** The task that acquired the lock, for snapshots. */
  readonly holder: TaskState | null;

  constructor(lock: Lock, holder: TaskState | null) {
    this.#lock = lock;
    this.holder = holder;
  }

  release(): void {
    releaseFor(this.#lock, this);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
