// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Future } from "../../../mod.ts";

/** A queue that loses the item handed to a getter that is cancelled before it resumes. */
export class LossyQueue<T> {
  readonly #items: T[] = [];
  readonly #getters: Future<T>[] = [];

  put(item: T): void {
    for (let getter; (getter = this.#getters.shift()) !== undefined;) {
      if (getter.done()) continue;
      getter.setResult(item);
      return;
    }
    this.#items.push(item);
  }

  async get(): Promise<T> {
    if (this.#items.length > 0) return this.#items.shift()!;
    const getter = new Future<T>();
    this.#getters.push(getter);
    return await getter;
  }

  qsize(): number {
    return this.#items.length;
  }
}
