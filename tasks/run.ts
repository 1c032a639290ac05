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
 * code. A handler of the program's own, by `loop.addSignalHandler("SIGINT", …)`, replaces all this.
 *
 * @typeParam T The type of the result.
 * @param main The function itself: `run(main)`, not `run(main())`.
 * @param options Debug mode, a factory of the loop, a signal at which the tree of tasks is printed, and an
 * `AbortSignal` that cancels the main task.
 * @returns The result of the function.
 * @throws {KeyboardInterrupt} If SIGINT ended it, or a callback or a task that is not awaited threw it.
 * @throws {RuntimeError} If a loop is running the calling code.
 * @throws {TypeError} If `main` is not a function.
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
