// Copyright 2026 the asyncio for Deno authors. MIT license.

import { isFull, Semaphore, setBound } from "./semaphore.ts";

/**
 * A semaphore that never has more permits than it began with: releasing it more often than it was acquired is
 * an error, and usually a bug in the program.
 *
 * @example Usage
 * ```ts
 * import { BoundedSemaphore } from "@asyncio/asyncio";
 * import { assertThrows } from "@std/assert";
 *
 * const semaphore = new BoundedSemaphore(2);
 * await semaphore.acquire();
 * semaphore.release();
 * assertThrows(() => semaphore.release(), RangeError);
 * ```
 *
 * @category Synchronisation
 * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.BoundedSemaphore}
 */
export class BoundedSemaphore extends Semaphore {
  readonly #bound: number;

  /**
   * Constructs a new instance.
   *
   * @param value The number of permits at first and at most.
   * @throws {RangeError} If `value` is not a whole number, or negative.
   * @throws {TypeError} If `value` is not a number.
   */
  constructor(value: number = 1) {
    super(value);
    this.#bound = value;
    setBound(this, value);
  }

  /**
   * Returns a permit, whichever it is. Releasing a guard when all permits are free is a no-op.
   *
   * @throws {RangeError} If all permits are free.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.BoundedSemaphore.release}
   */
  override release(): void {
    if (isFull(this)) {
      throw new RangeError(
        `Cannot release the semaphore as all of its permits are free: ${this.#bound}`,
      );
    }
    super.release();
  }
}
