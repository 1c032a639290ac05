// Copyright 2026 the asyncio for Deno authors. MIT license.

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
