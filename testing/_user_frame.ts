// Copyright 2026 the asyncio for Deno authors. MIT license.

import { describeFrame } from "../loop/core/introspection/call_stack.ts";
import type { Task } from "../loop/core/task.ts";

/** The library's own folders, whose frames do not help the user. */
const LIBRARY = [
  "loop",
  "queues",
  "streams",
  "subprocess",
  "sync",
  "tasks",
  "testing",
].map((folder) => new URL(`../${folder}/`, import.meta.url).href);

/** Describes the line of user code at which a task waits; returns `null` if it is unknown, as without debug mode. */
export function userFrameOf(task: Task<unknown>): string | null {
  const frame = task.getStack().findLast(({ fileName }) =>
    fileName.endsWith("_test.ts") ||
    !LIBRARY.some((folder) => fileName.startsWith(folder))
  );
  return frame === undefined ? null : describeFrame(frame);
}
