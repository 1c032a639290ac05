// Copyright 2026 the asyncio for Deno authors. MIT license.

import { propertyOf, textAt } from "./unknown_value.ts";

/** How many characters of a text are shown at most: it may be a certificate. */
const MAX_TEXT = 80;

/** A value as messages show it, whatever it is. Text is in quotes, which tells `"80"` from `80`. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value.length > MAX_TEXT
        ? `${JSON.stringify(value.slice(0, MAX_TEXT))}…`
        : JSON.stringify(value);
    case "bigint":
      return `${value}n`;
    case "function":
      return "a function";
    case "object":
      return value === null
        ? "null"
        : `an instance of ${
          textAt(propertyOf(value, "constructor"), "name") || "no class"
        }`;
    default:
      return String(value);
  }
}
