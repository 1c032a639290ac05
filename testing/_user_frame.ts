// Copyright 2026 the asyncio for Deno authors. MIT license.

import { describeFrame } from "../loop/core/introspection/call_stack.ts";
import type { Task } from "../loop/core/task.ts";

/** The folders whose functions say nothing to those who call them. */
const LIBRARY = [
  "loop",
  "queues",
  "streams",
  "subprocess",
  "sync",
  "tasks",
  "testing",
].map((folder) => new URL(`../${folder}/`, import.meta.url).href);

/** Where in the program a task waits; `null` if that is not known, as without debug mode. */
export function userFrameOf(task: Task<unknown>): string | null {
  const frame = task.getStack().findLast(({ fileName }) =>
    fileName.endsWith("_test.ts") ||
    !LIBRARY.some((folder) => fileName.startsWith(folder))
  );
  return frame === undefined ? null : describeFrame(frame);
}
