// Copyright 2026 the asyncio for Deno authors. MIT license.

import { isFull, Semaphore, setBound } from "./semaphore.ts";

/**
 * A semaphore that never has more permits than at first: releasing it more often than it was acquired
 * is an error, and most often a mistake in the program.
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
 * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.BoundedSemaphore}
 */
export class BoundedSemaphore extends Semaphore {
  readonly #bound: number;

  /**
   * Constructs a new instance.
   *
   * @param value How many permits there are, and how many there can be at most.
   * @throws {RangeError} If `value` is not a whole number, or negative.
   * @throws {TypeError} If `value` is not a number.
   */
  constructor(value: number = 1) {
    super(value);
    this.#bound = value;
    setBound(this, value);
  }

  /**
   * Gives a permit back, in nobody's name. A guard that is disposed when all permits are back does
   * nothing.
   *
   * @throws {RangeError} If all permits are back already.
   *
   * @example Usage
   * ```ts
   * import { BoundedSemaphore } from "@asyncio/asyncio";
   * import { assertThrows } from "@std/assert";
   *
   * assertThrows(() => new BoundedSemaphore().release(), RangeError);
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.BoundedSemaphore}
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
