// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError } from "../loop/core/errors.ts";
import { runningScheduler } from "../loop/core/scheduler.ts";

/** Throws where a loop runs the caller. */
export function assertOutsideLoops(caller: string): void {
  if (runningScheduler() === null) return;
  throw new RuntimeError(
    `Cannot call ${caller}() where an event loop runs the caller: it runs loops of its own`,
  );
}
