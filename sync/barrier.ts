// Copyright 2026 the asyncio for Deno authors. MIT license.

import { registerErrorClass, RuntimeError } from "../loop/core/errors.ts";
import { type Facts, facts, inspectAsText } from "../loop/core/inspection.ts";
import {
  fulfilled,
  type Future,
  homeOf,
  type Settlement,
  withError,
  withResult,
} from "../loop/core/future.ts";
import {
  LoopBound,
  type PrimitiveBehavior,
  PrimitiveFuture,
  WaitQueue,
} from "../loop/core/primitive_future.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import { assertInteger } from "../loop/core/validate.ts";

/**
 * The barrier was aborted, or was reset while tasks were waiting.
 *
 * @example Usage
 * ```ts
 * import { Barrier, BrokenBarrierError } from "@asyncio/asyncio";
 * import { assertRejects } from "@std/assert";
 *
 * const barrier = new Barrier(2);
 * await barrier.abort();
 * await assertRejects(() => barrier.wait(), BrokenBarrierError);
 * ```
 *
 * @category Errors
 * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.BrokenBarrierError}
 */
export class BrokenBarrierError extends RuntimeError {
  /**
   * Constructs a new instance.
   *
   * @param message What happened to the barrier.
   * @param options The `cause` of the error.
   */
  constructor(message?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BrokenBarrierError";
  }
}

registerErrorClass(BrokenBarrierError);

/**
 * - `filling`: tasks arrive and wait for the others;
 * - `draining`: all have arrived and leave; tasks that arrive now wait until they have left;
 * - `resetting`: like `draining`, but the tasks that leave get an error;
 * - `broken`: every task that waits or arrives gets an error.
 */
type State = "filling" | "draining" | "resetting" | "broken";

/**
 * A point where a fixed number of tasks wait for each other: when the last one arrives, all continue.
 *
 * A barrier can be reused. It can be created outside a loop, and is bound to the loop of the first wait.
 *
 * @example Usage
 * ```ts
 * import { Barrier, gather, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const barrier = new Barrier(3);
 * const log: string[] = [];
 *
 * async function work() {
 *   log.push("ready");
 *   if (await barrier.wait() === 0) log.push("first");
 *   log.push("go");
 * }
 *
 * await run(() => gather([work, work, work]));
 * assertEquals(log.slice(0, 3), ["ready", "ready", "ready"]);
 * assertEquals(log.filter((line) => line === "first").length, 1);
 * ```
 *
 * @category Synchronisation
 * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Barrier}
 */
export class Barrier {
  readonly #loop = new LoopBound("barrier");
  readonly #parties: number;
  #state: State = "filling";
  /** The waits for the others to arrive, and those for the previous round to leave. */
  readonly #line = new WaitQueue();
  /** The number of tasks that have arrived and not left. */
  #count = 0;

  static {
    inspectAsText(this);
  }

  /**
   * Constructs a new instance.
   *
   * @param parties The number of tasks that wait for each other.
   * @throws {RangeError} If `parties` is not a whole number, or less than 1.
   * @throws {TypeError} If `parties` is not a number.
   */
  constructor(parties: number) {
    assertInteger("The parties of a barrier", parties, 1);
    this.#parties = parties;
  }

  /** The number of tasks that wait for each other. */
  get parties(): number {
    return this.#parties;
  }

  /** The number of tasks that are waiting for the others to arrive. */
  get nWaiting(): number {
    return this.#state === "filling" ? this.#count : 0;
  }

  /** Whether the barrier is broken. */
  get broken(): boolean {
    return this.#state === "broken";
  }

  /**
   * Returns a description for logs and error messages: `<Barrier [filling, waiters:2/5]>`.
   *
   * @returns The description.
   */
  toString(): string {
    return `<${this.constructor.name} [${this.#state}${
      this.broken ? "" : `, waiters:${this.nWaiting}/${this.#parties}`
    }]>`;
  }

  /**
   * Waits until as many tasks as the barrier is for have called this method.
   *
   * Cancel safe: a task that is cancelled before all have arrived leaves, and another one must take its place. A task
   * that is cancelled after that leaves as well, without delaying the others.
   *
   * @returns A future of a number from 0 to {@linkcode Barrier.parties} - 1: how many tasks were waiting when this
   * one arrived. The numbers are distinct unless a waiting task was cancelled: then, as in asyncio, a number can
   * occur twice and another one not at all.
   * @throws {BrokenBarrierError} If the barrier is aborted, or is reset while the task waits.
   * @throws {RuntimeError} If the barrier is bound to another loop.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Barrier.wait}
   */
  wait(): Future<number> {
    const wait = new PrimitiveFuture(currentScheduler(), Barrier.#wait, {
      barrier: this,
      index: null,
    });
    wait.tryNow();
    return wait;
  }

  /**
   * Resets the barrier to its initial state. Waiting tasks get a `BrokenBarrierError`.
   *
   * It does not yield.
   *
   * @returns A future that is done: the barrier is reset at once.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Barrier.reset}
   */
  reset(): Future<void> {
    this.#become(this.#count > 0 ? "resetting" : "filling");
    return fulfilled(currentScheduler(), undefined);
  }

  /**
   * Breaks the barrier: waiting tasks, and those that arrive before it is reset, get a `BrokenBarrierError`. Use it
   * when something failed and the others must not wait in vain.
   *
   * It does not yield.
   *
   * @returns A future that is done: the barrier is broken at once.
   *
   * @example Usage
   * ```ts
   * import { Barrier } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const barrier = new Barrier(2);
   * await barrier.abort();
   * assertEquals(barrier.broken, true);
   * await barrier.reset();
   * assertEquals(barrier.broken, false);
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Barrier.abort}
   */
  abort(): Future<void> {
    this.#become("broken");
    return fulfilled(currentScheduler(), undefined);
  }

  /** @ignore */
  [facts](): { kind: string } & Facts {
    return {
      kind: "Barrier",
      state: this.#state,
      waiting: this.nWaiting,
      parties: this.#parties,
    };
  }

  // As in asyncio, where a barrier is a condition: a wait that was woken in vain goes to the end of the queue, and one
  // that is cancelled wakes the first of the others. The lock of that condition is never held when a task waits.
  static readonly #wait: PrimitiveBehavior<number, Wait> = {
    name: "Barrier.wait()",
    objectOf: ({ barrier }) => barrier,
    poll: (wait, operation) => wait.barrier.#proceed(wait, operation),
    onCancelled: (_, operation) => operation.leaveQueue(),
    handBack({ barrier, index }) {
      barrier.#line.wakeOne();
      if (index !== null) barrier.#leave();
    },
  };

  /** Takes a wait as far as the state allows. Returns how it ends; `null` if it goes on. */
  #proceed(wait: Wait, operation: PrimitiveFuture<unknown>): Settlement | null {
    if (wait.index === null) {
      if (this.#state === "draining" || this.#state === "resetting") {
        return this.#enqueue(wait, operation);
      }
      if (this.#state === "broken") {
        return broken("Cannot wait at the barrier as it is broken");
      }
      wait.index = this.#count++;
      if (this.#count === this.#parties) this.#become("draining");
    }
    const state = this.#state;
    if (state === "filling") return this.#enqueue(wait, operation);
    this.#leave();
    if (state === "draining") return withResult(wait.index);
    return broken(
      `Cannot wait at the barrier any longer as it was ${
        state === "broken" ? "aborted" : "reset"
      }`,
    );
  }

  #enqueue(wait: Wait, operation: PrimitiveFuture<unknown>): Settlement | null {
    const misuse = this.#loop.bind(homeOf(operation));
    if (misuse === null) {
      operation.joinQueue(this.#line);
      return null;
    }
    if (wait.index !== null) this.#leave();
    return withError(misuse);
  }

  /** Called when a task that had arrived leaves: the last one lets in those that arrived in the meantime. */
  #leave(): void {
    this.#count--;
    if (this.#count === 0) this.#become(this.broken ? "broken" : "filling");
  }

  #become(state: State): void {
    this.#state = state;
    this.#line.wakeAll();
  }
}

/** A call of `wait()`. */
interface Wait {
  readonly barrier: Barrier;
  /** How many had arrived before it; `null` while it waits for the previous round to leave. */
  index: number | null;
}

function broken(message: string): Settlement {
  return withError(new BrokenBarrierError(message));
}
