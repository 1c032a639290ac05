// Copyright 2026 the asyncio for Deno authors. MIT license.

import { inspectAsText } from "../loop/core/inspection.ts";
import type { Future } from "../loop/core/future.ts";
import { assertInteger } from "../loop/core/validate.ts";
import { callInline } from "../loop/core/inline_call.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import { BrokenBarrierError } from "./broken_barrier_error.ts";
import { Condition } from "./condition.ts";

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
  readonly #parties: number;
  /** Notified of every change of the state. */
  readonly #changed = new Condition();
  #state: State = "filling";
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
    return this.#call("wait()", () => this.#wait());
  }

  async #wait(): Promise<number> {
    // Not `using`, here and below: Node supports it only since version 24.
    const guard = await promptly(this.#changed.acquire());
    try {
      await this.#enter();
      const index = this.#count++;
      try {
        if (this.#count === this.#parties) this.#drain();
        else await this.#waitForOthers();
      } finally {
        this.#count--;
        if (this.#count === 0) this.#onEmpty();
      }
      return index;
    } finally {
      guard.release();
    }
  }

  /**
   * Resets the barrier to its initial state. Waiting tasks get a `BrokenBarrierError`.
   *
   * If the awaiting task is cancelled, the barrier is not reset.
   *
   * @returns A future that completes when the barrier is reset: at once, unless many tasks use it at that moment.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Barrier.reset}
   */
  reset(): Future<void> {
    return this.#call("reset()", async () => {
      const guard = await promptly(this.#changed.acquire());
      this.#state = this.#count > 0 ? "resetting" : "filling";
      this.#changed.notifyAll();
      guard.release();
    });
  }

  /**
   * Breaks the barrier: waiting tasks, and those that arrive before it is reset, get a `BrokenBarrierError`. Use it
   * when something failed and the others must not wait in vain.
   *
   * If the awaiting task is cancelled, the barrier is not broken.
   *
   * @returns A future that completes when the barrier is broken: at once, unless many tasks use it at that moment.
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
    return this.#call("abort()", async () => {
      const guard = await promptly(this.#changed.acquire());
      this.#state = "broken";
      this.#changed.notifyAll();
      guard.release();
    });
  }

  #call<T>(method: string, fn: () => Promise<T>): Future<T> {
    return callInline(currentScheduler(), `Barrier.${method}`, fn);
  }

  /** Waits until the tasks of the previous round have left. */
  async #enter(): Promise<void> {
    while (this.#state === "draining" || this.#state === "resetting") {
      await this.#changed.wait();
    }
    if (this.#state === "broken") {
      throw new BrokenBarrierError(
        "Cannot wait at the barrier as it is broken",
      );
    }
  }

  #drain(): void {
    this.#state = "draining";
    this.#changed.notifyAll();
  }

  async #waitForOthers(): Promise<void> {
    while (this.#state === "filling") await this.#changed.wait();
    if (this.#state === "draining") return;
    throw new BrokenBarrierError(
      `Cannot wait at the barrier any longer as it was ${
        this.#state === "broken" ? "aborted" : "reset"
      }`,
    );
  }

  /** Called when the last task has left: lets in the tasks that arrived in the meantime. */
  #onEmpty(): void {
    if (this.#state !== "broken") this.#state = "filling";
    this.#changed.notifyAll();
  }
}

/**
 * Returns the result of a future that is done, and otherwise the future. Awaiting the result takes a third of the
 * time.
 */
function promptly<T>(future: Future<T>): T | Future<T> {
  return future.done() ? future.result() : future;
}
