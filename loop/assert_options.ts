// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Throws unless the options are an object, or left out. */
export function assertOptions(caller: string, options: unknown): void {
  if (options === undefined) return;
  if (typeof options === "object" && options !== null) return;
  throw new TypeError(
    `${caller}() takes an object of options: received ${
      options === null ? "null" : typeof options
    }`,
  );
}
