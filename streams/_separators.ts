// Copyright 2026 the asyncio for Deno authors. MIT license.

import { isInstance } from "../loop/core/unknown_value.ts";
import { wrongType } from "../loop/core/validate.ts";
const encoder = new TextEncoder();

/** The bytes of the strings that were used first: a program has few separators, and uses them often. */
const encoded = new Map<string, Uint8Array>();
const MAX_ENCODED = 64;

/**
 * A separator: a string, bytes, or several of them, of which the shortest match wins.
 *
 * @category Streams
 */
export type LineSeparator =
  | string
  | Uint8Array
  | readonly (string | Uint8Array)[];

/** Separators, prepared for searching. */
export class Separators {
  /** The shortest first: it wins among matches that end at the same place. */
  readonly all: readonly Uint8Array[];
  readonly minLength: number;
  readonly maxLength: number;

  constructor(separator: LineSeparator) {
    const list = typeof separator === "string" ||
        isInstance(separator, Uint8Array)
      ? [separator]
      : separator;
    if (!Array.isArray(list)) {
      throw wrongType(
        "A separator",
        "a string, a Uint8Array or an array of them",
        separator,
      );
    }
    this.all = list.length === 1
      ? [bytesOf(list[0])]
      : list.map(bytesOf).sort((a, b) => a.length - b.length);
    if (this.all.length === 0) {
      throw new RangeError("The separators must be one or more: received none");
    }
    this.minLength = this.all[0]!.length;
    this.maxLength = this.all.at(-1)!.length;
    if (this.minLength === 0) {
      throw new RangeError(
        "A separator must have one byte or more: received an empty one",
      );
    }
  }
}

/** The end of a line. */
export const NEWLINE = new Separators("\n");

function bytesOf(separator: unknown): Uint8Array {
  if (typeof separator === "string") {
    let bytes = encoded.get(separator);
    if (bytes === undefined) {
      bytes = encoder.encode(separator);
      if (encoded.size < MAX_ENCODED) encoded.set(separator, bytes);
    }
    return bytes;
  }
  if (isInstance(separator, Uint8Array)) return separator.slice();
  throw wrongType("A separator", "a string or a Uint8Array", separator);
}
