// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  type ExceptionContext,
  type ExceptionHandler,
  printReport,
  SlowWorkReporter,
  withSourceTraceback,
} from "./core/introspection/reports.ts";
import { reportFailures } from "./core/introspection/unretrieved.ts";
import type { Awaitable } from "./core/awaitable.ts";
import {
  captureCancellationStacks,
  letOutOfTasks,
} from "./core/cancelled_error.ts";
import { type Delay, secondsOf } from "./core/delay.ts";
import { KeyboardInterrupt, RuntimeError } from "./core/errors.ts";
import type { EventLoop } from "./event_loop.ts";
import { fulfilled, Future } from "./core/future.ts";
import { Handle, TimerHandle } from "./core/handle.ts";
import { isCoroutineFunction } from "./core/is_coroutine_function.ts";
import { readableEnv } from "./core/runtime.ts";
import {
  defaultScheduler,
  runningScheduler,
  type Scheduler,
} from "./core/scheduler.ts";
import {
  type CoroutineFunction,
  Task,
  type TaskFactory,
  type TaskOptions,
  unfinishedTasks,
} from "./core/task.ts";
import { isInstance, propertyOf } from "./core/unknown_value.ts";
import {
  assertFunctionOrNull,
  assertNumber,
  assertOptions,
  wrongType,
} from "./core/validate.ts";
import { wrapFuture } from "./core/wrap_future.ts";

/** Gives a loop its scheduler; what presents a scheduler to the user does so once. */
export let adoptScheduler: (loop: EventLoop, scheduler: Scheduler) => void;

/** Throws if the loop is closed. */
export function assertOpen(loop: BaseEventLoop): void {
  if (loop.isClosed()) {
    throw new RuntimeError("Cannot use the event loop as it is closed");
  }
}

/** Throws unless the loop is open and `callback` is one. */
export function assertCallback(
  loop: BaseEventLoop,
  method: string,
  callback: unknown,
): void {
  assertOpen(loop);
  if (typeof callback !== "function") {
    throw wrongType(`The callback of ${method}()`, "a function", callback);
  }
  if (loop.getDebug()) assertNotAsync(method, callback);
}

/** Throws if `callback` is an async function. */
export function assertNotAsync(method: string, callback: unknown): void {
  if (!isCoroutineFunction(callback)) return;
  throw new TypeError(
    `${method}() takes a function that is not async: createTask() starts those`,
  );
}

/**
 * The part of an event loop that needs no operating system: it runs callbacks, futures and tasks, and
 * handles their errors. A program uses {@linkcode EventLoop}, which adds the rest.
 *
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html}
 */
export abstract class BaseEventLoop {
  #scheduler!: Scheduler;
  #closed = false;
  #exceptionHandler: ExceptionHandler | null = null;
  #taskFactory: TaskFactory | null = null;

  /** How long, in seconds, a callback or a step may take before debug mode calls it slow. */
  slowCallbackDuration = 0.1;

  static {
    adoptScheduler = (loop, scheduler) => {
      loop.#scheduler = scheduler;
      scheduler.loop = loop;
      loop.setDebug(isDebugModeAskedFor());
    };
  }

  /**
   * Runs the loop until an awaitable is done.
   *
   * @typeParam T The type of the result.
   * @param aw What is awaited; a function becomes a task of this loop.
   * @returns The result.
   * @throws {KeyboardInterrupt} If a callback, or a task that nothing awaits, threw that.
   * @throws {RuntimeError} If the loop runs, or is closed, or was stopped before `aw` was done.
   */
  async runUntilComplete<T>(aw: Awaitable<T>): Promise<T> {
    this.#assertCanRun();
    const future = this.#futureOf(aw);
    const stop = () => this.stop();
    future.addDoneCallback(stop);
    try {
      await this.#scheduler.start();
    } finally {
      future.removeDoneCallback(stop);
    }
    if (!future.done()) {
      throw new RuntimeError(
        "The event loop stopped before the future was done",
      );
    }
    try {
      return future.result();
    } catch (error) {
      letOutOfTasks(error);
      throw error;
    }
  }

  /**
   * Runs the loop until it is stopped.
   *
   * @returns A promise that resolves after {@linkcode EventLoop.stop}.
   * @throws {KeyboardInterrupt} If a callback, or a task that nothing awaits, threw that.
   * @throws {RuntimeError} If the loop runs or is closed.
   */
  async runForever(): Promise<void> {
    this.#assertCanRun();
    await this.#scheduler.start();
  }

  /**
   * Stops the loop at the end of the current round of callbacks; it can be run again.
   *
   * @throws {RuntimeError} If this is the default loop.
   */
  stop(): void {
    this.#assertNotDefault("stop");
    this.#scheduler.stop();
  }

  /**
   * Whether the loop runs. The default loop always does.
   *
   * @returns `true` if it does.
   */
  isRunning(): boolean {
    return this.#scheduler.running;
  }

  /**
   * Whether the loop is closed.
   *
   * @returns `true` if it is.
   */
  isClosed(): boolean {
    return this.#closed;
  }

  /**
   * Closes the loop for good: what is still queued is dropped, its connections and servers are cut off,
   * what was never retrieved or is still pending is reported. Closing twice does nothing.
   *
   * @throws {RuntimeError} If the loop runs.
   */
  close(): void {
    this.#assertNotDefault("close");
    if (this.#scheduler.running) {
      throw new RuntimeError("Cannot close an event loop that runs");
    }
    if (this.#closed) return;
    this.#closed = true;
    reportFailures(this.#scheduler);
    for (const task of unfinishedTasks(this.#scheduler)) {
      this.callExceptionHandler({
        message: "Task was destroyed but it is pending",
        task,
      });
    }
    this.#scheduler.close();
    this.setDebug(false);
  }

  /**
   * The time, on a monotonic clock of the loop's own.
   *
   * @returns The time in seconds.
   */
  time(): number {
    return this.#scheduler.time();
  }

  /**
   * Calls a function soon, in the next round. Callbacks run in the order in which they were asked for,
   * each in the async context in which it was asked for.
   *
   * @typeParam A The types of the arguments.
   * @param callback The function.
   * @param args What it is called with.
   * @returns A handle that takes it back.
   * @throws {RuntimeError} If the loop is closed.
   */
  callSoon<A extends unknown[]>(
    callback: (...args: A) => unknown,
    ...args: A
  ): Handle {
    assertCallback(this, "callSoon", callback);
    const handle = new Handle(
      this.#scheduler,
      callback as (...args: unknown[]) => unknown,
      args,
    );
    this.#scheduler.enqueue(handle);
    return handle;
  }

  /**
   * Calls a function after a delay.
   *
   * @typeParam A The types of the arguments.
   * @param delay The delay in seconds.
   * @param callback The function.
   * @param args What it is called with.
   * @returns A handle that takes it back.
   * @throws {RuntimeError} If the loop is closed.
   * @throws {TypeError} If `delay` is not a length of time.
   * @throws {RangeError} If `delay` is `NaN`, or a duration of no fixed length.
   */
  callLater<A extends unknown[]>(
    delay: Delay,
    callback: (...args: A) => unknown,
    ...args: A
  ): TimerHandle {
    const seconds = secondsOf("callLater", "delay", delay);
    return this.callAt(this.time() + seconds, callback, ...args);
  }

  /**
   * Calls a function at a time.
   *
   * @typeParam A The types of the arguments.
   * @param when The time in seconds, on the clock of {@linkcode EventLoop.time}.
   * @param callback The function.
   * @param args What it is called with.
   * @returns A handle that takes it back.
   * @throws {RuntimeError} If the loop is closed.
   * @throws {TypeError} If `when` is not a number.
   * @throws {RangeError} If `when` is `NaN`.
   */
  callAt<A extends unknown[]>(
    when: number,
    callback: (...args: A) => unknown,
    ...args: A
  ): TimerHandle {
    assertNumber("The when of callAt()", when);
    assertCallback(this, "callAt", callback);
    return new TimerHandle(
      this.#scheduler,
      when,
      callback as (...args: unknown[]) => unknown,
      args,
    );
  }

  /**
   * Makes a future of this loop.
   *
   * @typeParam T The type of the result.
   * @returns The future.
   */
  createFuture<T = unknown>(): Future<T> {
    return new Future<T>({ loop: this.#scheduler.loop });
  }

  /**
   * Makes a task of this loop, through its task factory if it has one.
   *
   * @typeParam T The type of the result.
   * @param coro The function that the task runs.
   * @param options Its name and how it starts.
   * @returns The task.
   * @throws {RuntimeError} If the loop is closed.
   * @throws {TypeError} If `coro` is not a function, or `options` not an object.
   */
  createTask<T>(coro: CoroutineFunction<T>, options?: TaskOptions): Task<T> {
    assertOpen(this);
    assertOptions("createTask", options);
    if (this.#taskFactory !== null) {
      return this.#taskFactory(this.#scheduler.loop, coro, options);
    }
    // A scheduler names its loop too; with it, what most tasks are made with allocates nothing.
    const home = this.#scheduler;
    return new Task(
      coro,
      options === undefined ? home : { ...options, loop: home.loop },
    );
  }

  /**
   * Sets what makes the loop's tasks.
   *
   * @param factory The factory, or `null` for the ordinary tasks.
   * @throws {TypeError} If `factory` is neither.
   */
  setTaskFactory(factory: TaskFactory | null): void {
    assertFunctionOrNull("The task factory", factory);
    this.#taskFactory = factory;
  }

  /**
   * What makes the loop's tasks.
   *
   * @returns The factory, or `null`.
   */
  getTaskFactory(): TaskFactory | null {
    return this.#taskFactory;
  }

  /**
   * Sets what handles exceptions that no code handled.
   *
   * @param handler The handler, or `null` for the ordinary one.
   * @throws {TypeError} If `handler` is neither.
   */
  setExceptionHandler(handler: ExceptionHandler | null): void {
    assertFunctionOrNull("The exception handler", handler);
    this.#exceptionHandler = handler;
  }

  /**
   * What handles exceptions that no code handled.
   *
   * @returns The handler, or `null` for the ordinary one.
   */
  getExceptionHandler(): ExceptionHandler | null {
    return this.#exceptionHandler;
  }

  /**
   * The ordinary handler: prints the context to standard error.
   *
   * @param context What happened.
   */
  defaultExceptionHandler(context: ExceptionContext): void {
    assertContext("defaultExceptionHandler", context);
    printReport(context);
  }

  /**
   * Has an exception handled that no code handled.
   *
   * @param context What happened.
   */
  callExceptionHandler(context: ExceptionContext): void {
    assertContext("callExceptionHandler", context);
    context = withSourceTraceback(context);
    if (this.#exceptionHandler === null) {
      this.#handleByDefault(context);
      return;
    }
    const giveUp = (exception: unknown) => {
      const isInterrupt = isInstance(exception, KeyboardInterrupt);
      if (isInterrupt && this.#scheduler.interrupt(exception)) return;
      this.#handleByDefault({
        message: "The exception handler itself failed",
        exception,
      });
      this.#handleByDefault(context);
    };
    try {
      const result: unknown = this.#exceptionHandler(
        this.#scheduler.loop,
        context,
      );
      if (isInstance(result, Promise)) result.catch(giveUp);
    } catch (exception) {
      giveUp(exception);
    }
  }

  /** As in asyncio, where a subclass has a method of its own that fails, that is reported in its place. */
  #handleByDefault(context: ExceptionContext): void {
    try {
      this.defaultExceptionHandler(context);
    } catch (exception) {
      printReport({
        message: "The default exception handler failed",
        exception,
      });
    }
  }

  /**
   * Whether the loop is in debug mode.
   *
   * @returns `true` if it is.
   */
  getDebug(): boolean {
    return this.#scheduler.debug !== null;
  }

  /**
   * Turns debug mode on or off. It is on from the start if the environment variable `ASYNCIO_DEBUG` is
   * set to `1` and the program may read it; nobody is asked for that permission.
   *
   * In debug mode callbacks and steps that take longer than {@linkcode EventLoop.slowCallbackDuration}
   * are named, as are tasks that swallow a cancellation; `callSoon()` and its kin refuse async
   * functions; reports of exceptions say where the task, future or handle was created, a
   * `CancelledError` where it arose, and the call graph at which lines the tasks are. What was created
   * before lacks that. All of it takes time and memory.
   *
   * @param enabled Whether it is on.
   */
  setDebug(enabled: boolean): void {
    if (enabled === this.getDebug()) return;
    this.#scheduler.debug = enabled
      ? new SlowWorkReporter(this.#scheduler)
      : null;
    captureCancellationStacks(enabled);
  }

  /**
   * What this is and how it stands, for messages: `<EventLoop running=false closed=false debug=false>`.
   *
   * @returns The text.
   */
  toString(): string {
    return `<${this.constructor.name} running=${this.isRunning()} closed=${this.isClosed()} debug=${this.getDebug()}>`;
  }

  /** @ignore */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /**
   * Ends the asynchronous generators that are still in use. JavaScript tells nobody of those, so there
   * is nothing to do; the method is there for programs that call it.
   *
   * @returns A future that is done.
   */
  shutdownAsyncGens(): Future<void> {
    return fulfilled(this.#scheduler, undefined);
  }

  #futureOf<T>(aw: Awaitable<T>): Future<T> {
    if (isInstance<Future<T>>(aw, Future)) {
      if (aw.getLoop() !== this.#scheduler.loop) {
        throw new RangeError(
          "The future belongs to another event loop than the one that is to run",
        );
      }
      return aw;
    }
    if (typeof aw === "function") return this.createTask(aw);
    if (typeof propertyOf(aw, "then") === "function") {
      return wrapFuture(aw, { loop: this.#scheduler.loop });
    }
    throw wrongType(
      "The awaitable of runUntilComplete()",
      "a future, a promise or a function",
      aw,
    );
  }

  #assertCanRun(): void {
    assertOpen(this);
    if (this.isRunning()) {
      throw new RuntimeError("The event loop is running already");
    }
    if (runningScheduler() !== null) {
      throw new RuntimeError(
        "Cannot run an event loop while another one runs the caller",
      );
    }
  }

  #assertNotDefault(verb: string): void {
    if (this.#scheduler === defaultScheduler()) {
      throw new RuntimeError(
        `Cannot ${verb} the default event loop: it turns with the process`,
      );
    }
  }
}

/** The environment variable that turns debug mode on. */
const DEBUG_VARIABLE = "ASYNCIO_DEBUG";

/**
 * Whether the environment asks for debug mode. It is looked at only where that is allowed already:
 * nobody is asked for a permission.
 */
function isDebugModeAskedFor(): boolean {
  const value = readableEnv(DEBUG_VARIABLE);
  return value !== undefined && value !== "" && value !== "0";
}

function assertContext(method: string, context: unknown): void {
  if (typeof context === "object" && context !== null) return;
  throw wrongType(`The context of ${method}()`, "an object", context);
}
