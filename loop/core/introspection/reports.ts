// Copyright 2026 the asyncio for Deno authors. MIT license.

// Of types only: loops report what is described here.
import type { ExceptionContext } from "../../base_event_loop.ts";
import { describeFrame } from "./call_stack.ts";
import { Future } from "../future.ts";
import { Handle } from "../handle.ts";
import type { Scheduler, StepWatch } from "../scheduler.ts";
import { creationOf, sourceTracebackOf } from "./source_stacks.ts";
import { textAt, textOf } from "../unknown_value.ts";
import { warn } from "../warnings.ts";

/** The context, with where the thing that it is about was made, if debug mode knows. */
export function withSourceTraceback(
  context: ExceptionContext,
): ExceptionContext {
  if (context.sourceTraceback !== undefined) return context;
  const origin = context.task ?? context.future ?? context.handle;
  const sourceTraceback = origin && sourceTracebackOf(origin);
  return sourceTraceback === undefined
    ? context
    : { ...context, sourceTraceback };
}

/** Prints what no code of the program's handled. Does not throw. */
export function printReport(context: ExceptionContext): void {
  const parts = partsOf(context);
  try {
    console.error(...parts);
  } catch {
    // Something in it cannot be printed.
    tryPrint(parts.map((part) => textAt(part, "stack") || textOf(part)));
  }
}

function tryPrint(texts: readonly string[]): void {
  try {
    console.error(...texts);
  } catch {
    // There is nothing left to print to.
  }
}

function partsOf(context: ExceptionContext): unknown[] {
  const { message, exception, sourceTraceback, ...rest } = context;
  const parts: unknown[] = [message || "Unhandled exception in event loop"];
  for (const [key, value] of Object.entries(rest)) {
    if (value !== undefined) parts.push(`\n${key}:`, value);
  }
  if (exception !== undefined) parts.push("\n", exception);
  if (sourceTraceback !== undefined) parts.push(`\n${sourceTraceback}`);
  return parts;
}

/** Reports callbacks and steps that take longer than `loop.slowCallbackDuration`. */
export class SlowWorkReporter implements StepWatch {
  readonly #scheduler: Scheduler;
  #work: object | null = null;
  #start = 0;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  began(work: object): void {
    this.#work = work;
    this.#start = this.#scheduler.time();
  }

  over(): void {
    const work = this.#work;
    if (work === null) return;
    this.#work = null;
    const duration = this.#scheduler.time() - this.#start;
    if (duration < this.#scheduler.loop.slowCallbackDuration) return;
    const [place] = creationOf(work);
    warn(
      `Executing ${describeWork(work)} took ${duration.toFixed(3)} seconds` +
        (place === undefined ? "" : ` (created at ${describeFrame(place)})`),
    );
  }
}

function describeWork(work: object): string {
  return work instanceof Future || work instanceof Handle
    ? textOf(work)
    : "a callback of the library";
}
