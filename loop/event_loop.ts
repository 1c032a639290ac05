// Copyright 2026 the asyncio for Deno authors. MIT license.

import { adoptScheduler } from "./base_event_loop.ts";
import { NetworkEventLoop } from "./network_event_loop.ts";
import { presentSchedulers, Scheduler } from "./scheduler.ts";

/**
 * An event loop: it runs tasks and callbacks, one at a time, in the order in which they became ready.
 *
 * A program seldom makes one: `run()` does, and outside `run()` the process's default loop always
 * turns. Times are in seconds. Unlike asyncio's, running a loop returns to the host at once: the
 * methods that run it return a promise, and several loops can run side by side.
 *
 * @example Usage
 * ```ts
 * import { newEventLoop, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const loop = newEventLoop();
 * assertEquals(await loop.runUntilComplete(() => sleep(0.001, "done")), "done");
 * loop.close();
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html}
 */
export class EventLoop extends NetworkEventLoop {
  static {
    presentSchedulers((scheduler) => {
      const loop = new EventLoop();
      // The constructor gave it one that nobody knows.
      loop.setDebug(false);
      adoptScheduler(loop, scheduler);
      return loop;
    });
  }

  /** Constructs a new instance, which does not run yet. */
  constructor() {
    super();
    adoptScheduler(this, new Scheduler());
  }
}
