// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError } from "./core/errors.ts";
import { errors } from "./core/runtime.ts";
import {
  defaultScheduler,
  runningScheduler,
  type Scheduler,
  schedulerOf,
} from "./core/scheduler.ts";
import { isInstance } from "./core/unknown_value.ts";
import { wrongType } from "./core/validate.ts";
import { EventLoop } from "./event_loop.ts";

/**
 * Returns the event loop that runs the calling code.
 *
 * @returns The loop.
 * @throws {RuntimeError} Outside tasks and callbacks.
 *
 * @example Usage
 * ```ts
 * import { getRunningLoop, run } from "@asyncio/asyncio";
 * import { assert } from "@std/assert";
 *
 * await run(() => assert(getRunningLoop().isRunning()));
 * ```
 *
 * @category Event loop
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
 * Returns the event loop that runs the calling code; outside of one, the loop that was set, or the default loop.
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
 * @category Event loop
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.get_event_loop}
 */
export function getEventLoop(): EventLoop {
  return runningScheduler()?.loop ?? getEventLoopPolicy().getEventLoop();
}

/**
 * Sets the event loop that `getEventLoop()` returns outside tasks and callbacks.
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
 * @category Event loop
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.set_event_loop}
 */
export function setEventLoop(loop: EventLoop | null): void {
  getEventLoopPolicy().setEventLoop(loop);
}

/**
 * Creates an event loop, which does not run yet.
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
 * @category Event loop
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.new_event_loop}
 */
export function newEventLoop(): EventLoop {
  return getEventLoopPolicy().newEventLoop();
}

/**
 * Decides which event loops there are: what `getEventLoop()` and `setEventLoop()` do outside running ones, and what
 * `newEventLoop()` creates.
 *
 * @deprecated As in asyncio, which removes policies in Python 3.16. Pass `loopFactory` to `run()` or
 * to a `Runner` instead.
 *
 * @example Loops that are in debug mode from the start
 * ```ts
 * import {
 *   DefaultEventLoopPolicy,
 *   newEventLoop,
 *   setEventLoopPolicy,
 * } from "@asyncio/asyncio";
 * import { assert } from "@std/assert";
 *
 * class DebuggingPolicy extends DefaultEventLoopPolicy {
 *   override newEventLoop() {
 *     const loop = super.newEventLoop();
 *     loop.setDebug(true);
 *     return loop;
 *   }
 * }
 *
 * setEventLoopPolicy(new DebuggingPolicy());
 * const loop = newEventLoop();
 * assert(loop.getDebug());
 * loop.close();
 * setEventLoopPolicy(null);
 * ```
 *
 * @category Policies
 * @see {@link https://docs.python.org/3/library/asyncio-policy.html#asyncio.AbstractEventLoopPolicy}
 */
export class AbstractEventLoopPolicy {
  /**
   * Returns the event loop of code outside running ones.
   *
   * @returns The loop.
   * @throws {Deno.errors.NotSupported} Unless a derived class overrides it.
   */
  getEventLoop(): EventLoop {
    throw notSupported("getEventLoop");
  }

  /**
   * Sets the event loop of code outside running ones.
   *
   * @param _loop The loop, or `null` for none in particular.
   * @throws {Deno.errors.NotSupported} Unless a derived class overrides it.
   */
  setEventLoop(_loop: EventLoop | null): void {
    throw notSupported("setEventLoop");
  }

  /**
   * Creates an event loop.
   *
   * @returns The loop.
   * @throws {Deno.errors.NotSupported} Unless a derived class overrides it.
   */
  newEventLoop(): EventLoop {
    throw notSupported("newEventLoop");
  }
}

/**
 * The default policy: the event loop that was set, or the default loop.
 *
 * @deprecated As in asyncio, which removes policies in Python 3.16. Pass `loopFactory` to `run()` or
 * to a `Runner` instead.
 *
 * @example Usage
 * ```ts
 * import { DefaultEventLoopPolicy, getEventLoopPolicy } from "@asyncio/asyncio";
 * import { assert } from "@std/assert";
 *
 * assert(getEventLoopPolicy() instanceof DefaultEventLoopPolicy);
 * ```
 *
 * @category Policies
 * @see {@link https://docs.python.org/3/library/asyncio-policy.html#asyncio.DefaultEventLoopPolicy}
 */
export class DefaultEventLoopPolicy extends AbstractEventLoopPolicy {
  #chosen: Scheduler | null = null;

  /**
   * Returns the event loop that was set, or the default loop.
   *
   * @returns The loop.
   */
  override getEventLoop(): EventLoop {
    return (this.#chosen ?? defaultScheduler()).loop;
  }

  /**
   * Sets the event loop that {@linkcode DefaultEventLoopPolicy.getEventLoop} returns.
   *
   * @param loop The loop, or `null` for the default loop.
   * @throws {TypeError} If `loop` is neither.
   */
  override setEventLoop(loop: EventLoop | null): void {
    this.#chosen = loop === null ? null : schedulerOf(loop);
  }

  /**
   * Creates an event loop, which does not run yet.
   *
   * @returns The loop.
   */
  override newEventLoop(): EventLoop {
    return new EventLoop();
  }
}

let policy: AbstractEventLoopPolicy = new DefaultEventLoopPolicy();

/**
 * Returns the policy that decides which event loops there are.
 *
 * @deprecated As in asyncio, which removes policies in Python 3.16.
 *
 * @returns The policy.
 *
 * @example Usage
 * ```ts
 * import { getEventLoop, getEventLoopPolicy } from "@asyncio/asyncio";
 * import { assertStrictEquals } from "@std/assert";
 *
 * assertStrictEquals(getEventLoopPolicy().getEventLoop(), getEventLoop());
 * ```
 *
 * @category Policies
 * @see {@link https://docs.python.org/3/library/asyncio-policy.html#asyncio.get_event_loop_policy}
 */
export function getEventLoopPolicy(): AbstractEventLoopPolicy {
  return policy;
}

/**
 * Sets the policy that decides which event loops there are.
 *
 * @deprecated As in asyncio, which removes policies in Python 3.16. Pass `loopFactory` to `run()` or
 * to a `Runner` instead.
 *
 * @param value The policy, or `null` for a new default one.
 * @throws {TypeError} If `value` is neither.
 *
 * @example Usage
 * ```ts
 * import { DefaultEventLoopPolicy, setEventLoopPolicy } from "@asyncio/asyncio";
 *
 * setEventLoopPolicy(new DefaultEventLoopPolicy());
 * setEventLoopPolicy(null);
 * ```
 *
 * @category Policies
 * @see {@link https://docs.python.org/3/library/asyncio-policy.html#asyncio.set_event_loop_policy}
 */
export function setEventLoopPolicy(
  value: AbstractEventLoopPolicy | null,
): void {
  if (value !== null && !isInstance(value, AbstractEventLoopPolicy)) {
    throw wrongType(
      "The event loop policy",
      "an AbstractEventLoopPolicy or null",
      value,
    );
  }
  policy = value ?? new DefaultEventLoopPolicy();
}

function notSupported(method: string): Error {
  return new errors.NotSupported(
    `${method}() is not implemented by this event loop policy`,
  );
}
