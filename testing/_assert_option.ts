// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError } from "../loop/errors.ts";
import { runningScheduler } from "../loop/scheduler.ts";
import { shown } from "../loop/shown.ts";

/** Throws unless an option is a number of things; `Infinity` means any number. */
export function assertCount(name: string, value: number, least: number): void {
  const isCount = Number.isInteger(value) || value === Infinity;
  if (isCount && value >= least) return;
  throw new RangeError(
    `Expected an integer of ${least} or more, or Infinity, as ${name}: received ${
      shown(value)
    }`,
  );
}

/** Throws unless an option is a number of seconds. */
export function assertSeconds(name: string, value: number): void {
  if (typeof value === "number" && value >= 0) return;
  throw new RangeError(
    `Expected a number of 0 or more as ${name}: received ${shown(value)}`,
  );
}

/** Throws unless an argument is a function. */
export function assertFunction(name: string, value: unknown): void {
  if (typeof value === "function") return;
  throw new TypeError(
    `Expected a function as ${name}: received ${
      value === null ? "null" : typeof value
    }`,
  );
}

/** Throws where a loop runs the caller. */
export function assertOutsideLoops(caller: string): void {
  if (runningScheduler() === null) return;
  throw new RuntimeError(
    `Cannot call ${caller}() where an event loop runs the caller: it runs loops of its own`,
  );
}
