// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  IncompleteReadError,
  LimitOverrunError,
  type StreamReader,
  timeout,
} from "@asyncio/asyncio";

/** A reader with a time limit for each read. */
export class Source {
  readonly #reader: StreamReader;
  readonly #seconds: number;

  constructor(reader: StreamReader, seconds: number) {
    this.#reader = reader;
    this.#seconds = seconds;
  }

  /** Reads a line, without its end. */
  async line(): Promise<string> {
    try {
      const bytes = await timeout(
        this.#seconds,
        () => this.#reader.readUntil("\n"),
      );
      // Latin-1: each byte is a character
      return String.fromCharCode(...bytes).trimEnd();
    } catch (error) {
      if (error instanceof IncompleteReadError) throw unexpectedEnd();
      if (error instanceof LimitOverrunError) {
        throw new RangeError("A line of the answer is too long");
      }
      throw error;
    }
  }

  /** Reads some bytes; none at the end. */
  async piece(most: number): Promise<Uint8Array> {
    return await timeout(this.#seconds, () => this.#reader.read(most));
  }
}

export function unexpectedEnd(): Error {
  return new Deno.errors.UnexpectedEof("The answer ends in the middle");
}
