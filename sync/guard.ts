// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * One acquisition of a lock or semaphore, as returned by `acquire()`. `using` releases it at the end of the block;
 * {@linkcode Guard.release} releases it before that.
 *
 * A guard releases its own acquisition only, and only once: releasing it again is a no-op.
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
 *
 * @category Synchronisation
 */
export interface Guard extends Disposable {
  /** Releases the acquisition, unless it has been released before. */
  release(): void;
}
