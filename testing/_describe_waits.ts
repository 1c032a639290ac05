// Copyright 2026 the asyncio for Deno authors. MIT license.

import { dependentsOf, Future } from "../loop/core/future.ts";
import type { Scheduler } from "../loop/core/scheduler.ts";
import type { TaskState } from "../loop/core/task_state.ts";
import { captureCallGraph, formatCallGraph } from "../tasks/call_graph.ts";

/** How many lines of each task's stack are shown. */
const SHOWN_FRAMES = 3;

/** Says of all tasks of a loop that is stuck what they wait for. */
export function describeWaits(scheduler: Scheduler): string {
  const tasks = scheduler.unfinished();
  const outside = scheduler.elsewhere();
  const headline =
    "Nothing can happen any more: nothing is ready, and no timer is set.";
  if (tasks.length === 0) return `${headline} There is no task`;
  return [
    `${headline} Who waits for what:`,
    ...rootsOf(new Set(tasks.flatMap(futuresOf))).map(formatted),
    ...outside.map(({ task }) => describeOutside(task as Future<unknown>)),
    ...scheduler.debug === null ? ["Debug mode shows at which lines"] : [],
  ].join("\n");
}

function futuresOf({ wait, moreWaits }: TaskState): Future<unknown>[] {
  const waits = wait === null ? [] : [wait];
  return [...waits, ...moreWaits ?? []].map(({ future }) => future)
    .filter((future) => future instanceof Future);
}

/** Those that wait for none of the others. */
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
    // The graph leaves out what gather() and the like give.
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
