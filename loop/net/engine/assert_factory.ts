// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Throws unless the factory of protocols is a function. */
export function assertFactory(method: string, factory: unknown): void {
  if (typeof factory === "function") return;
  throw new TypeError(
    `${method}() takes a function that makes a protocol: received ${typeof factory}`,
  );
}
