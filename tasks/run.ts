// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { CoroutineFunction } from "../loop/core/task.ts";
import { assertOptions } from "../loop/core/validate.ts";
import { loopOf, Runner, type RunOptions } from "./runner.ts";

/**
 * Runs a program: a function on a new event loop, which is closed at the end.
 *
 * At the end, servers refuse new connections, and remaining tasks are cancelled and awaited, including tasks created
 * in the meantime. The first SIGINT (Ctrl-C) cancels the main task, and `run()` throws a `KeyboardInterrupt`; a
 * program that does not catch it exits with the code 130. A second SIGINT exits the process at once, with the same
 * code. The program's own handler, by `loop.addSignalHandler("SIGINT", …)`, replaces all this.
 *
 * The option `signals` lists the signals that do this; an uncaught `KeyboardInterrupt` then gives the exit code 128 plus
 * the number of the signal. With `grace`, the process is ended when the program takes longer than that to end.
 *
 * @typeParam T The type of the result.
 * @param main The function itself: `run(main)`, not `run(main())`.
 * @param options Debug mode, a factory of the loop, an `AbortSignal` that cancels the main task, what signals do, and a
 * signal at which the tree of tasks is printed.
 * @returns The result of the function.
 * @throws {KeyboardInterrupt} If a signal ended it, or a callback or a task that is not awaited threw it.
 * @throws {RuntimeError} If a loop is running the calling code.
 * @throws {TypeError} If `main` is not a function, or an option is of the wrong type.
 * @throws {RangeError} If a signal or the grace time is out of range.
 *
 * @example Usage
 * ```ts
 * import { run, sleep } from "@asyncio/asyncio";
 *
 * async function main() {
 *   console.log("Hello ...");
 *   await sleep(0.001);
 *   console.log("... World!");
 * }
 *
 * await run(main);
 * ```
 *
 * @example Drain when asked to end
 * ```ts ignore
 * import { run } from "@asyncio/asyncio";
 * import { serve } from "./serve.ts";
 *
 * // A signal cancels serve(), whose finally blocks have four seconds.
 * await run(serve, { signals: ["SIGINT", "SIGTERM"], grace: 4 });
 * ```
 *
 * @category Tasks
 * @see {@link https://docs.python.org/3/library/asyncio-runner.html#asyncio.run}
 */
export async function run<T>(
  main: CoroutineFunction<T>,
  options: RunOptions = {},
): Promise<T> {
  assertOptions("run", options);
  const { signal, ...runnerOptions } = options;
  const runner = new Runner(runnerOptions);
  let result: T;
  try {
    result = await runner.run(main, { signal });
  } catch (error) {
    const loop = loopOf(runner);
    try {
      await runner.close();
    } catch (exception) {
      // The error that ended the program is more telling than that of its clean-up.
      loop?.callExceptionHandler({
        message: "An exception was thrown while run() shut down",
        exception,
      });
    }
    throw error;
  }
  await runner.close();
  return result;
}
