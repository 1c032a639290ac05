// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError } from "./core/errors.ts";
import type { EventLoop } from "./event_loop.ts";
import { getEventLoopPolicy } from "./event_loop_policy.ts";
import { runningScheduler } from "./core/scheduler.ts";

/**
 * The loop that runs the code that calls.
 *
 * @returns The loop.
 * @throws {RuntimeError} If no loop does: outside every task and callback.
 *
 * @example Usage
 * ```ts
 * import { getRunningLoop, run } from "@asyncio/asyncio";
 * import { assert } from "@std/assert";
 *
 * await run(() => assert(getRunningLoop().isRunning()));
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.get_running_loop}
 */
export function getRunningLoop(): EventLoop {
  const scheduler = runningScheduler();
  if (scheduler === null) {
    throw new RuntimeError(
      "There is no running event loop here: call it in a task or a callback",
    );
  }
  return scheduler.loop;
}

/**
 * The loop that runs the code that calls, or else the one that was set, or else the default loop.
 *
 * @returns The loop.
 *
 * @example Usage
 * ```ts
 * import { getEventLoop } from "@asyncio/asyncio";
 * import { assert } from "@std/assert";
 *
 * assert(getEventLoop().isRunning());
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.get_event_loop}
 */
export function getEventLoop(): EventLoop {
  return runningScheduler()?.loop ?? getEventLoopPolicy().getEventLoop();
}

/**
 * Sets what `getEventLoop()` returns outside every loop.
 *
 * @param loop The loop, or `null` for the default loop.
 * @throws {TypeError} If `loop` is neither.
 *
 * @example Usage
 * ```ts
 * import { getEventLoop, newEventLoop, setEventLoop } from "@asyncio/asyncio";
 * import { assertStrictEquals } from "@std/assert";
 *
 * const loop = newEventLoop();
 * setEventLoop(loop);
 * assertStrictEquals(getEventLoop(), loop);
 * setEventLoop(null);
 * loop.close();
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.set_event_loop}
 */
export function setEventLoop(loop: EventLoop | null): void {
  getEventLoopPolicy().setEventLoop(loop);
}

/**
 * Makes an event loop, which does not run yet.
 *
 * @returns The loop.
 *
 * @example Usage
 * ```ts
 * import { newEventLoop } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const loop = newEventLoop();
 * assertEquals(loop.isRunning(), false);
 * loop.close();
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.new_event_loop}
 */
export function newEventLoop(): EventLoop {
  return getEventLoopPolicy().newEventLoop();
}
