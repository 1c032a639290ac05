// Copyright 2026 the asyncio for Deno authors. MIT license.

import { schedulerOf } from "../../loop/core/scheduler.ts";
import { getEventLoop, sleep } from "../../mod.ts";

/** Waits until nothing goes on outside the loop: a look-up, which cannot be stopped, or the end of a process. */
export async function untilAtRest(): Promise<void> {
  const scheduler = schedulerOf(getEventLoop());
  while (scheduler.outside > 0) await sleep(0.001);
}
