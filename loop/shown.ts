// Copyright 2026 the asyncio for Deno authors. MIT license.

import { propertyOf, textAt } from "./unknown_value.ts";

/** A value as messages show it. Text is in quotes, which tells `"80"` from `80`. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
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
