// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  type CancelledError,
  isCancelledError,
} from "../loop/core/cancelled_error.ts";
import { type Facts, facts } from "../loop/core/inspection.ts";
import { BodyScope } from "../loop/core/task_state.ts";
import { KeyboardInterrupt, RuntimeError } from "../loop/core/errors.ts";
import { ExceptionGroup } from "../loop/core/exception_group.ts";
import { Future, homeOf, observe, thrownBy } from "../loop/core/future.ts";
import { cancelWith } from "../loop/core/_relay.ts";
import {
  callingTask,
  type CoroutineFunction,
  notAFunction,
  type Task,
  type TaskOptions,
} from "../loop/core/task.ts";
import { isInstance } from "../loop/core/unknown_value.ts";
import { assertOptions } from "../loop/core/validate.ts";
import { createTask } from "./create_task.ts";

/** The options of `taskGroup()`. */
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
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.TaskGroup}
 */
export class TaskGroup {
  readonly #tasks = new Set<Task<unknown>>();
  readonly #errors: unknown[] = [];
  /** The scope of the body in the parent task. */
  #scope: BodyScope | null = null;
  #isExiting = false;
  #isAborting = false;
  /** Whether the group has cancelled its parent task, to interrupt the body. */
  #hasCancelledParent = false;
  #cancelOnEnter = false;
  /** Completes with the last task. */
  #allDone: Future<void> | null = null;

  /**
   * Runs a function as a task of the group.
   *
   * @typeParam T The type of the result.
   * @param coro The function.
   * @param options A name, how the task starts, and a signal that cancels it.
   * @returns The task.
   * @throws {RuntimeError} If the group's body has not begun, or the group is finished or shutting down.
   * @throws {TypeError} If `coro` is not a function.
   */
  createTask<T>(coro: CoroutineFunction<T>, options?: TaskOptions): Task<T> {
    if (typeof coro !== "function") {
      throw notAFunction("createTask", "coro", coro);
    }
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
    const { scheduler, task: parent } = this.#scope.taskState;
    const task = scheduler.loop.createTask(coro, options);
    this.#tasks.add(task);
    const awaiter = parent as Task<unknown> | null;
    observe<Task<unknown>>(
      task,
      this.#onDone,
      awaiter,
      awaiter,
    );
    // A task that starts eagerly may have cancelled the group before it was added to it.
    if (this.#isAborting && !task.done()) task.cancel();
    return task;
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
   */
  async run<T>(body: (group: this) => T | PromiseLike<T>): Promise<T> {
    assertBody("TaskGroup.run", body);
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
      mustStrikeAgain = this.#errors.length > 0 && scope.requestsAround() > 0;
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
    if (failure !== null && !this.#isAborting) this.#abort();
    const ownCancellation = failure && scope.cancellationIn(failure.error);
    let cancellation = ownCancellation;
    const later = await this.#awaitTasks();
    cancellation = later.cause ?? cancellation;
    if (this.#hasCancelledParent) {
      if (scope.requests > 0) scope.uncancel();
      if (scope.requestsAround() === 0) cancellation = null;
      else cancellation ??= later.any;
    }
    if (cancellation !== null && this.#errors.length === 0) throw cancellation;
    if (failure !== null && ownCancellation === null) {
      this.#errors.push(failure.error);
    }
    if (this.#errors.length === 0) return;
    // Code that handles failures of tasks is not meant to handle an interrupt.
    const interrupt = this.#errors.find((error) =>
      isInstance(error, KeyboardInterrupt)
    );
    throw interrupt ??
      new ExceptionGroup("Tasks of a group failed", this.#errors);
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
    while (this.#tasks.size > 0) {
      this.#allDone = new Future();
      try {
        await this.#allDone;
      } catch (error) {
        if (!isCancelledError(error)) throw error;
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

  readonly #onDone = (task: Task<unknown>): void => {
    this.#tasks.delete(task);
    if (this.#tasks.size === 0 && this.#allDone?.done() === false) {
      this.#allDone.setResult();
    }
    if (task.cancelled() || task.exception() === null) return;
    this.#errors.push(thrownBy(task));
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

/**
 * Runs a function that creates tasks, and awaits them all: none of them outlives the call.
 *
 * When a task or the body fails, all others are cancelled and awaited, and an `ExceptionGroup` of all errors is
 * thrown; a `KeyboardInterrupt` among them is thrown by itself. Cancelling the calling task cancels the tasks.
 * Outside any task, the body runs in a new task.
 *
 * @typeParam T The type of the result.
 * @param body The function, which receives the group.
 * @param options A signal that cancels the group from outside.
 * @returns The result of the body, after all tasks are done.
 * @throws {ExceptionGroup} If the body or a task failed.
 * @throws {KeyboardInterrupt} If the body or a task threw it.
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
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#task-groups}
 */
export async function taskGroup<T>(
  body: (group: TaskGroup) => T | PromiseLike<T>,
  options?: TaskGroupOptions,
): Promise<T> {
  assertBody("taskGroup", body);
  assertOptions("taskGroup", options);
  const group = new TaskGroup();
  if (options?.signal === undefined) return await group.run(body);
  return await createTask(() => group.run(body), { signal: options.signal });
}

function assertBody(caller: string, body: unknown): void {
  if (typeof body !== "function") throw notAFunction(caller, "body", body);
}
