// Copyright 2026 the asyncio for Deno authors. MIT license.

import { callbackOf, Handle } from "../handle.ts";
import { inlineCallOf } from "../inline_call.ts";
import { nameOfFunction } from "./snapshot.ts";
import { printable } from "./printable.ts";
import { Task } from "../task.ts";
import { TaskState } from "../task_state.ts";

/** Names a ready entry or a task; runs no user code. */
export function nameOfWork(work: object): string {
  if (work instanceof TaskState) return nameOfState(work);
  if (!(work instanceof Handle)) return "a callback of the library";
  const name = nameOfFunction(callbackOf(work));
  return name === null ? "a callback" : `callback ${name}`;
}

/** Names a task or an inline call by its state; those that ended have no name any more. */
export function nameOfState(state: TaskState): string {
  const { task } = state.owner;
  if (task === null) return "a task that has ended";
  if (!(task instanceof Task)) return inlineCallOf(task)?.name ?? "a call";
  // Not a method of a subclass.
  const name = printable(Task.prototype.getName.call(task));
  const runs = nameOfFunction(Task.prototype.getCoro.call(task));
  return /^Task-\d+$/.test(name) && runs !== null ? `${name} ${runs}()` : name;
}
