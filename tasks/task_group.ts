// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  type CancelledError,
  isCancelledError,
} from "../loop/core/cancelled_error.ts";
import { type Facts, facts, inspectAsText } from "../loop/core/inspection.ts";
import { BodyScope } from "../loop/core/task_state.ts";
import { KeyboardInterrupt, RuntimeError } from "../loop/core/errors.ts";
import {
  groupOf,
  type Member,
  summaryOf,
} from "../loop/core/exception_group.ts";
import {
  cancelPending,
  fail,
  Future,
  homeOf,
  observe,
  thrownBy,
} from "../loop/core/future.ts";
import { callInline } from "../loop/core/inline_call.ts";
import type { Scheduler } from "../loop/core/scheduler.ts";
import { cancelWith } from "../loop/core/_relay.ts";
import {
  assertFunctionItself,
  callingTask,
  type CoroutineFunction,
  type Task,
  type TaskOptions,
} from "../loop/core/task.ts";
import { isInstance } from "../loop/core/unknown_value.ts";
import { assertBoolean, assertOptions } from "../loop/core/validate.ts";
import { endTasks, Patience } from "./_end_tasks.ts";
import { createTask } from "./create_task.ts";

/**
 * The options of a task of a group.
 *
 * @category Tasks
 */
export interface GroupTaskOptions extends TaskOptions {
  /** Whether the task is cancelled as soon as the body and all other tasks of the group are done. */
  background?: boolean | undefined;
}

/**
 * The options of `taskGroup()`.
 *
 * @category Tasks
 */
export interface TaskGroupOptions {
  /** Cancels the group and its body; the `CancelledError` has the signal's reason as its cause. */
  signal?: AbortSignal | undefined;
}

/**
 * A group of tasks, none of which outlives the group. Usually created by `taskGroup()`, which passes it to the body.
 *
 * @example Usage
 * ```ts
 * import { sleep, taskGroup } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const [one, two] = await taskGroup((group) => [
 *   group.createTask(() => sleep(0.002, 1)),
 *   group.createTask(() => sleep(0.001, 2)),
 * ]);
 * assertEquals(one!.result() + two!.result(), 3);
 * ```
 *
 * @category Tasks
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.TaskGroup}
 */
export class TaskGroup {
  readonly #tasks = new Set<Task<unknown>>();
  /** The members that failed: tasks, and the body without a name. */
  readonly #failures: Member[] = [];
  /** The number of tasks so far. */
  #created = 0;
  /** The unfinished tasks that are not like others. */
  #special: Map<Task<unknown>, Special> | null = null;
  /** The number of those in the background. */
  #inBackground = 0;
  /** The scope of the body in the parent task. */
  #scope: BodyScope | null = null;
  #isExiting = false;
  #isAborting = false;
  /** Whether the group has cancelled its parent task, to interrupt the body. */
  #hasCancelledParent = false;
  #cancelOnEnter = false;
  /** Completes with the last task. */
  #allDone: Future<void> | null = null;

  static {
    inspectAsText(this);
  }

  /**
   * Runs a function as a task of the group.
   *
   * @typeParam T The type of the result.
   * @param coro The function.
   * @param options A name, how the task starts, a signal that cancels it, and whether it ends with all other tasks.
   * @returns The task.
   * @throws {RuntimeError} If the group's body has not begun, or the group is finished or shutting down.
   * @throws {TypeError} If `coro` is not a function.
   *
   * @example A task in the background
   * ```ts
   * import { sleep, taskGroup } from "@asyncio/asyncio";
   *
   * await taskGroup(async (group) => {
   *   group.createTask(async () => {
   *     while (true) await sleep(1); // a heartbeat
   *   }, { background: true });
   *   await sleep(0.001);
   * });
   * ```
   */
  createTask<T>(
    coro: CoroutineFunction<T>,
    options?: GroupTaskOptions,
  ): Task<T> {
    assertFunctionItself("createTask", "coro", coro);
    return this.#createTask(coro, options, null);
  }

  /**
   * Runs a function as a task of the group, and waits until it says that it has started. From then on the task belongs
   * to the group.
   *
   * If the function fails before that, its error is thrown here and the group goes on. When the awaiting task is
   * cancelled before that, the new task is cancelled and awaited.
   *
   * @typeParam T The type of the value with which the function starts.
   * @param fn The function. It calls `started()` once, with a value such as the port that it listens on.
   * @param options A name, how the task starts, a signal that cancels it, and whether it ends with all other tasks.
   * @returns A future of that value.
   * @throws {RuntimeError} If the group's body has not begun, or the group is finished or shutting down. The future
   * fails with one if the function ends without a call of `started()`; a second call of it throws one.
   * @throws {TypeError} If `fn` is not a function.
   *
   * @example Usage
   * ```ts
   * import { sleep, taskGroup } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await taskGroup(async (group) => {
   *   const port = await group.start<number>(async (started) => {
   *     await sleep(0.001); // binds the port
   *     started(8080);
   *     await sleep(3600); // serves
   *   }, { background: true });
   *   assertEquals(port, 8080);
   * });
   * ```
   *
   * @see {@link https://trio.readthedocs.io/en/stable/reference-core.html#trio.Nursery.start}
   */
  start<T = void>(
    fn: (started: (value: T) => void) => unknown,
    options?: GroupTaskOptions,
  ): Future<T> {
    assertFunctionItself("TaskGroup.start", "fn", fn);
    this.#assertOpen();
    const start = new Start<T>(this.#scope!.taskState.scheduler);
    const task = this.#createTask(() => fn(start.started), options, start);
    return start.wait(task);
  }

  #createTask<T>(
    coro: CoroutineFunction<T>,
    options: GroupTaskOptions | undefined,
    start: TaskStart | null,
  ): Task<T> {
    this.#assertOpen();
    const isBackground = isInBackground(options);
    const { scheduler, task: parent } = this.#scope!.taskState;
    const task = scheduler.loop.createTask(coro, options);
    this.#tasks.add(task);
    this.#created++;
    if (isBackground || start !== null) {
      this.#special ??= new Map();
      this.#special.set(task, { isBackground, start, isCancelled: false });
    }
    if (isBackground) this.#inBackground++;
    const awaiter = parent as Task<unknown> | null;
    observe<Task<unknown>>(
      task,
      this.#onDone,
      awaiter,
      awaiter,
    );
    // A task that starts eagerly may have cancelled the group before it was added to it.
    if (this.#isAborting && !task.done()) task.cancel();
    if (isBackground) this.#endBackground();
    return task;
  }

  /** Throws unless tasks can be added. */
  #assertOpen(): void {
    if (this.#scope === null) {
      throw new RuntimeError(
        "Cannot create a task in the group as its body has not begun",
      );
    }
    if (this.#isExiting && this.#tasks.size === 0) {
      throw new RuntimeError(
        "Cannot create a task in the group as it is finished",
      );
    }
    if (this.#isAborting) {
      throw new RuntimeError(
        "Cannot create a task in the group as it is shutting down",
      );
    }
  }

  /**
   * Cancels all tasks of the group and its body. The group then ends without an error, and with `undefined` if the
   * body was interrupted. May be called at any time and repeatedly.
   */
  cancel(): void {
    if (this.#scope === null) {
      this.#cancelOnEnter = true;
      return;
    }
    if (this.#isExiting && this.#tasks.size === 0) return;
    if (this.#isAborting) return;
    this.#abort();
    this.#cancelParent();
  }

  /**
   * Runs the body, then awaits all tasks of the group, including those created in the meantime. Outside any task,
   * this happens in a new task.
   *
   * When a task or the body fails, all others are cancelled and awaited, and an `ExceptionGroup` of all errors is
   * thrown; a `KeyboardInterrupt` among them is thrown by itself. Cancelling the calling task cancels the tasks.
   *
   * @typeParam T The type of the result.
   * @param body The function, which receives the group.
   * @returns The result of the body.
   * @throws {ExceptionGroup} If the body or a task failed.
   * @throws {KeyboardInterrupt} If the body or a task threw it.
   * @throws {RuntimeError} If the group has already been used.
   * @throws {TypeError} If `body` is not a function.
   */
  async run<T>(body: (group: this) => T | PromiseLike<T>): Promise<T> {
    assertFunctionItself("TaskGroup.run", "body", body);
    if (callingTask() === null) return await createTask(() => this.run(body));
    if (this.#scope !== null) {
      throw new RuntimeError(
        "Cannot run the task group as it has already been used",
      );
    }
    const scope = this.#scope = new BodyScope(this, this.#tasks);
    let mustStrikeAgain = false;
    try {
      return await scope.run(() => this.#runIn(scope, body), undefined);
    } catch (error) {
      // An outer cancellation that the errors displaced is thrown at the next await.
      mustStrikeAgain = this.#failures.length > 0 && scope.requestsAround() > 0;
      throw error;
    } finally {
      scope.leave();
      if (mustStrikeAgain) scope.strikeAgain();
    }
  }

  /** @ignore */
  [facts](): { kind: string } & Facts {
    return { kind: "TaskGroup" };
  }

  /**
   * Describes the group: the number of unfinished tasks and of failures, and its state.
   *
   * @returns The description.
   */
  toString(): string {
    const parts = ["TaskGroup"];
    if (this.#tasks.size > 0) parts.push(`tasks=${this.#tasks.size}`);
    if (this.#failures.length > 0) {
      parts.push(`errors=${this.#failures.length}`);
    }
    if (this.#isAborting) parts.push("cancelling");
    else if (this.#scope !== null) parts.push("entered");
    return `<${parts.join(" ")}>`;
  }

  async #runIn<T>(
    scope: BodyScope,
    body: (group: this) => T | PromiseLike<T>,
  ): Promise<T> {
    if (this.#cancelOnEnter) this.cancel();
    let result: T;
    try {
      result = await body(this);
    } catch (error) {
      await this.#leave(scope, { error });
      // Cancelling the group interrupted the body.
      return undefined as T;
    }
    await this.#leave(scope, null);
    return result;
  }

  async #leave(
    scope: BodyScope,
    failure: { error: unknown } | null,
  ): Promise<void> {
    this.#isExiting = true;
    if (this.#inBackground > 0) this.#endBackground();
    if (failure !== null && !this.#isAborting) this.#abort();
    const ownCancellation = failure && scope.cancellationIn(failure.error);
    let cancellation = ownCancellation;
    const later = await this.#awaitTasks();
    cancellation = later.cause ?? cancellation;
    if (this.#hasCancelledParent) {
      scope.takeRequestBack();
      if (scope.requestsAround() === 0) cancellation = null;
      else cancellation ??= later.any;
    }
    const failures = this.#failures;
    if (cancellation !== null && failures.length === 0) throw cancellation;
    if (failure !== null && ownCancellation === null) {
      failures.push({ error: failure.error, name: null });
    }
    if (failures.length === 0) return;
    // Code that handles failures of tasks is not meant to handle an interrupt.
    const interrupt = failures.find(({ error }) =>
      isInstance(error, KeyboardInterrupt)
    );
    if (interrupt !== undefined) throw interrupt.error;
    throw groupOf(this.#describeFailures(), failures);
  }

  /** Describes what failed: `2 of 5 tasks failed: fetch-1: TypeError: …`. */
  #describeFailures(): string {
    const failures = this.#failures;
    const tasks = failures.filter(({ name }) => name !== null).length;
    const what = [];
    if (tasks < failures.length) what.push("the body of a task group");
    if (tasks > 0) {
      const plural = this.#created === 1 ? "" : "s";
      what.push(`${tasks} of ${this.#created} task${plural}`);
    }
    const text = `${what.join(" and ")} failed: ${summaryOf(failures)}`;
    return text[0]!.toUpperCase() + text.slice(1);
  }

  /**
   * Awaits all tasks, however often the calling task is cancelled in the meantime.
   *
   * @returns The cancellation that made the group shut down, and the last one of all.
   */
  async #awaitTasks(): Promise<
    { cause: CancelledError | null; any: CancelledError | null }
  > {
    let cause: CancelledError | null = null;
    let any: CancelledError | null = null;
    let patience: Patience | null = null;
    while (this.#tasks.size > 0) {
      this.#allDone = new Future();
      try {
        await (patience?.wait(this.#allDone) ?? this.#allDone);
      } catch (error) {
        if (!isCancelledError(error)) throw error;
        patience ??= new Patience();
        patience.interrupted();
        any = error;
        if (!this.#isAborting) {
          cause = error;
          this.#abort();
        }
      }
      this.#allDone = null;
    }
    return { cause, any };
  }

  #abort(): void {
    this.#isAborting = true;
    for (const task of [...this.#tasks]) cancelWith(task, undefined);
  }

  #cancelParent(): void {
    if (this.#hasCancelledParent) return;
    this.#hasCancelledParent = true;
    this.#scope!.cancel(undefined);
  }

  /** Cancels the tasks in the background once everything else is done. */
  #endBackground(): void {
    if (!this.#isExiting || this.#tasks.size > this.#inBackground) return;
    for (const [task, special] of this.#special ?? []) {
      if (!special.isBackground || special.isCancelled) continue;
      special.isCancelled = true;
      cancelWith(task, undefined);
    }
  }

  readonly #onDone = (task: Task<unknown>): void => {
    this.#tasks.delete(task);
    const special = this.#special?.get(task);
    if (special !== undefined) this.#special!.delete(task);
    if (special?.isBackground) this.#inBackground--;
    if (this.#inBackground > 0) this.#endBackground();
    if (this.#tasks.size === 0 && this.#allDone?.done() === false) {
      this.#allDone.setResult();
    }
    if (special?.start?.ended(task)) return;
    if (task.cancelled() || task.exception() === null) return;
    this.#failures.push({ error: thrownBy(task), name: task.getName() });
    if (this.#scope!.taskState.finished) {
      homeOf(task).report({
        message: "A task of a group failed after its parent task had ended",
        exception: thrownBy(task),
        task,
      });
      return;
    }
    if (!this.#isAborting && !this.#hasCancelledParent) {
      this.#abort();
      this.#cancelParent();
    }
  };
}

/** The state of a task that is in the background, or was started by `start()`. */
interface Special {
  readonly isBackground: boolean;
  readonly start: TaskStart | null;
  isCancelled: boolean;
}

/** The start of a task, as the group sees it. */
interface TaskStart {
  /** Called when the task has ended. Returns whether that concerns the caller of `start()` alone. */
  ended(task: Task<unknown>): boolean;
}

/** The start of a task, until it belongs to its group. */
class Start<T> implements TaskStart {
  readonly #scheduler: Scheduler;
  /** The value is in an object, since it may be a thenable. */
  readonly #outcome: Future<{ value: T }>;
  #state: "starting" | "started" | "abandoned" | "ended" = "starting";

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
    this.#outcome = new Future({ loop: scheduler.loop });
  }

  readonly started = (value: T): void => {
    switch (this.#state) {
      case "starting":
        // The caller is being cancelled, and will end the task.
        if (this.#outcome.done()) break;
        this.#state = "started";
        this.#outcome.setResult({ value });
        break;
      case "started":
        throw new RuntimeError("Cannot call started() twice");
      case "ended":
        throw new RuntimeError(
          "Cannot call started() as the task has ended",
        );
    }
  };

  /** Returns a future of the value. Cancelling it before that ends the task. */
  wait(task: Task<unknown>): Future<T> {
    return callInline(this.#scheduler, "TaskGroup.start()", async () => {
      try {
        return (await this.#outcome).value;
      } catch (error) {
        if (this.#state !== "starting") throw error;
        this.#state = "abandoned";
        await endTasks([task]);
        if (!task.cancelled() && task.exception() !== null) {
          throw thrownBy(task);
        }
        throw error;
      }
    });
  }

  ended(task: Task<unknown>): boolean {
    if (this.#state === "started") return false;
    if (this.#state === "abandoned") return true;
    this.#state = "ended";
    const outcome = this.#outcome as Future<unknown>;
    if (task.cancelled()) {
      cancelPending(outcome, thrownBy(task) as CancelledError);
    } else if (task.exception() !== null) {
      fail(outcome, thrownBy(task));
    } else {
      const name = task.getName();
      fail(
        outcome,
        new RuntimeError(`The task ${name} ended without calling started()`),
      );
    }
    return true;
  }
}

function isInBackground(options: GroupTaskOptions | undefined): boolean {
  const { background = false } = options ?? {};
  if (background !== false) {
    assertBoolean("The background option of a task", background);
  }
  return background;
}

/**
 * Runs a function that creates tasks, and awaits them all: none of them outlives the call.
 *
 * When a task or the body fails, all others are cancelled and awaited, and an `ExceptionGroup` of all errors is
 * thrown; a `KeyboardInterrupt` among them is thrown by itself. Cancelling the calling task cancels the tasks.
 * Outside any task, or with a signal, the body runs in a new task.
 *
 * @typeParam T The type of the result.
 * @param body The function, which receives the group.
 * @param options A signal that cancels the group from outside.
 * @returns The result of the body, after all tasks are done.
 * @throws {ExceptionGroup} If the body or a task failed.
 * @throws {KeyboardInterrupt} If the body or a task threw it.
 * @throws {TypeError} If `body` is not a function, or `signal` is not an `AbortSignal`.
 *
 * @example Usage
 * ```ts
 * import { sleep, taskGroup } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const done: string[] = [];
 * await taskGroup((group) => {
 *   group.createTask(async () => void done.push(await sleep(0.02, "slow")));
 *   group.createTask(async () => void done.push(await sleep(0.001, "fast")));
 * });
 * assertEquals(done, ["fast", "slow"]);
 * ```
 *
 * @category Tasks
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#task-groups}
 */
export async function taskGroup<T>(
  body: (group: TaskGroup) => T | PromiseLike<T>,
  options?: TaskGroupOptions,
): Promise<T> {
  assertFunctionItself("taskGroup", "body", body);
  assertOptions("taskGroup", options);
  const group = new TaskGroup();
  if (options?.signal === undefined) return await group.run(body);
  return await createTask(() => group.run(body), { signal: options.signal });
}
