// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Creates a value lazily, but again for each request that arrives during the creation. */
export class HastyOnce<T> {
  readonly #make: () => Promise<T>;
  #made: { value: T } | null = null;

  constructor(make: () => Promise<T>) {
    this.#make = make;
  }

  async get(): Promise<T> {
    this.#made ??= { value: await this.#make() };
    return this.#made.value;
  }
}
