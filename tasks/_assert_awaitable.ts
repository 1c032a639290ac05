// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Throws unless a value can be awaited, or called for something that can. */
export function assertAwaitable(caller: string, aw: unknown): void {
  if (isAwaitable(aw)) return;
  throw new TypeError(
    `${caller}() takes a future, a promise or a function: received ${
      typeNameOf(aw)
    }`,
  );
}

/** The same for several values. */
export function assertAwaitables(
  caller: string,
  aws: readonly unknown[],
): void {
  for (const [index, aw] of aws.entries()) {
    if (isAwaitable(aw)) continue;
    throw new TypeError(
      `${caller}() takes futures, promises and functions: received ${
        typeNameOf(aw)
      } at index ${index}`,
    );
  }
}

function isAwaitable(value: unknown): boolean {
  return typeof value === "function" ||
    typeof (value as PromiseLike<unknown> | null)?.then === "function";
}

function typeNameOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}
