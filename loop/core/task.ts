// Copyright 2026 the asyncio for Deno authors. MIT license.

import { forgetReads } from "./line.ts";
import {
  asRelay,
  cancelWith,
  type Relay,
  relayCancellation,
} from "./_relay.ts";
import { describeStack, stackOf } from "./introspection/task_stack.ts";
import type { FrameCallGraphEntry } from "./introspection/source_stacks.ts";
import {
  makeCancelledError,
  makeCausedCancelledError,
} from "./cancelled_error.ts";
import { Context, contextOf, inheritContext } from "./context.ts";
import { KeyboardInterrupt, RuntimeError, warn } from "./errors.ts";
import type { EventLoop } from "../event_loop.ts";
import {
  cancelPending,
  copyThen,
  dependencies,
  describe,
  fail,
  fulfil,
  Future,
  homeOf,
  isAwaited,
  isFuture,
  markRetrieved,
  waitsForOthers,
} from "./future.ts";
import {
  currentSpot,
  currentTaskState,
  noteSignalRead,
  registerStart,
  TaskState,
} from "./task_state.ts";
import type { CancelMessage, Scope } from "./scope.ts";
import type { Scheduler } from "./scheduler.ts";
import { isInstance, propertyOf, textOf } from "./unknown_value.ts";
import {
  assertBoolean,
  assertFunction,
  assertInstance,
  assertOptions,
  wrongType,
} from "./validate.ts";

/**
 * The function that a task runs. It is called in the first step of the task; it may be `async`, but not a `function*`.
 *
 * @category Tasks
 */
export type CoroutineFunction<T> = () => T | PromiseLike<T>;

/**
 * The options of a {@linkcode Task}.
 *
 * @category Tasks
 */
export interface TaskOptions {
  /** The name of the task in messages; `Task-1`, `Task-2`, … by default. */
  name?: string | undefined;
  /** The context that the task runs in; a copy of the current one by default. */
  context?: Context | undefined;
  /** Whether the function runs at once up to its first `await`, if the loop is running. */
  eagerStart?: boolean | undefined;
  /** A signal that cancels the task; its reason is the cause of the `CancelledError`. */
  signal?: AbortSignal | undefined;
}

/**
 * Creates the tasks of a loop.
 *
 * @category Tasks
 */
export type TaskFactory = <T>(
  loop: EventLoop,
  coro: CoroutineFunction<T>,
  options?: TaskOptions,
) => Task<T>;

/**
 * The options of `task.getStack()`.
 *
 * @category Tasks
 */
export interface TaskStackOptions {
  /** The maximum number of frames: the innermost, of an exception the outermost; `null` for all. */
  limit?: number | null | undefined;
}

/**
 * The options of `task.printStack()`.
 *
 * @category Tasks
 */
export interface PrintTaskStackOptions extends TaskStackOptions {
  /** The function that is called with the text; `console.error` by default. */
  write?: ((text: string) => unknown) | undefined;
}

/** Returns whether a task was cancelled while it awaits something foreign, and has not read its signal. */
export let isUnaware: (task: Task<unknown>) => boolean;

/** Returns the state of a task. */
export let stateOf: (task: Task<unknown>) => TaskState;

/** The built-in method, even if the program patches promises. */
const promiseThen = Promise.prototype.then;

let created = 0;

/** Returns the tasks of a scheduler that are not done, oldest first. */
export function unfinishedTasks(scheduler: Scheduler): Task<unknown>[] {
  return scheduler.unfinished()
    .filter((body) => body.caller === undefined)
    .map((body) => body.task as Task<unknown>);
}

/** Returns the task of the calling code, or `null`. */
export function callingTask(): Task<unknown> | null {
  const owner = currentTaskState()?.owner;
  return owner === undefined || owner.caller === null
    ? null
    : owner.task as Task<unknown> | null;
}

/**
 * A future that runs a function. Other tasks run at the `await`s of the function, and there the task can be
 * cancelled.
 *
 * A task starts by itself, in its turn, in the async context in which it was created. Use `createTask()` or a
 * `TaskGroup` rather than this constructor. The loop keeps its tasks alive.
 *
 * {@linkcode Task.cancel} throws a `CancelledError` at the current `await` of the task; `finally` blocks run,
 * and the task may catch it. A task that is cancelled before its first step never runs its function.
 *
 * @typeParam T The type of the result.
 *
 * @example Usage
 * ```ts
 * import { createTask, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const task = createTask(async () => {
 *   await sleep(0.001);
 *   return 42;
 * });
 * assertEquals(task.done(), false);
 * assertEquals(await task, 42);
 * ```
 *
 * @category Tasks
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.Task}
 */
export class Task<T = unknown> extends Future<T> {
  readonly #coro: CoroutineFunction<T>;
  readonly #body: TaskState;
  /** Its number, unless it has a name. */
  #name: string | number;

  static {
    isUnaware = (task) =>
      task.#body.isUnheard && !task.#body.rare?.wasSignalRead;
    stateOf = (task) => task.#body;
    registerStart(Task.#start);
    copyThen(this.prototype);
  }

  /**
   * Constructs a new instance, which starts in its turn.
   *
   * @param coro The function that the task runs.
   * @param options The name and how the task starts; the loop, if not the current one.
   * @throws {TypeError} If `coro` is not a function: the work of a promise has already started.
   */
  constructor(
    coro: CoroutineFunction<T>,
    options?: TaskOptions & { loop?: EventLoop | undefined },
  ) {
    assertFunctionItself("Task", "coro", coro);
    if (options !== undefined) assertTaskOptions(options);
    super(options);
    const scheduler = homeOf(this);
    this.#coro = coro;
    this.#name = options?.name === undefined ? ++created : textOf(options.name);
    this.#body = new TaskState(scheduler, this);
    inheritContext(this.#body, options?.context);
    if (options?.signal) Task.#obey(this, options.signal);
    const isEager = options?.eagerStart && scheduler.running;
    if (isEager && this.#body.request === 0) {
      this.#body.run(Task.#run, this);
      scheduler.left(this.#body);
    } else {
      this.#body.startLater();
    }
  }

  /**
   * Requests the task to be cancelled: a `CancelledError` is thrown at its current `await`.
   *
   * Every pending `await` on an object of this library inside the task is cancelled. A foreign `await` is
   * cancelled through `task.signal`; otherwise the error is thrown at the next `await` on an object of this
   * library. The task may catch the error, so it does not necessarily end as cancelled.
   *
   * @param msg The message of the `CancelledError`.
   * @returns `false` if the task was done already.
   */
  override cancel(msg?: string): boolean {
    if (this.done()) return false;
    // A circle of futures leads back here, where the request is already being relayed.
    return this.#body.isBeingCancelled || relayCancellation(this.#body, msg);
  }

  /**
   * Returns the number of requests to cancel the task, less the calls of {@linkcode Task.uncancel}.
   *
   * @returns The number of requests.
   */
  cancelling(): number {
    return this.#body.countRequests(Task.#scopeOfCaller(this));
  }

  /**
   * Withdraws one request to cancel the task: for code that caught the `CancelledError` and continues.
   *
   * @returns The number of requests that are left.
   */
  uncancel(): number {
    const requested = [this.#body, ...Task.#scopeOfCaller(this)?.around() ?? []]
      .filter(({ requests }) => requests > 0);
    // What has not been thrown yet will be, as long as any request is left.
    (requested.find(({ isUnheard }) => !isUnheard) ?? requested[0])?.uncancel();
    return this.cancelling();
  }

  /**
   * An `AbortSignal` that aborts when the task is cancelled, with the `CancelledError` as its reason. Pass it to
   * `fetch()` or another API of the platform, so that the task can be cancelled there.
   *
   * The library cannot see whether the API obeyed. If the task continues within a few turns of Deno's event
   * loop, the signal counts as having delivered the cancellation, so that a clean-up is not cancelled again.
   * Otherwise the error is thrown at the next `await` on an object of this library.
   *
   * A signal that is read in the body of a timeout or a group also aborts when only that is cancelled.
   *
   * After {@linkcode Task.uncancel} has reduced the number of requests to zero, the next read returns a new
   * signal.
   */
  get signal(): AbortSignal {
    const scope = Task.#scopeOfCaller(this) ?? this.#body;
    if (this.done()) {
      return this.cancelled()
        ? AbortSignal.abort(makeCancelledError(scope.message))
        : scope.signal;
    }
    noteSignalRead(scope);
    return scope.signal;
  }

  /** Returns the innermost open scope around the calling code; `null` if that does not belong to the task. */
  static #scopeOfCaller(task: Task<unknown>): Scope | null {
    const scope = currentSpot()?.scope.nearestOpen();
    return scope?.taskState === task.#body ? scope : null;
  }

  /**
   * Returns the name of the task.
   *
   * @returns The name.
   */
  getName(): string {
    return typeof this.#name === "string" ? this.#name : `Task-${this.#name}`;
  }

  /**
   * Sets the name of the task.
   *
   * @param value The name.
   */
  setName(value: string): void {
    this.#name = textOf(value);
  }

  /**
   * Returns the function that the task runs.
   *
   * @returns The function.
   */
  getCoro(): CoroutineFunction<T> {
    return this.#coro;
  }

  /**
   * Returns the context that the task runs in.
   *
   * @returns The context.
   */
  getContext(): Context {
    return contextOf(this.#body);
  }

  /**
   * Returns the current stack of the task, outermost function first.
   *
   * The stack of a suspended task ends at its `await` on an object of this library. It is only known in debug
   * mode; without it, there are no frames. The stack of the calling task is always known. A task that failed has
   * the frames of its exception; a task that ended otherwise has none.
   *
   * @param options The maximum number of frames.
   * @returns The frames.
   * @throws {RangeError} If the limit is not a number of frames.
   *
   * @example Usage
   * ```ts
   * import { createTask, run, sleep } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * async function work() {
   *   await sleep(0.001);
   * }
   *
   * await run(async () => {
   *   const task = createTask(work);
   *   await sleep(0);
   *   assertEquals(task.getStack()[0]?.functionName, "work");
   *   await task;
   * }, { debug: true });
   * ```
   */
  getStack(options: TaskStackOptions = {}): FrameCallGraphEntry[] {
    assertOptions("getStack", options);
    return stackOf(this, options.limit ?? null, this.getStack);
  }

  /**
   * Prints the current stack of the task; see {@linkcode Task.getStack}.
   *
   * @param options The maximum number of frames, and where to print.
   * @throws {RangeError} If the limit is not a number of frames.
   */
  printStack(options: PrintTaskStackOptions = {}): void {
    assertOptions("printStack", options);
    const { limit = null, write = console.error } = options;
    assertFunction("The write option of printStack()", write);
    write(describeStack(this, limit, this.printStack));
  }

  /**
   * Throws: the result of a task is what its function returns.
   *
   * @param _value Ignored.
   * @throws {RuntimeError} Always.
   */
  override setResult(_value: T): never {
    throw new RuntimeError(
      "Cannot set the result of a task: its function does",
    );
  }

  /**
   * Throws: the exception of a task is what its function throws.
   *
   * @param _error Ignored.
   * @throws {RuntimeError} Always.
   */
  override setException(_error: unknown): never {
    throw new RuntimeError(
      "Cannot set the exception of a task: its function does",
    );
  }

  /** @ignore */
  override get [waitsForOthers](): boolean {
    return this.#body.waiting > 0;
  }

  /** @ignore */
  override [dependencies](): Iterable<Future<unknown>> {
    return this.done() ? [] : this.#body.dependencies();
  }

  /** @ignore */
  override get [asRelay](): Relay | null {
    if (this.done() || this.#body.isBeingCancelled) return null;
    // The method of a subclass must be called.
    return this.cancel === Task.prototype.cancel ? this.#body : null;
  }

  /**
   * Returns a description for logs and error messages: `<Task 'Task-1' pending>`.
   *
   * @returns The text.
   */
  override toString(): string {
    return describe(this as Future<unknown>, `Task '${this.getName()}'`);
  }

  /** The tag for `Object.prototype.toString()`. */
  override get [Symbol.toStringTag](): string {
    return "Task";
  }

  static #start(this: void, body: TaskState): void {
    const task = body.task as Task<unknown>;
    body.scheduler.opened(body);
    forgetReads();
    if (body.request > 0) Task.#endCancelled(task, body.message);
    else Task.#run(task);
  }

  static #run(this: void, task: Task<unknown>): void {
    let result: unknown;
    try {
      const coro = task.#coro;
      const watch = task.#body.scheduler.tasks;
      result = watch?.run === undefined ? coro() : watch.run(task.#body, coro);
      // Reading `then` of a future counts as awaiting it.
      if (result instanceof Future || isThenable(result)) {
        // As `await`: an own method of the promise does not count.
        promiseThen.call(
          Promise.resolve(result),
          Task.#onFulfilled,
          Task.#onRejected,
        );
        return;
      }
    } catch (error) {
      Task.#endFailed(task, error);
      return;
    }
    if (isGenerator(result)) {
      Task.#endFailed(
        task,
        new TypeError(
          "Cannot run a generator as a task: write `async function` and `await`, not `function*` and `yield`",
        ),
      );
    } else {
      Task.#endFulfilled(task, result);
    }
  }

  static #onFulfilled(this: void, value: unknown): void {
    Task.#endFulfilled(taskOfContext(), value);
  }

  static #onRejected(this: void, error: unknown): void {
    Task.#endFailed(taskOfContext(), error);
  }

  static #endFulfilled(task: Task<unknown>, value: unknown): void {
    if (task.#body.isUnheard) {
      Task.#endCancelled(task, task.#body.message);
      return;
    }
    Task.#leave(task);
    fulfil(task, value);
    if (task.#body.requests > 0) Task.#warnOfSwallowing(task);
    task.#body.scheduler.ended(task.#body);
  }

  static #warnOfSwallowing(task: Task<unknown>): void {
    if (!homeOf(task).debug) return;
    warn(
      `${
        textOf(task)
      } was cancelled but completed normally: a catch block swallowed the CancelledError. ` +
        "Rethrow it, or call uncancel() if the task is meant to continue",
    );
  }

  static #endFailed(task: Task<unknown>, error: unknown): void {
    const cancellation = task.#body.cancellationIn(error);
    if (cancellation !== null) {
      Task.#endCancelled(task, cancellation);
      return;
    }
    Task.#leave(task);
    const endsRun = isInstance(error, KeyboardInterrupt) && !isAwaited(task) &&
      homeOf(task).interrupt(error);
    fail(task, error);
    if (endsRun) markRetrieved(task);
    task.#body.scheduler.ended(task.#body);
  }

  static #endCancelled(task: Task<unknown>, message: CancelMessage): void {
    Task.#leave(task);
    cancelPending(task, message);
    task.#body.scheduler.ended(task.#body);
  }

  static #leave(task: Task<unknown>): void {
    task.#body.finish();
    task.#body.rare?.ignoreSignal?.();
  }

  static #obey(task: Task<unknown>, signal: AbortSignal): void {
    const cancel = () =>
      void cancelWith(
        task as Future<unknown>,
        makeCausedCancelledError(signal.reason),
      );
    if (signal.aborted) {
      cancel();
      return;
    }
    signal.addEventListener("abort", cancel, { once: true });
    task.#body.rest.ignoreSignal = () =>
      signal.removeEventListener("abort", cancel);
  }
}

/** Checks a function to run, rather than what it returns; `before` are the parameters in front of it. */
export function assertFunctionItself(
  caller: string,
  name: string,
  value: unknown,
  before = "",
): void {
  if (typeof value === "function") return;
  if (!isThenable(value)) {
    throw wrongType(`The ${name} of ${caller}()`, "a function", value);
  }
  const call = `${caller}(${before}`;
  throw new TypeError(
    `${caller}() takes the function itself: ${call}${name}) or ${call}() => ${name}(…)), not ${call}${name}())`,
  );
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  // Looking at `then` of a future counts as awaiting it.
  return isFuture(value) ||
    typeof propertyOf(value, "then") === "function";
}

/** Whether a value is the result of calling a `function*` or an `async function*`, which has not run yet. */
function isGenerator(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  // Not by its class, which may be of another realm.
  const kind = propertyOf(value, Symbol.toStringTag);
  return kind === "Generator" || kind === "AsyncGenerator";
}

/** Returns the task of the current async context. */
function taskOfContext(): Task<unknown> {
  return currentTaskState()!.task as Task<unknown>;
}

function assertTaskOptions(options: TaskOptions): void {
  assertOptions("Task", options);
  const { context, eagerStart, signal } = options;
  if (eagerStart !== undefined) {
    assertBoolean("The eagerStart option of a task", eagerStart);
  }
  if (context !== undefined) {
    assertInstance("The context of a task", "a Context", Context, context);
  }
  if (signal === undefined) return;
  assertInstance("The signal of a task", "an AbortSignal", AbortSignal, signal);
}

/**
 * Returns whether a value is an `async` function.
 *
 * A function that is not declared `async` but returns a promise does not count, as only a call would tell.
 * Tasks take both.
 *
 * @param fn The value.
 * @returns `true` if it is an `async` function; `false` also for an `async` generator function.
 *
 * @example Usage
 * ```ts
 * import { isCoroutineFunction } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(isCoroutineFunction(async () => {}), true);
 * assertEquals(isCoroutineFunction(() => Promise.resolve()), false);
 * ```
 *
 * @category Tasks
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.iscoroutinefunction}
 */
export function isCoroutineFunction(
  fn: unknown,
): fn is (...args: never[]) => Promise<unknown> {
  // Not by its constructor: a function may come from another realm.
  return typeof fn === "function" &&
    Object.prototype.toString.call(fn) === "[object AsyncFunction]";
}
