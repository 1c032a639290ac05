// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Throws unless `data` can be sent. */
export function assertBytes(method: string, data: unknown): void {
  if (data instanceof Uint8Array || typeof data === "string") return;
  throw new TypeError(
    `${method}() takes a Uint8Array or a string: received ${nameOf(data)}`,
  );
}

function nameOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return `an instance of ${value.constructor?.name ?? "no class"}`;
}
