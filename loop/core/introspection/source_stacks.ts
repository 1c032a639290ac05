// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  type Below,
  type CapturedStack,
  captureStack,
  describeFrame,
  type FrameCallGraphEntry,
  framesOfBody,
} from "./call_stack.ts";
import { currentTaskState, type TaskState } from "../task_state.ts";
import { textAt } from "../unknown_value.ts";
import type { SiteWatch } from "../watch.ts";

// The records of debug mode, in separate tables, so that objects are not larger without it.

const creations = new WeakMap<object, CapturedStack>();
/** The stacks of a task's awaits, by task and future. */
const awaits = new WeakMap<object, {
  taskState: TaskState;
  sites: WeakMap<object, CapturedStack>;
}>();

/** The folders of the library. */
const LIBRARY = [
  "inspect",
  "loop",
  "queues",
  "streams",
  "subprocess",
  "sync",
  "tasks",
  "testing",
].map((folder) => new URL(`../../../${folder}/`, import.meta.url).href);

/** Records all of them, in debug mode. */
export const ALL_SITES: SiteWatch = {
  created: keepCreation,
  awaiting: noteAwait,
};

/** Records the stack of creation of an object; called by its constructor. */
export function keepCreation(object: object, constructor: Below): void {
  creations.set(object, captureStack(constructor));
}

/** Returns the stack of creation of an object, innermost first; no frames if it is not known. */
export function creationOf(object: object): FrameCallGraphEntry[] {
  const created = creations.get(object);
  if (created === undefined) return [];
  const frames = framesOfBody(created.stack);
  // Frames of the library do not help its users.
  const first = frames.findIndex(isOfUser);
  if (first < 0) return frames;
  return frames.slice(first, frames.findLastIndex(isOfUser) + 1);
}

/** Describes the stack of creation, with a headline, for a report. */
export function sourceTracebackOf(object: object): string | undefined {
  const creation = creationOf(object);
  if (creation.length === 0) return undefined;
  const kind = textAt(object, Symbol.toStringTag, "Object");
  return [
    `${kind} was created at`,
    ...creation.map((frame) => `    at ${describeFrame(frame)}`),
  ].join("\n");
}

/** Records that the calling task is about to await a future; called by the getter `then`. */
export function noteAwait(future: object): void {
  const taskState = currentTaskState();
  if (taskState === null) return;
  const task = taskState.task!;
  let noted = awaits.get(task);
  if (noted === undefined) {
    awaits.set(task, noted = { taskState, sites: new WeakMap() });
  }
  noted.sites.set(future, captureStack(noteAwait));
}

/**
 * Returns the frames of a task at its current `await`, innermost first; none if they are not known.
 *
 * @param preferred The future to choose, if the task awaits several.
 */
export function suspendedFrames(
  task: object,
  preferred?: object,
): FrameCallGraphEntry[] {
  const noted = awaits.get(task);
  if (noted === undefined) return [];
  const { taskState, sites } = noted;
  const waits = taskState.waits();
  const wait = waits.find((each) => each.future === preferred) ?? waits[0];
  const site = wait && sites.get(wait.future);
  // The first frame is the getter.
  return site === undefined ? [] : framesOfBody(site.stack).slice(1);
}

/** Whether a frame is one of user code. */
export function isOfUser({ fileName }: FrameCallGraphEntry): boolean {
  return fileName.endsWith("_test.ts") ||
    !LIBRARY.some((folder) => fileName.startsWith(folder));
}
