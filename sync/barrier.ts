// Copyright 2026 the asyncio for Deno authors. MIT license.

import { inspectAsText } from "../loop/core/inspection.ts";
import type { Future } from "../loop/core/future.ts";
import { assertInteger } from "../loop/core/validate.ts";
import { callInline } from "../loop/core/inline_call.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import { BrokenBarrierError } from "./broken_barrier_error.ts";
import { Condition } from "./condition.ts";

/**
 * - `filling`: tasks come and wait for the others;
 * - `draining`: all have come, and they leave; who comes now waits until they are gone;
 * - `resetting`: the same, but those who leave get an error;
 * - `broken`: whoever comes, or is there, gets an error.
 */
type State = "filling" | "draining" | "resetting" | "broken";

/**
 * A place where a fixed number of tasks wait for each other: when the last one has come, all go on.
 *
 * A barrier can be used again and again. It can be made anywhere and is bound to the loop in which it is
 * first waited for.
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
 *   await barrier.wait();
 *   log.push("go");
 * }
 *
 * await run(() => gather([work, work, work]));
 * assertEquals(log, ["ready", "ready", "ready", "go", "go", "go"]);
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Barrier}
 */
export class Barrier {
  readonly #parties: number;
  /** Tells of every change of the state. */
  readonly #changed = new Condition();
  #state: State = "filling";
  /** How many tasks came and have not left. */
  #count = 0;

  static {
    inspectAsText(this);
  }

  /**
   * Constructs a new instance.
   *
   * @param parties How many tasks wait for each other.
   * @throws {RangeError} If `parties` is not a whole number, or less than 1.
   * @throws {TypeError} If `parties` is not a number.
   */
  constructor(parties: number) {
    assertInteger("The parties of a barrier", parties, 1);
    this.#parties = parties;
  }

  /** How many tasks wait for each other. */
  get parties(): number {
    return this.#parties;
  }

  /** How many tasks wait at the moment for the others to come. */
  get nWaiting(): number {
    return this.#state === "filling" ? this.#count : 0;
  }

  /** Whether the barrier is broken. */
  get broken(): boolean {
    return this.#state === "broken";
  }

  /**
   * What this is and how it stands, for messages: `<Barrier [filling, waiters:2/5]>`.
   *
   * @returns The text.
   */
  toString(): string {
    return `<${this.constructor.name} [${this.#state}${
      this.broken ? "" : `, waiters:${this.nWaiting}/${this.#parties}`
    }]>`;
  }

  /**
   * Waits until as many tasks as the barrier is for have called this.
   *
   * Cancel safe: a task that is cancelled here before the others have come leaves, and they wait for
   * another one in its place. One that is cancelled after that leaves all the same, and does not hold
   * up the others.
   *
   * @returns A future of a number from 0 to {@linkcode Barrier.parties} - 1: how many waited when the task
   * came. Each task gets another one, unless one that waited was cancelled: then, as in asyncio, a number
   * can occur twice, and another not at all.
   * @throws {BrokenBarrierError} If the barrier is aborted, or is reset while the task waits.
   * @throws {RuntimeError} If the barrier is bound to another loop.
   *
   * @example One task has something to do when all have come
   * ```ts
   * import { Barrier, gather, run } from "@asyncio/asyncio";
   *
   * const barrier = new Barrier(2);
   *
   * async function work() {
   *   if (await barrier.wait() === 0) console.log("all are here");
   * }
   *
   * await run(() => gather([work, work]));
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Barrier.wait}
   */
  wait(): Future<number> {
    return this.#call("wait()", () => this.#wait());
  }

  async #wait(): Promise<number> {
    // Not `using`, here and below: Node has that since 24 only.
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
   * Brings the barrier back to its initial state. Tasks that wait at it get a `BrokenBarrierError`.
   *
   * When the awaiting task is cancelled here, the barrier has not been reset.
   *
   * @returns A future that is done once that is; it is at once unless many use the barrier just
   * then.
   *
   * @example Usage
   * ```ts
   * import { Barrier } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const barrier = new Barrier(2);
   * await barrier.abort();
   * await barrier.reset();
   * assertEquals(barrier.broken, false);
   * ```
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
   * Breaks the barrier: tasks that wait at it, and those that come before it is reset, get a
   * `BrokenBarrierError`. For when something went wrong and the others must not wait in vain.
   *
   * When the awaiting task is cancelled here, the barrier has not been broken.
   *
   * @returns A future that is done once that is; it is at once unless many use the barrier just
   * then.
   *
   * @example Usage
   * ```ts
   * import { Barrier } from "@asyncio/asyncio";
   * import { assert } from "@std/assert";
   *
   * const barrier = new Barrier(2);
   * await barrier.abort();
   * assert(barrier.broken);
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

  /** Waits until the tasks of the round before have left. */
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

  /** The last task has left: those who came in the meantime are let in. */
  #onEmpty(): void {
    if (this.#state !== "broken") this.#state = "filling";
    this.#changed.notifyAll();
  }
}

/**
 * What to await instead of a future: it comes to the same, and where the future is done already it takes
 * a third of the time.
 */
function promptly<T>(future: Future<T>): T | Future<T> {
  return future.done() ? future.result() : future;
}
