// Copyright 2026 the asyncio for Deno authors. MIT license.

import { currentTaskState, type TaskState } from "../task_state.ts";
import { textAt, textOf } from "../unknown_value.ts";
import type { SiteWatch } from "../inspection.ts";
import { onExit } from "../runtime.ts";
import { defaultScheduler, type Scheduler } from "../scheduler.ts";

/**
 * One frame of a call stack: a function and its current line.
 *
 * @category Call graph
 */
export interface FrameCallGraphEntry {
  /** The name of the function; `null` if it has none. */
  readonly functionName: string | null;
  /** The URL of the module of the function. */
  readonly fileName: string;
  /** The line, counted from 1. */
  readonly lineNumber: number;
  /** The column, counted from 1. */
  readonly columnNumber: number;
}

/** A captured call stack; its text is created at the first read. */
export interface CapturedStack {
  readonly stack: string;
}

/** A function or class: its frame and those above are left out. */
// deno-lint-ignore ban-types -- whatever stands in a stack
export type Below = Function;

/** The engine's limit, 10, is too low. */
const MAX_FRAMES = 100;

const LIBRARY_FOLDER = new URL("../../", import.meta.url).href;

/** Captures the call stack of the caller. */
export function captureStack(below: Below): CapturedStack {
  const captured = { stack: "" };
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = MAX_FRAMES;
  Error.captureStackTrace(captured, below);
  Error.stackTraceLimit = stackTraceLimit;
  return captured;
}

/** Parses the text of a stack into frames, innermost first. */
export function framesIn(stack: string): FrameCallGraphEntry[] {
  const frames: FrameCallGraphEntry[] = [];
  for (const line of stack.split("\n")) {
    // `at async inner (file:///a.ts:1:2)`, `at file:///a.ts:1:2`; built-in functions have no line.
    const match =
      /^\s+at (?:async )?(?:(.+?) \()?((?:\w+:|\/).+):(\d+):(\d+)\)?$/
        .exec(line);
    if (match === null) continue;
    const [, functionName = null, fileName = "", lineNumber, columnNumber] =
      match;
    frames.push({
      functionName,
      fileName,
      lineNumber: Number(lineNumber),
      columnNumber: Number(columnNumber),
    });
  }
  return frames;
}

/** Returns the frames, innermost first, that belong to the body of the task. */
export function framesOfBody(stack: string): FrameCallGraphEntry[] {
  const frames = framesIn(stack);
  const end = frames.findIndex(isStartOfBody);
  return (end < 0 ? frames : frames.slice(0, end))
    .filter((frame) => !isOfPlatform(frame));
}

/** Describes a frame as stacks do, so that editors and terminals link it. */
export function describeFrame(frame: FrameCallGraphEntry): string {
  const place = `${frame.fileName}:${frame.lineNumber}:${frame.columnNumber}`;
  return frame.functionName === null
    ? place
    : `${frame.functionName} (${place})`;
}

/** Whether a frame is internal to Deno, as those of the event loop in Deno 2.5. */
function isOfPlatform({ fileName }: FrameCallGraphEntry): boolean {
  return /^(ext|node):/.test(fileName);
}

/** Whether a frame is that of `Task.#run()`, which calls the function of a task. */
function isStartOfBody(frame: FrameCallGraphEntry): boolean {
  return /(^|\.)#run$/.test(frame.functionName ?? "") &&
    frame.fileName.startsWith(LIBRARY_FOLDER);
}

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

/** What to report of a failed future once its exception cannot be retrieved any more. */
interface Failure {
  readonly scheduler: Scheduler;
  readonly exception: unknown;
  /** The message; it must not refer to the future, which would then never be collected. */
  readonly message: string;
  readonly sourceTraceback: string | undefined;
}

const failures = new WeakMap<object, Failure>();
const failuresOf = new WeakMap<Scheduler, Set<Failure>>();
const collected = new FinalizationRegistry<Failure>(report);
let atExit = false;

/** Reports the exception of a future when the future is collected or its loop closes. */
export function watchFailure(
  future: object,
  scheduler: Scheduler,
  exception: unknown,
): void {
  const kind = textAt(future, Symbol.toStringTag, "Future");
  const message = `${kind} exception was never retrieved: ${textOf(future)}`;
  const sourceTraceback = sourceTracebackOf(future);
  const failure: Failure = { scheduler, exception, message, sourceTraceback };
  failures.set(future, failure);
  let group = failuresOf.get(scheduler);
  if (group === undefined) failuresOf.set(scheduler, group = new Set());
  group.add(failure);
  collected.register(future, failure, future);
  if (!atExit) {
    atExit = true;
    onExit(() => reportFailures(defaultScheduler()));
  }
}

/** Cancels the report: the exception was retrieved. */
export function forgetFailure(future: object): void {
  const failure = failures.get(future);
  if (failure === undefined) return;
  failures.delete(future);
  collected.unregister(future);
  failuresOf.get(failure.scheduler)?.delete(failure);
}

/** Reports every exception that was never retrieved, as the loop closes. */
export function reportFailures(scheduler: Scheduler): void {
  for (const failure of failuresOf.get(scheduler) ?? []) report(failure);
}

function report(failure: Failure): void {
  if (!failuresOf.get(failure.scheduler)?.delete(failure)) return;
  // Not by `scheduler.report()`: an interrupt that was thrown long ago must not stop the loop.
  failure.scheduler.loop.callExceptionHandler({
    message: failure.message,
    exception: failure.exception,
    sourceTraceback: failure.sourceTraceback,
  });
}
