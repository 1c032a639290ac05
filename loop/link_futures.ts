// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "./event_loop.ts";
import {
  cancelPending,
  fail,
  fulfil,
  Future,
  homeOf,
  observe,
  thrownBy,
} from "./future.ts";
import { callOutsideTasks } from "./scheduler.ts";

/** Has `target` end as `source` does, and `source` cancelled when `target` is: across loops. */
export function linkFutures<T>(source: Future<T>, target: Future<T>): void {
  observe(source, () => reach(target, () => copyOutcome(source, target)));
  observe(target, () => {
    if (target.cancelled()) reach(source, () => source.cancel());
  });
}

/** A future of `loop` that ends as another one does; that one itself if it is of the loop. */
export function futureIn<T>(loop: EventLoop, source: Future<T>): Future<T> {
  if (source.getLoop() === loop) return source;
  const target = new Future<T>({ loop });
  linkFutures(source, target);
  return target;
}

/** Does something to a future that is pending, in no async context of its loop's tasks. */
function reach(future: Future<unknown>, fn: () => void): void {
  if (future.done() || future.getLoop().isClosed()) return;
  callOutsideTasks(homeOf(future), fn);
}

function copyOutcome<T>(source: Future<T>, target: Future<T>): void {
  if (source.cancelled()) cancelPending(target, undefined);
  else if (source.exception() !== null) fail(target, thrownBy(source));
  else fulfil(target, source.result());
}
