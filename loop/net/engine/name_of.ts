// Copyright 2026 the asyncio for Deno authors. MIT license.

/** How a value of the wrong kind is called in messages. */
export function nameOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return `an instance of ${value.constructor?.name ?? "no class"}`;
}

/** How the type of a value is called in messages, where the value itself would say too much. */
export function typeNameOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}
