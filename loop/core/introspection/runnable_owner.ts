// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Waiter } from "../future.ts";
import { TaskState } from "../task_state.ts";
import { dependentsOf, Future } from "../future.ts";
import { callerOf } from "../inline_call.ts";
import { Task } from "../task.ts";

/** Returns the task that a ready entry resumes; `null` if it is a callback, or belongs to no task. */
export function ownerOf(entry: object): Task<unknown> | null {
  if (entry instanceof TaskState) return entry.task as Task<unknown> | null;
  if (entry instanceof Waiter) return taskOf(entry.awaiter);
  if (!(entry instanceof Future)) return null;
  const [first = null] = dependentsOf(entry);
  return taskOf(first);
}

function taskOf(awaiter: Future<unknown> | null): Task<unknown> | null {
  if (awaiter === null || awaiter instanceof Task) return awaiter;
  return callerOf(awaiter);
}
