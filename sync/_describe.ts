// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Describes a primitive and its state as asyncio does: `<Lock [locked, waiters:2]>`. */
export function describe(
  primitive: object,
  state: string,
  waiters: number,
): string {
  const waiting = waiters === 0 ? "" : `, waiters:${waiters}`;
  return `<${primitive.constructor.name} [${state}${waiting}]>`;
}
