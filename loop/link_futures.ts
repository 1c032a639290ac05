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

/** A future of `loop` that ends as `source` does, and cancels that; `source` itself if it is of the loop. */
export function futureIn<T>(loop: EventLoop, source: Future<T>): Future<T> {
  if (source.getLoop() === loop) return source;
  const target = new Future<T>({ loop });
  follow(target, source);
  observe(target, () => {
    if (target.cancelled()) reach(source, () => source.cancel());
  });
  return target;
}

/** Has `target` end as `source` does, which may belong to another loop. */
export function follow<T>(target: Future<T>, source: Future<T>): void {
  observe(source, () =>
    reach(target, () => {
      if (source.cancelled()) cancelPending(target, undefined);
      else if (source.exception() !== null) fail(target, thrownBy(source));
      else fulfil(target, source.result());
    }));
}

/** Does something to a future unless it is done, in no async context of its loop's tasks. */
function reach(future: Future<unknown>, fn: () => void): void {
  if (future.done() || future.getLoop().isClosed()) return;
  callOutsideTasks(homeOf(future), fn);
}
