// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  awaitingState,
  fulfilled,
  type Future,
  withResult,
} from "../loop/core/future.ts";
import { type Facts, facts, inspectAsText } from "../loop/core/inspection.ts";
import {
  failed,
  LoopBound,
  type PrimitiveBehavior,
  PrimitiveFuture,
  WaitQueue,
} from "../loop/core/primitive_future.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import { currentTaskState, type TaskState } from "../loop/core/task_state.ts";
import type { Guard } from "./guard.ts";

/**
 * A mutual exclusion lock for each key, such as a file name or the number of an account. Tasks with different keys do
 * not wait for each other; those with the same key acquire its lock in FIFO order.
 *
 * Keys are compared as those of a `Map`. Memory is used only for keys that are locked or waited for.
 *
 * A keyed lock can be created outside a loop, and is bound to the loop of the first wait.
 *
 * @typeParam K The type of the keys.
 *
 * @example Usage
 * ```ts
 * import { gather, KeyedLock, run, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const locks = new KeyedLock<string>();
 * const log: string[] = [];
 *
 * async function write(file: string, text: string) {
 *   using _ = await locks.acquire(file);
 *   log.push(`${file} begins ${text}`);
 *   await sleep(0);
 *   log.push(`${file} ends ${text}`);
 * }
 *
 * await run(() =>
 *   gather([() => write("a", "1"), () => write("a", "2"), () => write("b", "3")])
 * );
 * assertEquals(log, [
 *   "a begins 1",
 *   "b begins 3",
 *   "a ends 1",
 *   "b ends 3",
 *   "a begins 2",
 *   "a ends 2",
 * ]);
 * ```
 *
 * @category Synchronisation
 */
export class KeyedLock<K = unknown> {
  readonly #entries = new Map<K, Entry>();
  readonly #loop = new LoopBound("keyed lock");

  static {
    inspectAsText(this);
  }

  /** The number of keys in use: locked, or waited for. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Acquires the lock of a key, and waits until it is free. If it is free, `acquire()` does not yield.
   *
   * Cancel safe: if the awaiting task is cancelled, the lock is not acquired and the task loses its place in the
   * queue.
   *
   * @param key The key.
   * @returns A future of a guard, which releases this acquisition, once.
   * @throws {RuntimeError} At the `await`, if it has to wait and the keyed lock is bound to another loop.
   */
  acquire(key: K): Future<Guard> {
    const caller = currentTaskState();
    const scheduler = caller?.scheduler ?? currentScheduler();
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      const added = new Entry(() => this.#entries.delete(key));
      this.#entries.set(key, added);
      return fulfilled(scheduler, added.lock(caller));
    }
    const misuse = this.#loop.bind(scheduler);
    if (misuse !== null) return failed(scheduler, misuse);
    const acquisition = new PrimitiveFuture(scheduler, ACQUISITION, entry);
    acquisition.joinQueue(entry.line);
    return acquisition;
  }

  /**
   * Returns whether the lock of a key is held. It is not between a release and the turn of the next task that
   * acquires it.
   *
   * @param key The key.
   * @returns `true` if it is.
   */
  locked(key: K): boolean {
    return this.#entries.get(key)?.guard != null;
  }

  /**
   * Returns a description for logs and error messages: `<KeyedLock keys=2>`.
   *
   * @returns The description.
   */
  toString(): string {
    return `<KeyedLock keys=${this.size}>`;
  }
}

/** The lock of a key in use. */
class Entry {
  /** The guard that holds the lock, or `null`. */
  guard: KeyGuard | null = null;
  /** The waiting operations; one that was woken stays until it has the lock, ahead of later ones. */
  readonly line = new WaitQueue();
  readonly #remove: () => void;

  /** `remove` is called when the key is no longer in use. */
  constructor(remove: () => void) {
    this.#remove = remove;
  }

  lock(holder: TaskState | null): Guard {
    return this.guard = new KeyGuard(this, holder);
  }

  [facts](): { kind: string } & Facts {
    const { guard } = this;
    return {
      kind: "KeyedLock",
      locked: guard !== null,
      holders: guard === null ? [] : [guard.holder],
    };
  }

  release(guard: Guard): void {
    if (this.guard !== guard) return;
    this.guard = null;
    this.serve();
  }

  /** Wakes the first waiting operation, if the lock is free. */
  serve(): void {
    if (this.guard !== null) return;
    if (this.line.first === null) this.#remove();
    else this.line.first.wake();
  }
}

const ACQUISITION: PrimitiveBehavior<Guard, Entry> = {
  name: "KeyedLock.acquire()",
  objectOf: (entry) => entry,
  poll(entry, acquisition) {
    acquisition.leaveQueue();
    return withResult(entry.lock(awaitingState(acquisition)));
  },
  onCancelled: (_, acquisition) => acquisition.leaveQueue(),
  handBack(entry, acquisition, wasWoken) {
    acquisition.leaveQueue();
    if (wasWoken) entry.serve();
  },
};

/** An acquisition of the lock of a key. */
class KeyGuard implements Guard {
  readonly #entry: Entry;
  /** The task that acquired the lock, for snapshots. */
  readonly holder: TaskState | null;

  constructor(entry: Entry, holder: TaskState | null) {
    this.#entry = entry;
    this.holder = holder;
  }

  release(): void {
    this.#entry.release(this);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
