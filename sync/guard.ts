// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * One acquisition of a lock or semaphore, as `acquire()` gives it: `using` releases it at the end of the
 * block, `release()` before that.
 *
 * A guard releases its own acquisition, once: releasing it again does nothing.
 *
 * @example Usage
 * ```ts
 * import { type Guard, Lock } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const lock = new Lock();
 * const guard: Guard = await lock.acquire();
 * guard.release();
 * assertEquals(lock.locked(), false);
 * ```
 */
export interface Guard extends Disposable {
  /** Releases the acquisition, unless that has been done before. */
  release(): void;
}
