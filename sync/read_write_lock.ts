// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  awaitingState,
  fulfilled,
  type Future,
  withResult,
} from "../loop/core/future.ts";
import {
  describe,
  type Facts,
  facts,
  inspectAsText,
} from "../loop/core/inspection.ts";
import {
  failed,
  LoopBound,
  type PrimitiveBehavior,
  PrimitiveFuture,
  WaitQueue,
} from "../loop/core/primitive_future.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import { currentTaskState, type TaskState } from "../loop/core/task_state.ts";
import { GuardList, type ListedGuard } from "./_guard_list.ts";
import type { Guard } from "./guard.ts";

let giveBack: (lock: ReadWriteLock, guard: ReadWriteGuard) => void;

/**
 * A lock that either any number of readers hold at a time, or one writer.
 *
 * It is first come, first served: a reader that comes after a waiting writer waits for it, so neither starves. Readers
 * next to each other in the queue acquire the lock together. It is not reentrant: a task that holds the lock and
 * acquires it again may wait for itself.
 *
 * A read-write lock can be created outside a loop, and is bound to the loop of the first wait.
 *
 * @example Usage
 * ```ts
 * import { ReadWriteLock } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const lock = new ReadWriteLock();
 * const routes = new Map([["/", "home"]]);
 *
 * async function find(path: string) {
 *   using _ = await lock.read();
 *   return routes.get(path);
 * }
 *
 * async function replace(entries: [string, string][]) {
 *   using _ = await lock.write();
 *   routes.clear();
 *   for (const [path, page] of entries) routes.set(path, page);
 * }
 *
 * await replace([["/", "start"]]);
 * assertEquals(await find("/"), "start");
 * ```
 *
 * @category Synchronisation
 */
export class ReadWriteLock {
  /** The number of readers that hold the lock, those included that were woken and have not run since. */
  #readers = 0;
  /** Whether a writer holds it, or was woken to. */
  #isWriting = false;
  /** The waiting operations that have not been woken. */
  readonly #line = new WaitQueue();
  /** Those of them that write. */
  readonly #writers = new Set<PrimitiveFuture<unknown>>();
  readonly #loop = new LoopBound("read-write lock");
  readonly #guards = new GuardList();

  static {
    inspectAsText(this);
    giveBack = (lock, guard) => {
      lock.#guards.remove(guard);
      lock.#leave(guard.isWriter);
    };
  }

  /**
   * Acquires the lock for reading, together with other readers, and waits until no writer holds it or waits ahead. If
   * none does, it does not yield.
   *
   * Cancel safe: if the awaiting task is cancelled, the lock is not acquired and the task loses its place in the
   * queue.
   *
   * @returns A future of a guard, which releases this acquisition, once.
   * @throws {RuntimeError} At the `await`, if it has to wait and the lock is bound to another loop.
   */
  read(): Future<Guard> {
    return this.#acquire(ReadWriteLock.#reading, false);
  }

  /**
   * Acquires the lock for writing, alone, and waits until no reader and no other writer holds it or waits ahead. If
   * none does, it does not yield.
   *
   * Cancel safe: if the awaiting task is cancelled, the lock is not acquired and the task loses its place in the
   * queue.
   *
   * @returns A future of a guard, which releases this acquisition, once.
   * @throws {RuntimeError} At the `await`, if it has to wait and the lock is bound to another loop.
   */
  write(): Future<Guard> {
    return this.#acquire(ReadWriteLock.#writing, true);
  }

  /**
   * Returns a description for logs and error messages: `<ReadWriteLock [readers:2, waiters:1]>`.
   *
   * @returns The description.
   */
  toString(): string {
    const holders = this.#isWriting
      ? "writing"
      : this.#readers > 0
      ? `readers:${this.#readers}`
      : "unlocked";
    return describe(this, holders, this.#line.size);
  }

  /** @ignore */
  [facts](): { kind: string } & Facts {
    const state = this.#isWriting
      ? "writing"
      : this.#readers > 0
      ? "reading"
      : "free";
    return {
      kind: "ReadWriteLock",
      state,
      holders: this.#guards.holders() ?? [],
    };
  }

  #acquire(
    kind: PrimitiveBehavior<Guard, ReadWriteLock>,
    isWriter: boolean,
  ): Future<Guard> {
    const caller = currentTaskState();
    const scheduler = caller?.scheduler ?? currentScheduler();
    if (this.#line.first === null && this.#admits(isWriter)) {
      this.#enter(isWriter);
      return fulfilled(scheduler, this.#grant(isWriter, caller));
    }
    const misuse = this.#loop.bind(scheduler);
    if (misuse !== null) return failed(scheduler, misuse);
    const acquisition = new PrimitiveFuture(scheduler, kind, this);
    acquisition.joinQueue(this.#line);
    if (isWriter) this.#writers.add(acquisition);
    return acquisition;
  }

  #admits(isWriter: boolean): boolean {
    return !this.#isWriting && (!isWriter || this.#readers === 0);
  }

  #enter(isWriter: boolean): void {
    if (isWriter) this.#isWriting = true;
    else this.#readers++;
  }

  #leave(isWriter: boolean): void {
    if (isWriter) this.#isWriting = false;
    else this.#readers--;
    this.#serve();
  }

  /** Grants the lock to the first waiting operations that can have it together. */
  #serve(): void {
    while (true) {
      const { first } = this.#line;
      if (first === null) return;
      const isWriter = this.#writers.has(first);
      if (!this.#admits(isWriter)) return;
      this.#enter(isWriter);
      this.#writers.delete(first);
      this.#line.wakeOne();
    }
  }

  #grant(isWriter: boolean, holder: TaskState | null): Guard {
    const guard = new ReadWriteGuard(this, isWriter, holder);
    this.#guards.add(guard);
    return guard;
  }

  static #behavior(
    name: string,
    isWriter: boolean,
  ): PrimitiveBehavior<Guard, ReadWriteLock> {
    return {
      name,
      objectOf: (lock) => lock,
      poll: (lock, acquisition) =>
        withResult(lock.#grant(isWriter, awaitingState(acquisition))),
      onCancelled(lock, acquisition) {
        acquisition.leaveQueue();
        lock.#writers.delete(acquisition);
        // Without this writer, the readers around it are next to each other.
        lock.#serve();
      },
      handBack(lock, _, wasWoken) {
        if (wasWoken) lock.#leave(isWriter);
      },
    };
  }

  static readonly #reading = ReadWriteLock.#behavior(
    "ReadWriteLock.read()",
    false,
  );
  static readonly #writing = ReadWriteLock.#behavior(
    "ReadWriteLock.write()",
    true,
  );
}

/** An acquisition of a read-write lock. */
class ReadWriteGuard implements Guard, ListedGuard {
  #lock: ReadWriteLock | null;
  readonly isWriter: boolean;
  readonly holder: TaskState | null;
  older: ListedGuard | null = null;
  newer: ListedGuard | null = null;

  constructor(
    lock: ReadWriteLock,
    isWriter: boolean,
    holder: TaskState | null,
  ) {
    this.holder = holder;
    this.#lock = lock;
    this.isWriter = isWriter;
  }

  release(): void {
    const lock = this.#lock;
    if (lock === null) return;
    this.#lock = null;
    giveBack(lock, this);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
