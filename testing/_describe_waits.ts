// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Future } from "../loop/future.ts";
import type { Coroutine, Scheduler } from "../loop/scheduler.ts";
import { Task } from "../loop/task.ts";
import { formatCallGraph } from "../tasks/call_graph.ts";

/** Says of all tasks of a loop that is stuck what they wait for. */
export function describeWaits(scheduler: Scheduler): string {
  const tasks = scheduler.unfinished();
  const graphs = [...new Set(tasks.flatMap(futuresOf))]
    .filter((future) => !(future instanceof Task))
    .map((future) => formatCallGraph(future, { limit: 3 }));
  return [
    "Nothing can happen any more: nothing is ready, and no timer is set. Who waits for what:",
    ...graphs,
  ].join("\n");
}

function futuresOf({ wait, moreWaits }: Coroutine): Future<unknown>[] {
  const waits = wait === null ? [] : [wait];
  return [...waits, ...moreWaits ?? []].map(({ future }) =>
    future as Future<unknown>
  );
}
