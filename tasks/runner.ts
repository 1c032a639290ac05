// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Context, copyContext } from "../loop/core/context.ts";
import { RuntimeError } from "../loop/core/errors.ts";
import { EventLoop } from "../loop/event_loop.ts";
import { Future, observe, waitsForOthers } from "../loop/core/future.ts";
import { leftCalls } from "../loop/core/inline_call.ts";
import {
  assertAtLeast,
  assertFlags,
  assertOptions,
  type Delay,
  secondsOf,
  wrongType,
} from "../loop/core/validate.ts";
import { newEventLoop } from "../loop/loops.ts";
import { assertCatchable, assertSignal } from "../loop/signals.ts";
import {
  runningScheduler,
  type Scheduler,
  schedulerOf,
} from "../loop/core/scheduler.ts";
import {
  assertFunctionItself,
  type CoroutineFunction,
  Task,
  unfinishedTasks,
} from "../loop/core/task.ts";
import { isInstance } from "../loop/core/unknown_value.ts";
import {
  assertDumpOn,
  dumpOnSignal,
  FOREIGN_GRACE,
  Interruption,
  isGivenUp,
  runInterruptibly,
} from "./_run_interruptibly.ts";
import { gather } from "./gather.ts";

/**
 * The options of a {@linkcode Runner}.
 *
 * @category Tasks
 */
export interface RunnerOptions {
  /** Whether the loop runs in debug mode. */
  debug?: boolean | undefined;
  /** Creates the loop. */
  loopFactory?: (() => EventLoop) | undefined;
  /**
   * The signals that cancel the main task; SIGINT by default. Others keep the system's effect, SIGINT too if it is not
   * listed. Signals that the system does not support are left out.
   */
  signals?: readonly Deno.Signal[] | undefined;
  /**
   * How long the program may take, in seconds, to end after a signal; then the process is ended. `null`, the default,
   * for no limit.
   */
  grace?: Delay | null | undefined;
  /**
   * A signal at which the tree of tasks is printed to standard error; the program goes on. With `ASYNCIO_DUMP=1` in the
   * environment it is SIGQUIT (Ctrl-\\), on Windows SIGBREAK.
   */
  dumpOn?: Deno.Signal | undefined;
}

/**
 * The options of `run()`.
 *
 * @category Tasks
 */
export interface RunOptions extends RunnerOptions {
  /** Cancels the main task when it aborts. */
  signal?: AbortSignal | undefined;
}

/** Returns the loop of a runner, or `null` if it has none yet. */
let loopOf: (runner: Runner) => EventLoop | null;

/**
 * Runs several functions, one after the other, on the same new loop.
 *
 * The first SIGINT while one runs cancels it, and `run()` throws a `KeyboardInterrupt`; a program that does not catch
 * it exits with the code 130. A second SIGINT exits the process at once, with the same code. The option `signals` lists
 * other signals, `grace` limits the time that the end may take, until the runner is closed. A handler of the program's
 * own, by `loop.addSignalHandler("SIGINT", …)`, replaces all this.
 *
 * @example Usage
 * ```ts
 * import { Runner, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await using runner = new Runner();
 * assertEquals(await runner.run(() => sleep(0.001, "one")), "one");
 * assertEquals(await runner.run(() => sleep(0.001, "two")), "two");
 * ```
 *
 * @category Tasks
 * @see {@link https://docs.python.org/3/library/asyncio-runner.html#asyncio.Runner}
 */
export class Runner implements AsyncDisposable {
  readonly #options: RunnerOptions;
  readonly #interruption: Interruption;
  #loop: EventLoop | null = null;
  #context: Context | null = null;
  #closed = false;
  #stopDumping: (() => void) | null = null;

  static {
    loopOf = (runner) => runner.#loop;
  }

  /**
   * Constructs a new instance. Its loop is created on first use.
   *
   * @param options Debug mode, a factory of the loop, what signals do, and a signal at which the tree of tasks is printed.
   * @throws {TypeError} If an option is of the wrong type.
   * @throws {RangeError} If a signal or the grace time is out of range.
   * @throws {RuntimeError} If a signal cannot be caught.
   */
  constructor(options: RunnerOptions = {}) {
    assertOptions("Runner", options);
    assertFlags("run", options, "debug");
    assertLoopFactory(options.loopFactory);
    this.#interruption = interruptionOf(options);
    assertDumpOn(options.dumpOn);
    this.#options = options;
  }

  /**
   * Returns the loop of the runner.
   *
   * @returns The loop.
   * @throws {RuntimeError} If the runner is closed, or the loop factory returned a running loop.
   * @throws {TypeError} If the loop factory returned something else than a loop.
   */
  getLoop(): EventLoop {
    if (this.#closed) {
      throw new RuntimeError("Cannot use the runner as it is closed");
    }
    if (this.#loop === null) {
      const { loopFactory } = this.#options;
      this.#loop = loopFactory ? loopMadeBy(loopFactory) : newEventLoop();
      if (this.#options.debug !== undefined) {
        this.#loop.setDebug(this.#options.debug);
      }
      this.#stopDumping = dumpOnSignal(this.#options.dumpOn);
    }
    return this.#loop;
  }

  /**
   * Runs a function as the main task of the runner's loop. Tasks that remain at its end continue in the next `run()`.
   *
   * @typeParam T The type of the result.
   * @param main The function.
   * @param options The context to run in, by default one that all runs of this runner share, and a signal that
   * cancels the main task.
   * @returns The result of the function.
   * @throws {KeyboardInterrupt} If a signal ended it, or a callback or a task that is not awaited threw it.
   * @throws {RuntimeError} If a loop is running the calling code, or the runner is closed.
   * @throws {TypeError} If `main` is not a function.
   */
  async run<T>(
    main: CoroutineFunction<T>,
    options?: {
      context?: Context | undefined;
      signal?: AbortSignal | undefined;
    },
  ): Promise<T> {
    assertFunctionItself("run", "main", main);
    assertOptions("run", options);
    if (runningScheduler()?.running) {
      throw new RuntimeError(
        "Cannot call run() in a running event loop: await the function instead",
      );
    }
    const loop = this.getLoop();
    if (loop.isRunning()) {
      throw new RuntimeError(
        "Cannot call run() while the runner runs another function",
      );
    }
    const task = loop.createTask(main, {
      context: options?.context ?? (this.#context ??= copyContext()),
      signal: options?.signal,
    });
    this.#interruption.end();
    return await runInterruptibly(loop, task, this.#interruption);
  }

  /**
   * Closes the loop. Before, servers refuse new connections, and tasks and operations that remain or are created in
   * the meantime are cancelled and awaited, as are the jobs of the default executor.
   *
   * @throws {RuntimeError} If the runner is running a function.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    const loop = this.#loop;
    if (loop?.isRunning()) {
      throw new RuntimeError(
        "Cannot close the runner while it runs a function",
      );
    }
    this.#closed = true;
    if (loop === null) return;
    try {
      await this.#closeLoop(loop);
    } finally {
      this.#interruption.end();
    }
  }

  async #closeLoop(loop: EventLoop): Promise<void> {
    const leftovers = new Leftovers(loop);
    try {
      await leftovers.cancel();
      await loop.runUntilComplete(() => loop.shutdownAsyncGens());
      await loop.runUntilComplete(() =>
        loop.shutdownDefaultExecutor(EXECUTOR_GRACE)
      );
      // A handshake may have become a connection in the meantime.
      await leftovers.cancel();
    } finally {
      loop.close();
      this.#stopDumping?.();
      await Promise.all(schedulerOf(loop).ending);
    }
  }

  /** Closes the runner, as {@linkcode Runner.close} does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** How long, in seconds, the end of a program waits for jobs in other threads; as long as asyncio does. */
const EXECUTOR_GRACE = 300;

/**
 * How often tasks are cancelled that were created during the previous cancellation. A task that starts another one
 * whenever it is cancelled must not keep the program running.
 */
const MAX_ROUNDS = 100;

/** The tasks and operations that remain on the loop of a program that ends. */
class Leftovers {
  readonly #loop: EventLoop;
  readonly #scheduler: Scheduler;
  /** A task that a cancellation did not end is not awaited again. */
  readonly #cancelled = new Set<Future<unknown>>();
  #rounds = 0;

  constructor(loop: EventLoop) {
    this.#loop = loop;
    this.#scheduler = schedulerOf(loop);
  }

  /** Makes servers refuse new connections, and cancels and awaits what remains until nothing new is found. */
  async cancel(): Promise<void> {
    while (this.#rounds < MAX_ROUNDS) {
      for (const resource of this.#scheduler.resources) resource.retire?.();
      const left = [
        ...unfinishedTasks(this.#scheduler),
        ...leftCalls(this.#scheduler),
      ].filter((each) => !this.#cancelled.has(each));
      if (left.length === 0) return;
      this.#rounds++;
      for (const each of left) this.#cancelled.add(each);
      await cancelAll(this.#loop, left);
    }
  }
}

/** Cancels tasks and operations, awaits them and reports what they threw. */
async function cancelAll(
  loop: EventLoop,
  left: readonly Future<unknown>[],
): Promise<void> {
  for (const each of left) each.cancel();
  const awaited = left.filter((each) =>
    !(each instanceof Task && isGivenUp(each))
  );
  if (awaited.length > 0) await awaitAll(loop, awaited);
  for (const each of left) {
    if (!each.done() || each.cancelled()) continue;
    const exception = each.exception();
    if (exception === null) continue;
    const isTask = each instanceof Task;
    loop.callExceptionHandler({
      message: `An exception was thrown by ${
        isTask ? "a task" : "an operation"
      } while run() shut down`,
      exception,
      ...(isTask ? { task: each } : { future: each }),
    });
  }
}

/** Runs the loop until all are done, or the remaining ones await nothing of the library. */
async function awaitAll(
  loop: EventLoop,
  left: readonly Future<unknown>[],
): Promise<void> {
  const over = new Future<void>({ loop });
  const end = () => {
    if (!over.done()) over.setResult();
  };
  observe(gather(left, { returnExceptions: true }), end);
  // Foreign operations take real time, whatever clock the loop has.
  const timer = setInterval(() => {
    const pending = left.filter((each) => !each.done());
    if (!pending.some((each) => each[waitsForOthers])) end();
  }, FOREIGN_GRACE * 1000);
  try {
    await loop.runUntilComplete(over);
  } finally {
    clearInterval(timer);
  }
}

function interruptionOf(options: RunnerOptions): Interruption {
  const { signals = ["SIGINT"], grace = null } = options;
  if (!Array.isArray(signals)) {
    throw wrongType(
      "The signals option of run()",
      "an array of signals",
      signals,
    );
  }
  for (const signal of signals) {
    assertSignal("run", signal);
    assertCatchable(signal);
  }
  if (grace === null) return new Interruption(signals, null);
  const seconds = secondsOf("run", "grace", grace);
  assertAtLeast("The grace of run()", seconds, 0);
  return new Interruption(signals, seconds);
}

function assertLoopFactory(value: unknown): void {
  if (value == null || typeof value === "function") return;
  throw wrongType("The loopFactory option", "a function", value);
}

function loopMadeBy(loopFactory: () => EventLoop): EventLoop {
  const loop: unknown = loopFactory();
  if (!isInstance(loop, EventLoop)) {
    throw wrongType("What loopFactory returns", "an EventLoop", loop);
  }
  // At its end the run would cancel tasks that are not its own.
  if (loop.isRunning()) {
    throw new RuntimeError(
      "Cannot use the loop that loopFactory returns as it is running",
    );
  }
  return loop;
}

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
 * @throws {RuntimeError} If a loop is running the calling code, or the loop of the factory is running.
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
