// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { schedulerOf } from "../../loop/core/scheduler.ts";
import { getRunningLoop, sleep } from "../../mod.ts";

/** Waits until the running loop holds nothing any more: no descriptor, no connection, no process. */
export async function untilNothingHeld(): Promise<void> {
  const { resources } = schedulerOf(getRunningLoop());
  while (resources.size > 0) await sleep(0.001);
}

/** Expects that the running loop holds nothing any more. */
export function assertNothingHeld(): void {
  assertEquals(schedulerOf(getRunningLoop()).resources.size, 0);
}
