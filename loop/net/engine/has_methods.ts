// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Whether the value is an object with methods of these names. */
export function hasMethods(value: unknown, ...names: string[]): boolean {
  return typeof value === "object" && value !== null &&
    names.every((name) => typeof Reflect.get(value, name) === "function");
}
