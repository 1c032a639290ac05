// Copyright 2026 the asyncio for Deno authors. MIT license.

import { messageOf, registerErrorClass } from "../loop/core/errors.ts";
import {
  assertInstance,
  assertInteger,
  assertMethods,
} from "../loop/core/validate.ts";

/**
 * The stream ended before all of the requested bytes had arrived.
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
 * @category Errors
 * @see {@link https://docs.python.org/3/library/asyncio-exceptions.html#asyncio.IncompleteReadError}
 */
export class IncompleteReadError extends Error {
  /** The bytes that had arrived. */
  readonly partial: Uint8Array<ArrayBuffer>;
  /** The number of bytes requested; `null` if it was not known. */
  readonly expected: number | null;

  /**
   * Constructs a new instance.
   *
   * @param partial The bytes that had arrived.
   * @param expected The number of bytes requested, or `null`.
   */
  constructor(partial: Uint8Array<ArrayBuffer>, expected: number | null) {
    assertInstance(
      "The partial of an IncompleteReadError",
      "a Uint8Array",
      Uint8Array,
      partial,
    );
    if (expected !== null) {
      assertInteger("The expected of an IncompleteReadError", expected, 0);
    }
    super(
      `Expected ${
        expected ?? "more"
      } bytes: received ${partial.length} before the end of the stream`,
    );
    this.name = "IncompleteReadError";
    this.partial = partial;
    this.expected = expected;
  }
}

registerErrorClass(IncompleteReadError);

/**
 * A reader's limit was reached before a separator was found. The bytes stay in the reader.
 *
 * @example Usage
 * ```ts
 * import { LimitOverrunError, StreamReader } from "@asyncio/asyncio";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const reader = new StreamReader({ limit: 3 });
 * reader.feedData(new TextEncoder().encode("too long"));
 * const error = await assertRejects(() => reader.readUntil("\n"), LimitOverrunError);
 * assertEquals(error.consumed, 8);
 * assertEquals((await reader.read(error.consumed)).length, 8);
 * ```
 *
 * @category Errors
 * @see {@link https://docs.python.org/3/library/asyncio-exceptions.html#asyncio.LimitOverrunError}
 */
export class LimitOverrunError extends Error {
  /** The number of bytes to read in order to skip the overlong part. */
  readonly consumed: number;

  /**
   * Constructs a new instance.
   *
   * @param message What happened.
   * @param consumed The number of bytes to read in order to skip the overlong part.
   */
  constructor(message: string, consumed: number) {
    assertInteger("The consumed of a LimitOverrunError", consumed, 0);
    super(messageOf(message));
    this.name = "LimitOverrunError";
    this.consumed = consumed;
  }
}

registerErrorClass(LimitOverrunError);

/** Throws unless the value looks like a transport. */
export function assertTransport(what: string, value: unknown): void {
  assertMethods(what, "a transport", value, "close", "getExtraInfo");
}
