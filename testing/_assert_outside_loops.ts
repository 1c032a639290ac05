// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError } from "../loop/core/errors.ts";
import { runningScheduler } from "../loop/core/scheduler.ts";

/** Throws if the caller runs inside an event loop. */
export function assertOutsideLoops(caller: string): void {
  if (runningScheduler() === null) return;
  throw new RuntimeError(
    `Cannot call ${caller}() as an event loop is running: it runs its own loops`,
  );
}
