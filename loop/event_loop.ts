// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  adoptScheduler,
  assertCallback,
  assertNotAsync,
  assertOpen,
} from "./base_event_loop.ts";
import { type Delay, secondsOf } from "./core/delay.ts";
import { defaultExecutorOf } from "./executor/default_executor.ts";
import { Executor } from "./executor/executor.ts";
import {
  type JobArguments,
  type JobName,
  type JobResult,
  WorkerExecutor,
} from "./executor/worker_executor.ts";
import type { Future } from "./core/future.ts";
import type { Handle } from "./core/handle.ts";
import { callInline } from "./core/inline_call.ts";
import { lazy } from "./core/lazy.ts";
// Of types only: the code is loaded by the first method that needs it.
import type { SubprocessOptions } from "./net/options.ts";
import type { SubprocessProtocol } from "./net/subprocess_protocol.ts";
import type { SubprocessTransport } from "./net/subprocess_transport.ts";
import { NetworkEventLoop } from "./network_event_loop.ts";
import { presentSchedulers, Scheduler, schedulerOf } from "./core/scheduler.ts";
import { assertSignal, handleSignal, unhandleSignal } from "./signals.ts";
import { isInstance } from "./core/unknown_value.ts";
import { wrongType } from "./core/validate.ts";
import { futureIn } from "./core/wrap_future.ts";

const loadSpawn = lazy(() => import("./net/process/spawn.ts"));

/**
 * An event loop: it runs tasks and callbacks, one at a time, in the order in which they became ready.
 *
 * A program seldom makes one: `run()` does, and outside `run()` the process's default loop always
 * turns. Times are in seconds. Unlike asyncio's, running a loop returns to the host at once: the
 * methods that run it return a promise, and several loops can run side by side.
 *
 * @example Usage
 * ```ts
 * import { newEventLoop, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const loop = newEventLoop();
 * assertEquals(await loop.runUntilComplete(() => sleep(0.001, "done")), "done");
 * loop.close();
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html}
 */
export class EventLoop extends NetworkEventLoop {
  static {
    presentSchedulers((scheduler) => {
      const loop = new EventLoop();
      // The constructor gave it one that nobody knows.
      loop.setDebug(false);
      adoptScheduler(loop, scheduler);
      return loop;
    });
  }

  /** Constructs a new instance, which does not run yet. */
  constructor() {
    super();
    adoptScheduler(this, new Scheduler());
  }

  /**
   * Has a function called at each signal of a kind, in place of the one before and of what the signal does
   * by default.
   *
   * The function runs as other callbacks of the loop do, in its turn, and may use the loop. Signals of one
   * kind that come while the program is busy count as one. A handler for `"SIGINT"` takes the place of what
   * `run()` does at Ctrl-C. The loop's handlers end when it is closed, and until then they keep the
   * program from ending; those of the default loop do not.
   *
   * @typeParam A The types of the arguments.
   * @param signal The signal.
   * @param callback The function.
   * @param args What it is called with.
   * @throws {TypeError} If `signal` is not a string, or `callback` is not a function or an async one.
   * @throws {RangeError} If there is no signal of that name.
   * @throws {RuntimeError} If the signal cannot be caught, in a worker, or if the loop is closed.
   * @throws {Deno.errors.NotSupported} If the system does not have the signal.
   *
   * @example Usage
   * ```ts
   * import { Event, getRunningLoop, run, timeout } from "@asyncio/asyncio";
   *
   * await run(async () => {
   *   const loop = getRunningLoop();
   *   const stop = new Event();
   *   loop.addSignalHandler("SIGINT", () => stop.set());
   *   loop.callLater(0.001, () => stop.set()); // so that this example ends
   *   await timeout(3600, () => stop.wait());
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.add_signal_handler}
   */
  addSignalHandler<A extends unknown[]>(
    signal: Deno.Signal,
    callback: (...args: A) => unknown,
    ...args: A
  ): void {
    assertSignal("addSignalHandler", signal);
    assertCallback(this, "addSignalHandler", callback);
    assertNotAsync("addSignalHandler", callback);
    handleSignal(
      schedulerOf(this),
      signal,
      callback as (...args: unknown[]) => unknown,
      args,
    );
  }

  /**
   * Takes back what {@linkcode EventLoop.addSignalHandler} asked for, also a call that waits for its turn:
   * the signal does again what it does by default.
   *
   * @param signal The signal.
   * @returns Whether there was something to take back.
   * @throws {TypeError} If `signal` is not a string.
   * @throws {RangeError} If there is no signal of that name.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(() => {
   *   const loop = getRunningLoop();
   *   loop.addSignalHandler("SIGINT", () => console.log("not now"));
   *   assertEquals(loop.removeSignalHandler("SIGINT"), true);
   *   assertEquals(loop.removeSignalHandler("SIGINT"), false);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.remove_signal_handler}
   */
  removeSignalHandler(signal: Deno.Signal): boolean {
    assertSignal("removeSignalHandler", signal);
    return unhandleSignal(schedulerOf(this), signal);
  }

  /**
   * Starts a program. Its standard streams are pipes unless the options say otherwise; `null` is for what this
   * program has itself.
   *
   * Needs `--allow-run` for the program, and nothing else. With `stderr: STDOUT` it is the shell that runs the
   * program, so that it needs `--allow-run=sh` as well; what the shell cannot start, which for a path is only
   * known beforehand with `--allow-read`, exits with 126 or 127 then.
   *
   * Cancelled, it leaves no process behind.
   *
   * @typeParam P The type of the protocol.
   * @param protocolFactory Makes the protocol.
   * @param program The name of the program, looked for as the shell does, or its path.
   * @param args Its arguments.
   * @param options Its standard streams, its directory, its environment.
   * @returns The transport and the protocol, whose `connectionMade()` has been called.
   * @throws {Deno.errors.NotFound} If there is no such program, or no such directory.
   * @throws {Deno.errors.PermissionDenied} If the file must not be run.
   * @throws {Deno.errors.NotCapable} If this program lacks a permission.
   * @throws {Deno.errors.NotSupported} If `stderr` is `STDOUT` on Windows, or where the program has `=` in its
   * path and an environment variable a name that the shell drops.
   *
   * @example Usage
   * ```ts
   * import { Future, getRunningLoop, run, SubprocessProtocol } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * class Collector extends SubprocessProtocol {
   *   output = "";
   *   readonly end = new Future<void>();
   *
   *   override pipeDataReceived(_fd: number, data: Uint8Array): void {
   *     this.output += new TextDecoder().decode(data);
   *   }
   *
   *   override connectionLost(): void {
   *     this.end.setResult();
   *   }
   * }
   *
   * await run(async () => {
   *   const [transport, collector] = await getRunningLoop()
   *     .subprocessExec(() => new Collector(), "echo", ["hello"], { stdin: null });
   *   await collector.end;
   *   assertEquals(collector.output, "hello\n");
   *   assertEquals(transport.getReturnCode(), 0);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.subprocess_exec}
   */
  subprocessExec<P extends SubprocessProtocol>(
    protocolFactory: () => P,
    program: string | URL,
    args: readonly string[] = [],
    options: SubprocessOptions = {},
  ): Future<[transport: SubprocessTransport, protocol: P]> {
    assertOpen(this);
    return callInline(schedulerOf(this), "subprocessExec()", async () => {
      const { subprocessExec } = await loadSpawn();
      return subprocessExec(this, protocolFactory, program, args, options);
    });
  }

  /**
   * Has the shell run a command: `/bin/sh`, or `cmd` on Windows. What of the command comes from elsewhere
   * must be quoted for the shell. For the rest it is as {@linkcode EventLoop.subprocessExec}; it needs
   * `--allow-run` for `/bin/sh` or `sh`.
   *
   * Cancelled, it leaves no process behind.
   *
   * @typeParam P The type of the protocol.
   * @param protocolFactory Makes the protocol.
   * @param command The command.
   * @param options Its standard streams, its directory, its environment.
   * @returns The transport and the protocol, whose `connectionMade()` has been called.
   * @throws {Deno.errors.NotFound} If there is no such directory.
   * @throws {Deno.errors.NotCapable} If this program lacks a permission.
   *
   * @example Usage
   * ```ts
   * import { Future, getRunningLoop, run, SubprocessProtocol } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * class Watcher extends SubprocessProtocol {
   *   readonly exited = new Future<void>();
   *
   *   override processExited(): void {
   *     this.exited.setResult();
   *   }
   * }
   *
   * await run(async () => {
   *   const [transport, watcher] = await getRunningLoop()
   *     .subprocessShell(() => new Watcher(), "test 1 -gt 2");
   *   await watcher.exited;
   *   assertEquals(transport.getReturnCode(), 1);
   *   transport.close();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.subprocess_shell}
   */
  subprocessShell<P extends SubprocessProtocol>(
    protocolFactory: () => P,
    command: string,
    options: SubprocessOptions = {},
  ): Future<[transport: SubprocessTransport, protocol: P]> {
    assertOpen(this);
    return callInline(schedulerOf(this), "subprocessShell()", async () => {
      const { subprocessShell } = await loadSpawn();
      return subprocessShell(this, protocolFactory, command, options);
    });
  }

  /**
   * As {@linkcode EventLoop.callSoon}. A function of another thread's has no other way to reach a loop: in a
   * worker, a job that got a loop as an argument calls this method of it.
   *
   * @typeParam A The types of the arguments.
   * @param callback The function.
   * @param args What it is called with.
   * @returns A handle that takes it back.
   * @throws {RuntimeError} If the loop is closed.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run, type ThreadsafeLoop, toThread } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * function work(loop: ThreadsafeLoop, report: (percent: number) => unknown) {
   *   loop.callSoonThreadsafe(report, 50);
   *   loop.callSoonThreadsafe(report, 100);
   * }
   *
   * await run(async () => {
   *   const reports: number[] = [];
   *   await toThread(work, [getRunningLoop(), (percent) => reports.push(percent)]);
   *   assertEquals(reports, [50, 100]);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.call_soon_threadsafe}
   */
  callSoonThreadsafe<A extends unknown[]>(
    callback: (...args: A) => unknown,
    ...args: A
  ): Handle {
    assertCallback(this, "callSoonThreadsafe", callback);
    return this.callSoon(callback, ...args);
  }

  /**
   * Has a self-contained function called in another thread; see {@linkcode WorkerExecutor} for what that means
   * for the function, its arguments and its result.
   *
   * Cancelled, a job that has not begun is dropped; one that runs goes on, unless the executor's options say
   * otherwise.
   *
   * @typeParam A The types of the arguments.
   * @typeParam T What the function returns.
   * @param executor What calls the function; `null` for the loop's default executor.
   * @param fn The function.
   * @param args What it is called with.
   * @returns A future of what it returns.
   * @throws {RuntimeError} If the executor is shut down, or the loop is closed.
   * @throws {TypeError} If the function cannot be sent to a worker, or an argument cannot be cloned.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * function sum(below: number): number {
   *   let sum = 0;
   *   for (let n = 0; n < below; n++) sum += n;
   *   return sum;
   * }
   *
   * await run(async () => {
   *   assertEquals(await getRunningLoop().runInExecutor(null, sum, 1000), 499_500);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.run_in_executor}
   */
  runInExecutor<A extends unknown[], T>(
    executor: Executor | null,
    fn: (...args: A) => T | PromiseLike<T>,
    ...args: A
  ): Future<T>;
  /**
   * Has a function of an executor's module called in another thread.
   *
   * @typeParam M The type of the module.
   * @typeParam K The name of the function.
   * @param executor An executor of the module.
   * @param name The name by which the module exports the function.
   * @param args What it is called with.
   * @returns A future of what it returns.
   * @throws {RuntimeError} If the executor is shut down, or the loop is closed.
   * @throws {TypeError} If an argument cannot be cloned.
   */
  runInExecutor<M extends object, K extends JobName<M>>(
    executor: WorkerExecutor<M>,
    name: K,
    ...args: JobArguments<M, K>
  ): Future<JobResult<M, K>>;
  runInExecutor(
    executor: Executor | null,
    fn: ((...args: unknown[]) => unknown) | string,
    ...args: unknown[]
  ): Future<unknown> {
    assertOpen(this);
    const chosen = executor === null
      ? defaultExecutorOf(schedulerOf(this)).get()
      : executor;
    assertExecutor("runInExecutor", chosen);
    if (typeof fn === "function") {
      return futureIn(this, chosen.submit(fn, ...args));
    }
    if (!isInstance(chosen, WorkerExecutor)) {
      throw wrongType(
        "The function of runInExecutor()",
        "a function, as only a WorkerExecutor has a module",
        fn,
      );
    }
    return futureIn(this, chosen.submit(fn as never, ...args as never));
  }

  /**
   * Sets what {@linkcode EventLoop.runInExecutor} uses where no executor is named, and `toThread()`. It is shut
   * down with the loop; the one before is not.
   *
   * @param executor The executor.
   * @throws {TypeError} If it is none.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run, toThread, WorkerExecutor } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   getRunningLoop().setDefaultExecutor(new WorkerExecutor({ maxWorkers: 1 }));
   *   assertEquals(await toThread((n: number) => n + 1, [1]), 2);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.set_default_executor}
   */
  setDefaultExecutor(executor: Executor): void {
    assertExecutor("setDefaultExecutor", executor);
    defaultExecutorOf(schedulerOf(this)).set(executor);
  }

  /**
   * Shuts the default executor down, and waits for its jobs; there will be no other. `run()` does so at its
   * end.
   *
   * Cancelled, it no longer waits; the jobs go on.
   *
   * @param timeout How long, in seconds, it waits; then it warns, and terminates the workers. `null` for as long
   * as it takes.
   * @returns A future that is done when the executor has ended.
   * @throws {TypeError} If `timeout` is not a length of time.
   * @throws {RangeError} If `timeout` is `NaN`, or a duration of no fixed length.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, RuntimeError, run, toThread } from "@asyncio/asyncio";
   * import { assertThrows } from "@std/assert";
   *
   * await run(async () => {
   *   await getRunningLoop().shutdownDefaultExecutor();
   *   assertThrows(() => toThread(() => 1), RuntimeError);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.shutdown_default_executor}
   */
  shutdownDefaultExecutor(timeout: Delay | null = null): Future<void> {
    const seconds = timeout === null
      ? null
      : secondsOf("shutdownDefaultExecutor", "timeout", timeout);
    return callInline(
      schedulerOf(this),
      "shutdownDefaultExecutor()",
      () => defaultExecutorOf(schedulerOf(this)).shutdown(seconds),
    );
  }
}

function assertExecutor(method: string, executor: unknown): void {
  if (isInstance(executor, Executor)) return;
  throw wrongType(`The executor of ${method}()`, "an Executor", executor);
}
