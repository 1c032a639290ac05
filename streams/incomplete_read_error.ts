// Copyright 2026 the asyncio for Deno authors. MIT license.

import { registerErrorClass } from "../loop/error_classes.ts";

/**
 * The stream ended before everything that was asked for had arrived.
 *
 * @example Usage
 * ```ts
 * import { IncompleteReadError, StreamReader } from "@asyncio/asyncio";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const reader = new StreamReader();
 * reader.feedData(new Uint8Array(3));
 * reader.feedEof();
 * const error = await assertRejects(() => reader.readExactly(5), IncompleteReadError);
 * assertEquals(error.partial.length, 3);
 * assertEquals(error.expected, 5);
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-exceptions.html#asyncio.IncompleteReadError}
 */
export class IncompleteReadError extends Error {
  /** What had arrived. */
  readonly partial: Uint8Array<ArrayBuffer>;
  /** How many bytes were asked for; `null` if that was not known. */
  readonly expected: number | null;

  /**
   * Constructs a new instance.
   *
   * @param partial What had arrived.
   * @param expected How many bytes were asked for, or `null`.
   */
  constructor(partial: Uint8Array<ArrayBuffer>, expected: number | null) {
    super(
      `${partial.length} bytes read on a total of ${
        expected ?? "undefined"
      } expected bytes`,
    );
    this.name = "IncompleteReadError";
    this.partial = partial;
    this.expected = expected;
  }
}

registerErrorClass(IncompleteReadError);
