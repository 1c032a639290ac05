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

// What debug mode remembers. In tables of its own, so that without debug mode no object is larger.

const creations = new WeakMap<object, CapturedStack>();
/** By task: where it has begun to await which future. */
const awaits = new WeakMap<object, {
  taskState: TaskState;
  sites: WeakMap<object, CapturedStack>;
}>();

/** The folders through which a program makes futures, tasks and handles. */
const LIBRARY = ["../../", "../../../tasks/"].map((folder) =>
  new URL(folder, import.meta.url).href
);

/** Remembers where an object was made, from within its constructor. */
export function keepCreation(object: object, constructor: Below): void {
  creations.set(object, captureStack(constructor));
}

/** Where an object was made, innermost first; no frames if that is not known. */
export function creationOf(object: object): FrameCallGraphEntry[] {
  const created = creations.get(object);
  if (created === undefined) return [];
  const frames = framesOfBody(created.stack);
  // What the library does to make a task, or to call a callback, says nothing to its user.
  const first = frames.findIndex(isOfUser);
  if (first < 0) return frames;
  return frames.slice(first, frames.findLastIndex(isOfUser) + 1);
}

/** That in words, with a headline, for a report. */
export function sourceTracebackOf(object: object): string | undefined {
  const creation = creationOf(object);
  if (creation.length === 0) return undefined;
  const kind = textAt(object, Symbol.toStringTag, "Object");
  return [
    `${kind} was created at`,
    ...creation.map((frame) => `    at ${describeFrame(frame)}`),
  ].join("\n");
}

/** The calling task is about to await a future. To be called by the future's `then` getter. */
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
 * The frames of a task at the `await` where it is, innermost first; none if that is not known.
 *
 * @param preferred The future whose `await` is meant, if the task awaits several.
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
  // The first frame is that of the getter.
  return site === undefined ? [] : framesOfBody(site.stack).slice(1);
}

function isOfUser({ fileName }: FrameCallGraphEntry): boolean {
  return fileName.endsWith("_test.ts") ||
    !LIBRARY.some((folder) => fileName.startsWith(folder));
}
