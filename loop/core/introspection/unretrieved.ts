// Copyright 2026 the asyncio for Deno authors. MIT license.

import { onExit } from "../runtime.ts";
import { defaultScheduler, type Scheduler } from "../scheduler.ts";
import { sourceTracebackOf } from "./source_stacks.ts";
import { textAt, textOf } from "../unknown_value.ts";

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
