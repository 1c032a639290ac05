// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Synchronisation primitives: locks, events, conditions, semaphores, barriers and rate limiters for tasks.
 *
 * They are not thread-safe: workers share nothing with the tasks of this thread. None of them takes a
 * timeout; that is what `timeout()` and `waitFor()` are for.
 *
 * @example Usage
 * ```ts
 * import { Lock } from "@asyncio/asyncio/sync";
 *
 * const lock = new Lock();
 * {
 *   using _ = await lock.acquire();
 *   console.log("one task at a time");
 * }
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-sync.html}
 *
 * @module
 */

// Registers the event loop, which `future.getLoop()` needs; this loads no network code.
import "../loop/preload.ts";
export { Barrier, BrokenBarrierError } from "./barrier.ts";
export { BoundedSemaphore, Semaphore } from "./semaphore.ts";
export { Condition } from "./condition.ts";
export { Event } from "./event.ts";
export type { Guard } from "./guard.ts";
export { KeyedLock } from "./keyed_lock.ts";
export { Lock } from "./lock.ts";
export { RateLimiter, type RateLimiterOptions } from "./rate_limiter.ts";
export { ReadWriteLock } from "./read_write_lock.ts";
