// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../event_loop.ts";
import {
  creationOf,
  describeFrame,
  sourceTracebackOf,
} from "./source_stacks.ts";
import { KeyboardInterrupt, warn } from "../errors.ts";
import { Future } from "../future.ts";
import { Handle } from "../handle.ts";
import type { Scheduler } from "../scheduler.ts";
import type { Task } from "../task.ts";
import { isInstance, textAt, textOf } from "../unknown_value.ts";
import { TaskState } from "../task_state.ts";
import { wrongType } from "../validate.ts";
import type { StepWatch } from "../inspection.ts";

/**
 * Describes an event that is passed to an exception handler.
 *
 * @category Event loop
 */
export interface ExceptionContext {
  /** A description of the event. */
  message: string;
  /** The value that was thrown. */
  exception?: unknown;
  /** The task that it happened in. */
  task?: Task<unknown> | undefined;
  /** The future that it happened to. */
  future?: Future<unknown> | undefined;
  /** The callback that it happened in. */
  handle?: Handle | undefined;
  /** The transport that it happened on. */
  transport?: unknown;
  /** The protocol that it happened in. */
  protocol?: unknown;
  /** The stack that created the task, future or handle; only in debug mode. */
  sourceTraceback?: string | undefined;
}

/**
 * Handles exceptions that user code did not handle.
 *
 * @category Event loop
 */
export type ExceptionHandler = (
  loop: EventLoop,
  context: ExceptionContext,
) => void;

/** Throws unless `context` is one. */
export function assertContext(method: string, context: unknown): void {
  if (typeof context === "object" && context !== null) return;
  throw wrongType(`The context of ${method}()`, "an object", context);
}

/** Calls an exception handler; if it fails, or is `null`, the default handler of the loop. */
export function callHandler(
  loop: EventLoop,
  scheduler: Scheduler,
  handler: ExceptionHandler | null,
  context: ExceptionContext,
): void {
  context = withSourceTraceback(context);
  if (handler === null) {
    callDefaultHandler(loop, context);
    return;
  }
  const giveUp = (exception: unknown) => {
    const isInterrupt = isInstance(exception, KeyboardInterrupt);
    if (isInterrupt && scheduler.interrupt(exception)) return;
    callDefaultHandler(loop, {
      message: "The exception handler itself failed",
      exception,
    });
    callDefaultHandler(loop, context);
  };
  try {
    const result: unknown = handler(loop, context);
    if (isInstance(result, Promise)) result.catch(giveUp);
  } catch (exception) {
    giveUp(exception);
  }
}

/** As in asyncio, the failure of a subclass's own default handler is reported in its place. */
function callDefaultHandler(loop: EventLoop, context: ExceptionContext): void {
  try {
    loop.defaultExceptionHandler(context);
  } catch (exception) {
    printReport({ message: "The default exception handler failed", exception });
  }
}

/** The context, with where the thing that it is about was made, if debug mode knows. */
function withSourceTraceback(
  context: ExceptionContext,
): ExceptionContext {
  if (context.sourceTraceback !== undefined) return context;
  const origin = context.task ?? context.future ?? context.handle;
  const sourceTraceback = origin && sourceTracebackOf(origin);
  return sourceTraceback === undefined
    ? context
    : { ...context, sourceTraceback };
}

/** Prints an unhandled exception. Does not throw. */
export function printReport(context: ExceptionContext): void {
  const parts = partsOf(context);
  try {
    console.error(...parts);
  } catch {
    // Something in the context cannot be printed.
    tryPrint(parts.map((part) => textAt(part, "stack") || textOf(part)));
  }
}

function tryPrint(texts: readonly string[]): void {
  try {
    console.error(...texts);
  } catch {
    // Nothing is left to print to.
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
    // At the end of its step, a task state may have no task any more.
    this.#work = work instanceof TaskState ? work.task : work;
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

/**
 * Where a debugger finds this copy of the library, to inspect a program that did not prepare for it: a list, since a
 * program may have several copies. The modules for that are loaded only then.
 */
const REGISTRY = Symbol.for("asyncio.inspection");

const { [REGISTRY]: others = [] } = globalThis as { [REGISTRY]?: unknown[] };

Object.defineProperty(globalThis, REGISTRY, {
  value: [...others, () => import("./request_handler.ts")],
  configurable: true,
  writable: true,
});
