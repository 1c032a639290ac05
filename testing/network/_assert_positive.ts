// Copyright 2026 the asyncio for Deno authors. MIT license.

import { shown } from "../../loop/shown.ts";

/** Throws unless the value is a number greater than 0. */
export function assertPositive(name: string, value: number): void {
  if (value > 0) return;
  throw new RangeError(
    `Expected a number greater than 0 as ${name}: received ${shown(value)}`,
  );
}
