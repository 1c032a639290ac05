// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Python's `asyncio` for Deno: tasks that can be cancelled, task groups, timeouts, queues, locks,
 * streams, and an event loop you can inspect.
 *
 * @example Usage
 * ```ts
 * import { run, sleep, taskGroup } from "@asyncio/asyncio";
 *
 * await run(() =>
 *   taskGroup((group) => {
 *     group.createTask(async () => {
 *       await sleep(0.001);
 *       console.log("... World!");
 *     });
 *     console.log("Hello ...");
 *   })
 * );
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio.html}
 *
 * @module
 */

export * from "./loop/mod.ts";
export * from "./queues/mod.ts";
export * from "./streams/mod.ts";
export * from "./subprocess/mod.ts";
export * from "./sync/mod.ts";
export * from "./tasks/mod.ts";
