// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Makes something when it is first asked for, and again for those who ask while it is made. */
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
