// Copyright 2026 the asyncio for Deno authors. MIT license.

/** A first-in, first-out queue on a ring whose size is a power of two: no allocation per entry. */
export class ReadyQueue<T> {
  #ring: (T | undefined)[] = new Array<T | undefined>(64).fill(undefined);
  #mask = 63;
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(entry: T): void {
    if (this.#size > this.#mask) this.#grow();
    this.#ring[(this.#head + this.#size) & this.#mask] = entry;
    this.#size++;
  }

  /** The entry at `index`, which is less than the size. */
  at(index: number): T {
    return this.#ring[(this.#head + index) & this.#mask] as T;
  }

  /** Takes the oldest entry; the queue must not be empty. */
  shift(): T {
    const entry = this.#ring[this.#head] as T;
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & this.#mask;
    this.#size--;
    return entry;
  }

  /** Takes the entry at `index`, keeping the order of the others. */
  take(index: number): T {
    const ring = this.#ring;
    const entry = this.at(index);
    for (let i = index; i > 0; i--) {
      ring[(this.#head + i) & this.#mask] =
        ring[(this.#head + i - 1) & this.#mask];
    }
    this.shift();
    return entry;
  }

  clear(): void {
    while (this.#size > 0) this.shift();
  }

  #grow(): void {
    const old = this.#ring;
    const ring = new Array<T | undefined>(old.length * 2).fill(undefined);
    for (let i = 0; i < this.#size; i++) {
      ring[i] = old[(this.#head + i) & this.#mask];
    }
    this.#ring = ring;
    this.#mask = ring.length - 1;
    this.#head = 0;
  }
}
