// Copyright 2026 the asyncio for Deno authors. MIT license.

/** One place in a call stack: a function, and the line at which it is. */
export interface FrameCallGraphEntry {
  /** What the function is called; `null` if it has no name. */
  readonly functionName: string | null;
  /** The URL of the module that the function stands in. */
  readonly fileName: string;
  /** The line, counted from 1. */
  readonly lineNumber: number;
  /** The column, counted from 1. */
  readonly columnNumber: number;
}

/** A call stack that was captured; its text is made when it is first read. */
export interface CapturedStack {
  readonly stack: string;
}

/** A function or class, whose frame is the topmost one that a stack leaves out. */
// deno-lint-ignore ban-types -- whatever stands in a stack
export type Below = Function;

/** The engine's own limit, 10, cuts off what one wants to see. */
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

/** The frames that a stack's text tells, innermost first. */
export function framesIn(stack: string): FrameCallGraphEntry[] {
  const frames: FrameCallGraphEntry[] = [];
  for (const line of stack.split("\n")) {
    // `at async inner (file:///a.ts:1:2)`, `at file:///a.ts:1:2`; what is built in has no line.
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

/** Those frames, innermost first, that belong to the body of the task that ran. */
export function framesOfBody(stack: string): FrameCallGraphEntry[] {
  const frames = framesIn(stack);
  const end = frames.findIndex(isStartOfBody);
  return (end < 0 ? frames : frames.slice(0, end))
    .filter((frame) => !isOfPlatform(frame));
}

/** A frame in words, as stacks have them: an editor or a terminal makes a link of it. */
export function describeFrame(frame: FrameCallGraphEntry): string {
  const place = `${frame.fileName}:${frame.lineNumber}:${frame.columnNumber}`;
  return frame.functionName === null
    ? place
    : `${frame.functionName} (${place})`;
}

/** Whether the frame is one of Deno's own, as its event loop's in Deno 2.5. */
function isOfPlatform({ fileName }: FrameCallGraphEntry): boolean {
  return /^(ext|node):/.test(fileName);
}

/** Whether the frame is that of `Task.#run()`, which calls a task's function. */
function isStartOfBody(frame: FrameCallGraphEntry): boolean {
  return /(^|\.)#run$/.test(frame.functionName ?? "") &&
    frame.fileName.startsWith(LIBRARY_FOLDER);
}
