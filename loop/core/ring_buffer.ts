// Copyright 2026 the asyncio for Deno authors. MIT license.

/** The least size of a ring that shrinks: below it, the memory is not worth the copying. */
const MIN_LENGTH_TO_SHRINK = 2048;

/**
 * A FIFO queue on a ring whose size is a power of two: no allocation per item, whereas an array's `shift()` moves
 * all of a long one.
 */
export class RingBuffer<T> {
  #ring: (T | undefined)[] = [undefined, undefined, undefined, undefined];
  #mask = 3;
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** How many items there is memory for. */
  get capacity(): number {
    return this.#ring.length;
  }

  /** The oldest item; `undefined` if there is none. */
  get first(): T | undefined {
    return this.#ring[this.#head];
  }

  /** Replaces the oldest item; there must be one. */
  set first(item: T) {
    this.#ring[this.#head] = item;
  }

  /** The newest item; `undefined` if there is none. */
  get last(): T | undefined {
    return this.#ring[(this.#head + this.#size - 1) & this.#mask];
  }

  /** The item at `index`, which is less than the size. */
  at(index: number): T {
    return this.#ring[(this.#head + index) & this.#mask] as T;
  }

  /** Adds an item as the newest. */
  push(item: T): void {
    if (this.#size > this.#mask) this.#resize(2 * this.#size);
    this.#ring[(this.#head + this.#size) & this.#mask] = item;
    this.#size++;
  }

  /** Takes the oldest item; there must be one. */
  take(): T {
    const item = this.#ring[this.#head] as T;
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & this.#mask;
    this.#size--;
    this.#maybeShrink();
    return item;
  }

  /** Takes the newest item; there must be one. */
  takeLast(): T {
    this.#size--;
    const index = (this.#head + this.#size) & this.#mask;
    const item = this.#ring[index] as T;
    this.#ring[index] = undefined;
    this.#maybeShrink();
    return item;
  }

  /** Takes the item at `index`, which is less than the size; keeps the order of the others. */
  takeAt(index: number): T {
    const ring = this.#ring;
    const item = this.at(index);
    for (let i = index; i > 0; i--) {
      ring[(this.#head + i) & this.#mask] =
        ring[(this.#head + i - 1) & this.#mask];
    }
    this.take();
    return item;
  }

  /** Drops every item. */
  clear(): void {
    this.#ring = [undefined, undefined, undefined, undefined];
    this.#mask = 3;
    this.#head = 0;
    this.#size = 0;
  }

  /** Keeps a burst from holding its memory forever. */
  #maybeShrink(): void {
    const { length } = this.#ring;
    if (length >= MIN_LENGTH_TO_SHRINK && this.#size < length / 8) {
      this.#resize(length / 2);
    }
  }

  #resize(length: number): void {
    const ring = new Array<T | undefined>(length).fill(undefined);
    for (let i = 0; i < this.#size; i++) ring[i] = this.at(i);
    this.#ring = ring;
    this.#mask = length - 1;
    this.#head = 0;
  }
}
