// Copyright 2026 the asyncio for Deno authors. MIT license.

// Of types only: futures make these.
import type { Future } from "./future.ts";
import { type Entry, execute } from "./scheduler.ts";

/** A callback of the library's own. */
export class LibraryCallback implements Entry {
  readonly callback: (future: unknown) => void;
  readonly awaiter: Future<unknown> | null;
  readonly #future: unknown;

  constructor(
    callback: (future: unknown) => void,
    future: unknown,
    awaiter: Future<unknown> | null,
  ) {
    this.callback = callback;
    this.awaiter = awaiter;
    this.#future = future;
  }

  [execute](): boolean {
    this.callback(this.#future);
    return false;
  }
}
