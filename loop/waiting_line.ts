// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError } from "./errors.ts";
import { Operation } from "./operation.ts";

/**
 * Operations that wait for the same thing, first come, first served. They are linked with each other,
 * so that joining allocates nothing and leaving from the middle costs no search.
 */
export class WaitingLine {
  /** Who is first, or `null`. */
  first: LinedUpOperation<unknown> | null = null;
  /** Who is last, or `null`. */
  last: LinedUpOperation<unknown> | null = null;

  /** Wakes the first, who leaves the line; returns whether there was one. */
  wakeFirst(): boolean {
    const first = this.first;
    if (first === null) return false;
    first.leave();
    first.wake();
    return true;
  }

  /** Wakes everybody; the line is empty then. */
  wakeAll(): void {
    while (this.wakeFirst());
  }
}

/** An operation that can stand in a line. */
export abstract class LinedUpOperation<T> extends Operation<T> {
  #line: WaitingLine | null = null;
  #previous: LinedUpOperation<unknown> | null = null;
  #next: LinedUpOperation<unknown> | null = null;

  /** Goes to the end of a line; the operation must not stand in one. */
  join(line: WaitingLine): void {
    this.#line = line;
    this.#previous = line.last;
    if (line.last === null) line.first = this;
    else line.last.#next = this;
    line.last = this;
  }

  /** Leaves the line, if the operation stands in one. */
  leave(): void {
    const line = this.#line;
    if (line === null) return;
    const previous = this.#previous;
    const next = this.#next;
    if (previous === null) line.first = next;
    else previous.#next = next;
    if (next === null) line.last = previous;
    else next.#previous = previous;
    this.#line = null;
    this.#previous = null;
    this.#next = null;
  }
}

/** The error of a primitive that is waited for in another loop than the one that it is bound to. */
export function boundElsewhere(primitive: string): RuntimeError {
  return new RuntimeError(
    `Cannot wait for the ${primitive} as it is bound to another event loop`,
  );
}
