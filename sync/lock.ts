// Copyright 2026 the asyncio for Deno authors. MIT license.

import { inspectAsText } from "../loop/core/inspection.ts";
import { RuntimeError } from "../loop/core/errors.ts";
import {
  fulfilled,
  type Future,
  homeOf,
  withResult,
} from "../loop/core/future.ts";
import { LoopBound } from "../loop/core/loop_bound.ts";
import {
  failed,
  type PrimitiveBehavior,
  PrimitiveFuture,
  WaitQueue,
} from "../loop/core/primitive_future.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import { describe } from "./_describe.ts";
import type { Guard } from "./guard.ts";

// For the condition: a wait gives the lock away and takes it back for the same guard.

/** The guard whose acquisition the lock is held by, or `null`. */
export let guardOf: (lock: Lock) => Guard | null;

/** What an operation does that acquires the lock. */
export interface Contention {
  /** Acquires the lock if it is free; otherwise the operation waits for it in line. Returns whether it was. */
  begin(
    lock: Lock,
    operation: PrimitiveFuture<unknown>,
    guard: Guard,
  ): boolean;
  /** The operation was woken, and acquires the lock. */
  win(lock: Lock, operation: PrimitiveFuture<unknown>, guard: Guard): void;
  /** The operation was cancelled while it waited. */
  withdraw(lock: Lock): void;
  /** Its turn has come. */
  handBack(
    lock: Lock,
    operation: PrimitiveFuture<unknown>,
    wasWoken: boolean,
  ): void;
}

export let contention: Contention;

let releaseFor: (lock: Lock, guard: Guard) => void;

/**
 * A mutual exclusion lock for tasks: it guards a shared resource that one task at a time may use.
 *
 * The lock is fair: tasks get it in the order in which they asked for it. It belongs to no task, so
 * that one task may release what another acquired, and it cannot be acquired twice: a task that holds
 * the lock and acquires it again waits for itself.
 *
 * A lock can be made anywhere, also outside every loop, and is bound to the loop in which it is
 * first waited for.
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
 * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Lock}
 */
export class Lock {
  readonly #loop = new LoopBound("lock");
  /** Who holds the lock. */
  #guard: Guard | null = null;
  /** Who waits, also those who were woken or cancelled and whose turn is yet to come. */
  readonly #line = new WaitQueue();
  /** How many of those who wait were not cancelled while they waited. */
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
        // It stays in line until its turn: until then a release wakes nobody behind it, as in asyncio.
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
    poll(lock, acquisition) {
      const guard = new LockGuard(lock);
      contention.win(lock, acquisition, guard);
      return withResult(guard);
    },
    onCancelled: (lock) => contention.withdraw(lock),
    handBack: (lock, acquisition, wasWoken) =>
      contention.handBack(lock, acquisition, wasWoken),
  };

  /**
   * Acquires the lock: waits until it is free, and takes it. A free lock that nobody else waits for
   * is taken at once, without letting other tasks have a turn.
   *
   * Cancel safe: when the awaiting task is cancelled here, it has not got the lock and lost its place
   * among those who wait; if it was its turn already, the lock goes to the next.
   *
   * @returns A future of a guard that releases this acquisition when it is disposed: once, and not at
   * all if the lock was released otherwise.
   * @throws {RuntimeError} At the `await`, if the lock has to be waited for and is bound to another loop.
   *
   * @example With a guard, which releases the lock at the end of the block
   * ```ts
   * import { Lock } from "@asyncio/asyncio";
   * import { assert, assertFalse } from "@std/assert";
   *
   * const lock = new Lock();
   * {
   *   using _ = await lock.acquire();
   *   assert(lock.locked());
   * }
   * assertFalse(lock.locked());
   * ```
   *
   * @example By hand
   * ```ts
   * import { Lock } from "@asyncio/asyncio";
   *
   * const lock = new Lock();
   * await lock.acquire();
   * try {
   *   console.log("alone here");
   * } finally {
   *   lock.release();
   * }
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Lock.acquire}
   */
  acquire(): Future<Guard> {
    const scheduler = currentScheduler();
    if (this.#guard === null && this.#contenders === 0) {
      this.#guard = new LockGuard(this);
      return fulfilled(scheduler, this.#guard);
    }
    const misuse = this.#loop.bind(scheduler);
    if (misuse !== null) return failed(scheduler, misuse);
    const acquisition = new PrimitiveFuture(scheduler, Lock.#acquisition, this);
    acquisition.joinQueue(this.#line);
    this.#contenders++;
    return acquisition;
  }

  /**
   * Releases the lock. The first task that waits for it takes it in its turn.
   *
   * @throws {RuntimeError} If the lock is not held.
   *
   * @example Usage
   * ```ts
   * import { Lock, RuntimeError } from "@asyncio/asyncio";
   * import { assertThrows } from "@std/assert";
   *
   * const lock = new Lock();
   * await lock.acquire();
   * lock.release();
   * assertThrows(() => lock.release(), RuntimeError);
   * ```
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
   * Whether the lock is held. Between a release and the turn of the task that gets the lock, it is not.
   *
   * @returns `true` if it is held.
   *
   * @example Usage
   * ```ts
   * import { Lock } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const lock = new Lock();
   * assertEquals(lock.locked(), false);
   * await lock.acquire();
   * assertEquals(lock.locked(), true);
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Lock.locked}
   */
  locked(): boolean {
    return this.#guard !== null;
  }

  /**
   * What this is and how it stands, for messages: `<Lock [locked, waiters:2]>`.
   *
   * @returns The text.
   */
  toString(): string {
    return describe(
      this,
      this.locked() ? "locked" : "unlocked",
      this.#line.size,
    );
  }
}

/** Stands for one acquisition of a lock. */
class LockGuard implements Guard {
  readonly #lock: Lock;

  constructor(lock: Lock) {
    this.#lock = lock;
  }

  release(): void {
    releaseFor(this.#lock, this);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
