// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * What a job in a worker can do with an event loop of the main program that it got as an argument.
 * Every `EventLoop` is one.
 *
 * @example A job that reports how far it is
 * ```ts
 * import { getRunningLoop, run, type ThreadsafeLoop, toThread } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * function count(loop: ThreadsafeLoop, report: (n: number) => unknown) {
 *   for (let n = 1; n <= 3; n++) loop.callSoonThreadsafe(report, n);
 * }
 *
 * await run(async () => {
 *   const reports: number[] = [];
 *   await toThread(count, [getRunningLoop(), (n) => reports.push(n)]);
 *   assertEquals(reports, [1, 2, 3]);
 * });
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.call_soon_threadsafe}
 */
export interface ThreadsafeLoop {
  /**
   * Has the loop call a function of the main program soon.
   *
   * @typeParam A The types of the arguments.
   * @param callback The function, which came as an argument of the job.
   * @param args What it is called with; copies of them.
   */
  callSoonThreadsafe<A extends unknown[]>(
    callback: (...args: A) => unknown,
    ...args: A
  ): unknown;
}

/** A call of a function of the main program, made in a worker. */
export interface RemoteCall {
  readonly result: Promise<unknown>;
  cancel(): void;
}

/** A loop of the main program, in a worker. */
export interface RepresentedLoop extends ThreadsafeLoop {
  /** What `runCoroutineThreadsafe()` does with it. */
  callRemotely(coro: () => unknown): RemoteCall;
}

/** Whether a loop is only represented here. */
export function isRepresented(loop: ThreadsafeLoop): loop is RepresentedLoop {
  return typeof loop === "object" && loop !== null && "callRemotely" in loop;
}
