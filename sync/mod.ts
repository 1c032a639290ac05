// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Synchronisation primitives: locks, events, conditions, semaphores and barriers for tasks.
 *
 * They are not thread-safe: workers share nothing with the tasks of this thread. None of them takes a
 * timeout; that is what `timeout()` and `waitFor()` are for.
 *
 * @see {@link https://docs.python.org/3/library/asyncio-sync.html}
 *
 * @module
 */

// Futures tell their loop, which is made in a module above theirs. No network code comes with it.
import "../loop/preload.ts";

export { Barrier } from "./barrier.ts";
export { BoundedSemaphore } from "./bounded_semaphore.ts";
export { BrokenBarrierError } from "./broken_barrier_error.ts";
export { Condition } from "./condition.ts";
export { Event } from "./event.ts";
export type { Guard } from "./guard.ts";
export { Lock } from "./lock.ts";
export { Semaphore } from "./semaphore.ts";
