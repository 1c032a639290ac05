// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  describeFrame,
  isOfUser,
} from "../loop/core/introspection/source_stacks.ts";
import type { Task } from "../loop/core/task.ts";

/** Describes the line of user code at which a task waits; returns `null` if it is unknown, as without debug mode. */
export function userFrameOf(task: Task<unknown>): string | null {
  const frame = task.getStack().findLast(isOfUser);
  return frame === undefined ? null : describeFrame(frame);
}
