// Copyright 2026 the asyncio for Deno authors. MIT license.

import { dependentsOf, Future } from "../loop/core/future.ts";
import type { Scheduler } from "../loop/core/scheduler.ts";
import type { TaskState } from "../loop/core/task_state.ts";
import { captureCallGraph, formatCallGraph } from "../tasks/call_graph.ts";

/** How many lines of each task's stack are shown. */
const SHOWN_FRAMES = 3;

/** Describes what each task of a stuck loop waits for. */
export function describeWaits(scheduler: Scheduler): string {
  const tasks = scheduler.unfinished();
  const outside = scheduler.elsewhere();
  const headline = "The program hangs: nothing is ready, and no timer is set.";
  if (tasks.length === 0) return `${headline} There are no tasks`;
  return [
    `${headline} Pending tasks:`,
    ...rootsOf(new Set(tasks.flatMap(futuresOf))).map(formatted),
    ...outside.map(({ task }) => describeOutside(task as Future<unknown>)),
    ...scheduler.debug ? [] : ["Debug mode adds line numbers"],
  ].join("\n");
}

function futuresOf({ wait, moreWaits }: TaskState): Future<unknown>[] {
  const waits = wait === null ? [] : [wait];
  return [...waits, ...moreWaits ?? []].map(({ future }) => future)
    .filter((future) => future instanceof Future);
}

/** Returns the futures that wait for none of the others. */
function rootsOf(futures: Set<Future<unknown>>): Future<unknown>[] {
  const waiting = new Set<Future<unknown>>();
  const seen = new Set<Future<unknown>>();
  const left = [...futures].map((future) => captureCallGraph(future)!);
  for (let next; (next = left.pop()) !== undefined;) {
    if (seen.has(next.future)) continue;
    seen.add(next.future);
    for (const awaiter of next.awaitedBy) {
      waiting.add(awaiter.future);
      left.push(awaiter);
    }
    // The call graph leaves out the futures of gather() and the like.
    for (const each of dependentsOf(next.future)) waiting.add(each);
  }
  return [...futures.difference(waiting)];
}

function formatted(future: Future<unknown>): string {
  return formatCallGraph(future, { limit: SHOWN_FRAMES });
}

function describeOutside(task: Future<unknown>): string {
  return [
    "* something outside the loop",
    "  + Awaited by:",
    formatted(task).replaceAll(/^/gm, "    "),
  ].join("\n");
}
