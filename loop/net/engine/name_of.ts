// Copyright 2026 the asyncio for Deno authors. MIT license.

/** How a value of the wrong kind is called in messages. */
export function nameOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return `an instance of ${value.constructor?.name ?? "no class"}`;
}
