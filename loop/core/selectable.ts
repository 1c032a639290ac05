// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { PrimitiveBehavior } from "./primitive_future.ts";

/** Returns how `select()` waits for an object and takes from it. */
export const source: unique symbol = Symbol("source");

/** Returns how `select()` puts an item into an object. */
export const sink: unique symbol = Symbol("sink");

/** An operation that `select()` may perform. It uses the behavior of the object's own operation. */
export interface Source<T = unknown> {
  /** The type of the value that is taken; it is never set. */
  readonly value?: T;
  readonly behavior: PrimitiveBehavior<unknown, never>;
  readonly subject: unknown;
}
