// Copyright 2026 the asyncio for Deno authors. MIT license.

// Of types only: loops report what is described here.
import type { ExceptionContext } from "./base_event_loop.ts";
import { sourceTracebackOf } from "./source_stacks.ts";

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

/** Prints what no code of the program's handled. */
export function printReport(context: ExceptionContext): void {
  const { message, exception, sourceTraceback, ...rest } = context;
  const parts: unknown[] = [message || "Unhandled exception in event loop"];
  for (const [key, value] of Object.entries(rest)) {
    if (value !== undefined) parts.push(`\n${key}:`, value);
  }
  if (exception !== undefined) parts.push("\n", exception);
  if (sourceTraceback !== undefined) parts.push(`\n${sourceTraceback}`);
  console.error(...parts);
}
