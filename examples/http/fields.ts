// Copyright 2026 the asyncio for Deno authors. MIT license.

import { HttpError } from "./http_error.ts";

/** Fields, each with a name that is a token and a value without control characters, in lines that end in CR LF. */
const FIELDS = /^(?:[\w!#$%&'*+.^`|~-]+:[^\0\r\n]*\r\n)*$/;

/** The header fields of a message. */
export class Fields {
  readonly #values = new Map<string, string>();

  /** Parses fields, without the empty line after them. */
  constructor(text: string) {
    if (!FIELDS.test(text)) throw new HttpError(400, "Expected header fields");
    for (let start = 0; start < text.length;) {
      const colon = text.indexOf(":", start);
      const end = text.indexOf("\r\n", colon);
      const name = text.slice(start, colon).toLowerCase();
      const value = text.slice(colon + 1, end).trim();
      const before = this.#values.get(name);
      this.#values.set(
        name,
        before === undefined ? value : `${before}, ${value}`,
      );
      start = end + 2;
    }
  }

  /** The value of a field, by its name in lower case; if it comes several times, all of them. */
  get(name: string): string | null {
    return this.#values.get(name) ?? null;
  }

  toHeaders(): Headers {
    return new Headers([...this.#values]);
  }
}
