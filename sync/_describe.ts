// Copyright 2026 the asyncio for Deno authors. MIT license.

/** What a primitive is and how it stands, as asyncio writes it: `<Lock [locked, waiters:2]>`. */
export function describe(
  primitive: object,
  state: string,
  waiters: number,
): string {
  const waiting = waiters === 0 ? "" : `, waiters:${waiters}`;
  return `<${primitive.constructor.name} [${state}${waiting}]>`;
}
