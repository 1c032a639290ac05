// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * The interface of an event loop that is passed to a job in a worker. Every `EventLoop` implements it.
 *
 * @example A job that reports its progress
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
 * @category Threads
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.call_soon_threadsafe}
 */
export interface ThreadsafeLoop {
  /**
   * Schedules a call of a function of the main program on the loop.
   *
   * @typeParam A The types of the arguments.
   * @param callback The function, which must be an argument of the job.
   * @param args The arguments, which are copied.
   */
  callSoonThreadsafe<A extends unknown[]>(
    callback: (...args: A) => unknown,
    ...args: A
  ): unknown;
}

/** A call to a function of the main program from a worker. */
export interface RemoteCall {
  readonly result: Promise<unknown>;
  cancel(): void;
}

/** A proxy in a worker for a loop of the main program. */
export interface RepresentedLoop extends ThreadsafeLoop {
  /** Implements `runCoroutineThreadsafe()`. */
  callRemotely(coro: () => unknown): RemoteCall;
}

/** Returns whether the loop is a proxy. */
export function isRepresented(loop: ThreadsafeLoop): loop is RepresentedLoop {
  return typeof loop === "object" && loop !== null && "callRemotely" in loop;
}
