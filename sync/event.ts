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
import { describe } from "./_describe.ts";

/**
 * A flag that tasks can wait for.
 *
 * It is not set at first. {@linkcode Event.set} wakes everybody who waits, in the order in which they
 * came. An event can be made anywhere and is bound to the loop in which it is first waited for.
 *
 * The name is that of the platform's `Event`, which has nothing to do with it: an import hides that one
 * in the importing file.
 *
 * @example Usage
 * ```ts
 * import { createTask, Event, run } from "@asyncio/asyncio";
 *
 * await run(async () => {
 *   const ready = new Event();
 *   const waiter = createTask(async () => {
 *     await ready.wait();
 *     console.log("go");
 *   });
 *   ready.set();
 *   await waiter;
 * });
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Event}
 */
export class Event {
  readonly #loop = new LoopBound("event");
  #isSet = false;
  readonly #line = new WaitQueue();

  static {
    inspectAsText(this);
  }

  /**
   * Sets the flag: who waits for it goes on, and nobody waits from now on.
   *
   * @example Usage
   * ```ts
   * import { Event } from "@asyncio/asyncio";
   *
   * const event = new Event();
   * event.set();
   * await event.wait();
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Event.set}
   */
  set(): void {
    if (this.#isSet) return;
    this.#isSet = true;
    this.#line.wakeAll();
  }

  /**
   * Clears the flag: who waits for it from now on waits for the next {@linkcode Event.set}. Whom the
   * last one woke goes on all the same.
   *
   * @example Usage
   * ```ts
   * import { Event } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const event = new Event();
   * event.set();
   * event.clear();
   * assertEquals(event.isSet(), false);
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Event.clear}
   */
  clear(): void {
    this.#isSet = false;
  }

  /**
   * Whether the flag is set.
   *
   * @returns `true` if it is.
   *
   * @example Usage
   * ```ts
   * import { Event } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * assertEquals(new Event().isSet(), false);
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Event.is_set}
   */
  isSet(): boolean {
    return this.#isSet;
  }

  /**
   * What this is and how it stands, for messages: `<Event [unset, waiters:2]>`.
   *
   * @returns The text.
   */
  toString(): string {
    return describe(this, this.#isSet ? "set" : "unset", this.#line.size);
  }

  /**
   * Waits until the flag is set; if it is, that does not let other tasks have a turn.
   *
   * Cancel safe: when the awaiting task is cancelled here, nothing has happened.
   *
   * @returns A future that is done, with `true`, once the flag is set.
   * @throws {RuntimeError} At the `await`, if the flag has to be waited for and the event is bound to another loop.
   *
   * @example Usage
   * ```ts
   * import { createTask, Event } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const event = new Event();
   * createTask(() => event.set());
   * assertEquals(await event.wait(), true);
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Event.wait}
   */
  wait(): Future<true> {
    const scheduler = currentScheduler();
    if (this.#isSet) return fulfilled(scheduler, true);
    const misuse = this.#loop.bind(scheduler);
    if (misuse !== null) return failed(scheduler, misuse);
    const wait = new PrimitiveFuture(scheduler, WAIT, null);
    wait.joinQueue(this.#line);
    return wait;
  }
}

const SET = withResult(true);

/** Who was woken goes on, whatever has become of the flag. */
const WAIT: PrimitiveBehavior<true, null> = {
  name: "Event.wait()",
  poll: () => SET,
  onCancelled: (_, wait) => wait.leaveQueue(),
  handBack() {},
};
