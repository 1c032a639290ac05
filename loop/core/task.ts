// Copyright 2026 the asyncio for Deno authors. MIT license.

import { forgetReads } from "./_await.ts";
import {
  asRelay,
  cancelWith,
  type Relay,
  relayCancellation,
} from "./_relay.ts";
import { describeStack, stackOf } from "./introspection/task_stack.ts";
import type { FrameCallGraphEntry } from "./introspection/call_stack.ts";
import {
  makeCancelledError,
  makeCausedCancelledError,
} from "./cancelled_error.ts";
import { Context, contextOf, inheritContext } from "./context.ts";
import { KeyboardInterrupt, RuntimeError } from "./errors.ts";
import type { EventLoop } from "../event_loop.ts";
import {
  cancelPending,
  dependencies,
  describe,
  fail,
  fulfil,
  Future,
  homeOf,
  isAwaited,
  markRetrieved,
  waitsForOthers,
} from "./future.ts";
import {
  currentSpot,
  currentTaskState,
  noteSignalRead,
  TaskState,
} from "./task_state.ts";
import type { CancelMessage, Scope } from "./scope.ts";
import type { Scheduler } from "./scheduler.ts";
import { isInstance, propertyOf, textOf } from "./unknown_value.ts";
import {
  assertFunction,
  assertInstance,
  assertOptions,
  wrongType,
} from "./validate.ts";
import { warn } from "./warnings.ts";

/** What a task runs: a function, called in the task's first step; `async` or not, but no `function*`. */
export type CoroutineFunction<T> = () => T | PromiseLike<T>;

/** The options of a {@linkcode Task}. */
export interface TaskOptions {
  /** What the task is called in messages; `Task-1`, `Task-2`, … by default. */
  name?: string | undefined;
  /** The context that the task runs in; a copy of the current one by default. */
  context?: Context | undefined;
  /** Whether the body runs at once up to its first `await`, if the loop runs. */
  eagerStart?: boolean | undefined;
  /** Cancels the task when it aborts; the `CancelledError` has the signal's reason as its cause. */
  signal?: AbortSignal | undefined;
}

/** Creates the tasks of a loop. */
export type TaskFactory = <T>(
  loop: EventLoop,
  coro: CoroutineFunction<T>,
  options?: TaskOptions,
) => Task<T>;

/** The options of `task.getStack()`. */
export interface TaskStackOptions {
  /** How many frames at most, the innermost ones (of an exception the outermost); `null` for all. */
  limit?: number | null | undefined;
}

/** The options of `task.printStack()`. */
export interface PrintTaskStackOptions extends TaskStackOptions {
  /** Takes the text; `console.error` by default. */
  write?: ((text: string) => unknown) | undefined;
}

/** Whether a task has been cancelled while it awaits something foreign, and nothing has told it. */
export let isUnaware: (task: Task<unknown>) => boolean;

/** The platform's own, whatever the program makes of promises. */
const promiseThen = Promise.prototype.then;

let created = 0;

/** The tasks of a scheduler that are not done, oldest first. */
export function unfinishedTasks(scheduler: Scheduler): Task<unknown>[] {
  return scheduler.unfinished()
    .filter((body) => body.caller === undefined)
    .map((body) => body.task as Task<unknown>);
}

/** The task that runs the code that calls, or `null`. */
export function callingTask(): Task<unknown> | null {
  const owner = currentTaskState()?.owner;
  return owner === undefined || owner.caller === null
    ? null
    : owner.task as Task<unknown> | null;
}

/**
 * A future that runs a function: the function's `await`s are the points at which other tasks go on,
 * and at which the task can be cancelled.
 *
 * A task starts soon, by itself, in the async context in which it was created. Tasks are made with
 * `createTask()` or in a `TaskGroup`, rarely with this constructor. The loop keeps its tasks alive.
 *
 * {@linkcode Task.cancel} makes a `CancelledError` arise at the `await` where the task is; `finally`
 * blocks run, and the task may even catch it. A task that is cancelled before its first step never
 * runs its body.
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
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.Task}
 */
export class Task<T = unknown> extends Future<T> {
  readonly #coro: CoroutineFunction<T>;
  readonly #body: TaskState;
  /** Its number, until somebody gives it a name. */
  #name: string | number;
  #ignoreSignal: (() => void) | null = null;

  static {
    isUnaware = (task) => task.#body.isUnheard && !task.#body.wasSignalRead;
  }

  /**
   * Constructs a new instance, which starts soon.
   *
   * @param coro The function that the task runs.
   * @param options The name and how it starts; the loop, if not the current one.
   * @throws {TypeError} If `coro` is not a function: a promise has already started.
   */
  constructor(
    coro: CoroutineFunction<T>,
    options?: TaskOptions & { loop?: EventLoop | undefined },
  ) {
    if (typeof coro !== "function") throw notAFunction("Task", "coro", coro);
    if (options !== undefined) assertTaskOptions(options);
    super(options);
    const scheduler = homeOf(this);
    this.#coro = coro;
    this.#name = options?.name === undefined ? ++created : textOf(options.name);
    this.#body = new TaskState(scheduler, this);
    inheritContext(this.#body, options?.context);
    if (options?.signal) this.#obey(options.signal);
    const isEager = options?.eagerStart && scheduler.running;
    if (isEager && this.#body.request === 0) {
      this.#body.run(Task.#run, this);
      scheduler.left(this.#body);
    } else {
      this.#body.startLater(Task.#start);
    }
  }

  /**
   * Asks the task to cancel itself: a `CancelledError` arises at the `await` where it is.
   *
   * Everything that code running in the task awaits from this library is cancelled; what it awaits
   * from elsewhere is left through `task.signal`, or at the next `await` of something of ours. That
   * the task ends as cancelled is not certain: it may catch the error.
   *
   * @param msg What the `CancelledError` says.
   * @returns `false` if the task was done already.
   */
  override cancel(msg?: string): boolean {
    if (this.done()) return false;
    // A circle of futures leads back here; it has been dealt with.
    return this.#body.isBeingCancelled || relayCancellation(this.#body, msg);
  }

  /**
   * How many requests to cancel the task there were, less the calls of {@linkcode Task.uncancel}.
   *
   * @returns The number of requests.
   */
  cancelling(): number {
    return this.#body.countRequests(this.#scopeOfCaller());
  }

  /**
   * Takes one request to cancel the task back: for code that caught the `CancelledError` and goes on.
   *
   * @returns The number of requests that are left.
   */
  uncancel(): number {
    let scope = this.#body.requests > 0 ? this.#body : this.#scopeOfCaller();
    while (scope !== null && scope.requests === 0) scope = scope.parent;
    scope?.uncancel();
    return this.cancelling();
  }

  /**
   * Aborts when the task is cancelled, with the `CancelledError` as its reason. Given to `fetch()` or
   * another API of the platform, it makes that a point at which the task can be cancelled.
   *
   * Whether the API obeyed cannot be seen. If the task goes on within a turn or two of the event loop, the
   * signal counts as having delivered the cancellation, so that it does not arise again in a clean-up;
   * otherwise it arises at the next `await` of something of this library.
   *
   * Read in the body of a time limit or a group, it aborts also when only that is cancelled.
   *
   * After {@linkcode Task.uncancel} has brought the count of requests to zero, the next read gives a
   * fresh signal.
   */
  get signal(): AbortSignal {
    const scope = this.#scopeOfCaller() ?? this.#body;
    if (this.done()) {
      return this.cancelled()
        ? AbortSignal.abort(makeCancelledError(scope.message))
        : scope.signal;
    }
    noteSignalRead(scope);
    return scope.signal;
  }

  /** The innermost open scope in which the code is that calls; `null` if that is no code of the task. */
  #scopeOfCaller(): Scope | null {
    const scope = currentSpot()?.scope.nearestOpen();
    return scope?.taskState === this.#body ? scope : null;
  }

  /**
   * What the task is called.
   *
   * @returns The name.
   */
  getName(): string {
    return typeof this.#name === "string" ? this.#name : `Task-${this.#name}`;
  }

  /**
   * Names the task.
   *
   * @param value The name.
   */
  setName(value: string): void {
    this.#name = textOf(value);
  }

  /**
   * The function that the task runs.
   *
   * @returns The function.
   */
  getCoro(): CoroutineFunction<T> {
    return this.#coro;
  }

  /**
   * The context that the task runs in.
   *
   * @returns The context.
   */
  getContext(): Context {
    return contextOf(this.#body);
  }

  /**
   * Where the task is, the outermost function first.
   *
   * Of a suspended task that is the `await` at which it waits for something of this library; it is
   * known in debug mode only, otherwise there are no frames. Of the calling task it is always known. Of
   * a task that failed these are the frames of its exception; a task that ended otherwise has none.
   *
   * @param options How many frames are wanted.
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
   * Prints where the task is; see {@linkcode Task.getStack}.
   *
   * @param options How many frames are wanted, and where to print.
   * @throws {RangeError} If the limit is not a number of frames.
   */
  printStack(options: PrintTaskStackOptions = {}): void {
    assertOptions("printStack", options);
    const { limit = null, write = console.error } = options;
    assertFunction("The write option of printStack()", write);
    write(describeStack(this, limit, this.printStack));
  }

  /**
   * A task's result is what its function returns.
   *
   * @param _value Nothing takes it.
   * @throws {RuntimeError} Always.
   */
  override setResult(_value: T): never {
    throw new RuntimeError(
      "Cannot set the result of a task: its function does",
    );
  }

  /**
   * A task's exception is what its function throws.
   *
   * @param _error Nothing takes it.
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
    // A method of a subclass must be called.
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

  /** What `Object.prototype.toString` says. */
  override get [Symbol.toStringTag](): string {
    return "Task";
  }

  static #start(this: void, body: TaskState): void {
    const task = body.task as Task<unknown>;
    body.scheduler.opened(body);
    forgetReads();
    if (body.request > 0) task.#endCancelled(body.message);
    else Task.#run(task);
  }

  static #run(this: void, task: Task<unknown>): void {
    let result: unknown;
    try {
      const coro = task.#coro;
      result = coro();
      // Looking at `then` of a future counts as awaiting it.
      if (result instanceof Future || isThenable(result)) {
        // As `await`: a method of the promise's own does not count.
        promiseThen.call(
          Promise.resolve(result),
          Task.#onFulfilled,
          Task.#onRejected,
        );
        return;
      }
    } catch (error) {
      task.#endFailed(error);
      return;
    }
    if (isGenerator(result)) {
      task.#endFailed(
        new TypeError(
          "Cannot run a generator as a task: write `async function` and `await`, not `function*` and `yield`",
        ),
      );
    } else {
      task.#endFulfilled(result);
    }
  }

  static #onFulfilled(this: void, value: unknown): void {
    taskOfContext().#endFulfilled(value);
  }

  static #onRejected(this: void, error: unknown): void {
    taskOfContext().#endFailed(error);
  }

  #endFulfilled(value: T): void {
    if (this.#body.isUnheard) {
      this.#endCancelled(this.#body.message);
      return;
    }
    this.#leave();
    fulfil(this, value);
    if (this.#body.requests > 0) this.#warnOfSwallowing();
    this.#body.scheduler.ended(this.#body);
  }

  #warnOfSwallowing(): void {
    if (homeOf(this).debug === null) return;
    warn(
      `${
        textOf(this)
      } was cancelled, but ended as if it had not been: a catch block swallowed the CancelledError. ` +
        "Throw it again, or call uncancel() if the task is meant to go on",
    );
  }

  #endFailed(error: unknown): void {
    const cancellation = this.#body.cancellationIn(error);
    if (cancellation !== null) {
      this.#endCancelled(cancellation);
      return;
    }
    this.#leave();
    const endsRun = isInstance(error, KeyboardInterrupt) && !isAwaited(this) &&
      homeOf(this).interrupt(error);
    fail(this, error);
    if (endsRun) markRetrieved(this);
    this.#body.scheduler.ended(this.#body);
  }

  #endCancelled(message: CancelMessage): void {
    this.#leave();
    cancelPending(this, message);
    this.#body.scheduler.ended(this.#body);
  }

  #leave(): void {
    this.#body.finish();
    this.#ignoreSignal?.();
  }

  #obey(signal: AbortSignal): void {
    const cancel = () =>
      void cancelWith(
        this as Future<unknown>,
        makeCausedCancelledError(signal.reason),
      );
    if (signal.aborted) {
      cancel();
      return;
    }
    signal.addEventListener("abort", cancel, { once: true });
    this.#ignoreSignal = () => signal.removeEventListener("abort", cancel);
  }
}

/** The error for what is not a function; `before` are the parameters in front of it. */
export function notAFunction(
  caller: string,
  name: string,
  value: unknown,
  before = "",
): TypeError {
  if (!isThenable(value)) {
    return wrongType(`The ${name} of ${caller}()`, "a function", value);
  }
  const call = `${caller}(${before}${name}`;
  return new TypeError(
    `${caller}() takes the function itself: ${call}), not ${call}())`,
  );
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof propertyOf(value, "then") === "function";
}

/** Whether it is what calling a `function*` or an `async function*` gives: nothing of that has run yet. */
function isGenerator(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  // Not by its class: it may come from another realm.
  const kind = propertyOf(value, Symbol.toStringTag);
  return kind === "Generator" || kind === "AsyncGenerator";
}

/** The task whose body's async context this is. */
function taskOfContext(): Task<unknown> {
  return currentTaskState()!.task as Task<unknown>;
}

function assertTaskOptions(options: TaskOptions): void {
  assertOptions("Task", options);
  const { context, signal } = options;
  if (context !== undefined) {
    assertInstance("The context of a task", "a Context", Context, context);
  }
  if (signal === undefined) return;
  assertInstance("The signal of a task", "an AbortSignal", AbortSignal, signal);
}
