// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  describe,
  type Facts,
  facts,
  inspectAsText,
} from "../loop/core/inspection.ts";
import {
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

/**
 * A flag, initially not set, that tasks can wait for. {@linkcode Event.set} wakes all waiting tasks in FIFO order.
 *
 * An event can be created outside a loop, and is bound to the loop of the first wait.
 *
 * It is unrelated to the platform's `Event`, which an import of this class hides in the importing file.
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
 * @category Synchronisation
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
   * Sets the flag: wakes all waiting tasks, and {@linkcode Event.wait} returns at once from now on.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Event.set}
   */
  set(): void {
    if (this.#isSet) return;
    this.#isSet = true;
    this.#line.wakeAll();
  }

  /**
   * Clears the flag: {@linkcode Event.wait} waits for the next {@linkcode Event.set}. Tasks that the last one woke
   * continue.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Event.clear}
   */
  clear(): void {
    this.#isSet = false;
  }

  /**
   * Returns whether the flag is set.
   *
   * @returns `true` if it is.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Event.is_set}
   */
  isSet(): boolean {
    return this.#isSet;
  }

  /**
   * Returns a description for logs and error messages: `<Event [unset, waiters:2]>`.
   *
   * @returns The description.
   */
  toString(): string {
    return describe(this, this.#isSet ? "set" : "unset", this.#line.size);
  }

  /** @ignore */
  [facts](): { kind: string } & Facts {
    return { kind: "Event", set: this.#isSet };
  }

  /**
   * Waits until the flag is set; if it is already set, returns without yielding.
   *
   * Cancel safe: nothing is lost.
   *
   * @returns A future that completes with `true` when the flag is set.
   * @throws {RuntimeError} At the `await`, if it has to wait and the event is bound to another loop.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.Event.wait}
   */
  wait(): Future<true> {
    const scheduler = currentScheduler();
    if (this.#isSet) return fulfilled(scheduler, true, Event.#waited);
    const misuse = this.#loop.bind(scheduler);
    if (misuse !== null) return failed(scheduler, misuse);
    const wait = new PrimitiveFuture(scheduler, Event.#wait, this);
    wait.joinQueue(this.#line);
    return wait;
  }

  /** @ignore */
  [source](): Source<true> {
    return { behavior: Event.#wait, subject: this };
  }

  /** A task that was woken continues, even if the flag has been cleared since. */
  static readonly #wait: PrimitiveBehavior<true, Event> = {
    name: "Event.wait()",
    objectOf: (event) => event,
    selectInstead: "the event itself",
    begin(event, wait) {
      if (event.#isSet) return SET;
      const misuse = event.#loop.bind(homeOf(wait));
      if (misuse !== null) return withError(misuse);
      wait.joinQueue(event.#line);
      return null;
    },
    poll: () => SET,
    onCancelled: (_, wait) => wait.leaveQueue(),
    handBack() {},
  };
  static readonly #waited = new DoneOperation(Event.#wait);
}

const SET = withResult(true);
