// Copyright 2026 the asyncio for Deno authors. MIT license.

/** A first-in, first-out list on a ring whose size is a power of two. */
export class Deque<T> {
  #ring: (T | undefined)[] = [undefined, undefined, undefined, undefined];
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
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
    // A burst must not hold its memory for ever.
    if (ring.length > 1024 && this.#size < ring.length / 8) {
      this.#resize(ring.length / 2);
    }
    return item;
  }

  clear(): void {
    this.#ring = [undefined, undefined, undefined, undefined];
    this.#head = 0;
    this.#size = 0;
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
