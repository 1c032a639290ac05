// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Queues between tasks.
 *
 * They are not thread-safe: workers share nothing with the tasks of this thread. None of their methods
 * takes a timeout; that is what `timeout()` and `waitFor()` are for.
 *
 * @example Usage
 * ```ts
 * import { Queue } from "@asyncio/asyncio/queues";
 *
 * const queue = new Queue<string>(10);
 * await queue.put("item");
 * queue.shutdown();
 * for await (const item of queue) console.log(item);
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-queue.html}
 *
 * @module
 */

// Registers the event loop, which `future.getLoop()` needs; this loads no network code.
import "../loop/preload.ts";
export { Broadcast, type BroadcastOptions } from "./broadcast.ts";
export {
  type EmitterLike,
  events,
  type EventsOptions,
  once,
  type OnceOptions,
} from "./events.ts";
export { QueueEmpty, QueueFull, QueueShutDown } from "./errors.ts";
export {
  LifoQueue,
  PriorityQueue,
  type PriorityQueueOptions,
  Queue,
} from "./queue.ts";
export { merge, type Merged } from "./merge.ts";
export { Subscription } from "./_feed.ts";
export { Watched } from "./watched.ts";
