// Copyright 2026 the asyncio for Deno authors. MIT license.

/** A first-in, first-out list on a ring whose size is a power of two. An array's `shift()` moves all of a long one. */
export class Deque<T> {
  #ring: (T | undefined)[] = [undefined, undefined, undefined, undefined];
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The oldest item; `undefined` if there is none. */
  get first(): T | undefined {
    return this.#ring[this.#head];
  }

  /** Puts another in the place of the oldest item; there must be one. */
  set first(item: T) {
    this.#ring[this.#head] = item;
  }

  /** The item at `index`, which is less than the size. */
  at(index: number): T {
    return this.#ring[(this.#head + index) & (this.#ring.length - 1)] as T;
  }

  push(item: T): void {
    if (this.#size === this.#ring.length) this.#resize(2 * this.#size);
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = item;
    this.#size++;
  }

  /** Takes the oldest item; there must be one. */
  take(): T {
    const ring = this.#ring;
    const item = ring[this.#head] as T;
    ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (ring.length - 1);
    this.#size--;
    this.#maybeShrink();
    return item;
  }

  /** Takes the newest item; there must be one. */
  takeLast(): T {
    const ring = this.#ring;
    this.#size--;
    const index = (this.#head + this.#size) & (ring.length - 1);
    const item = ring[index] as T;
    ring[index] = undefined;
    this.#maybeShrink();
    return item;
  }

  clear(): void {
    this.#ring = [undefined, undefined, undefined, undefined];
    this.#head = 0;
    this.#size = 0;
  }

  /** A burst must not hold its memory forever. */
  #maybeShrink(): void {
    const { length } = this.#ring;
    if (length > 1024 && this.#size < length / 8) this.#resize(length / 2);
  }

  #resize(length: number): void {
    const ring = new Array<T | undefined>(length).fill(undefined);
    for (let i = 0; i < this.#size; i++) {
      ring[i] = this.#ring[(this.#head + i) & (this.#ring.length - 1)];
    }
    this.#ring = ring;
    this.#head = 0;
  }
}
