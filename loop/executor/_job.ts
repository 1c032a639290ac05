// Copyright 2026 the asyncio for Deno authors. MIT license.

import { captureContext } from "../core/context.ts";
import type { EventLoop } from "../event_loop.ts";
import { fail, fulfil, Future, homeOf, observe } from "../core/future.ts";
import { isEventLoop, type Scheduler } from "../core/scheduler.ts";
import type { Task } from "../core/task.ts";
import { isInstance, textAt, textOf } from "../core/unknown_value.ts";
import type {
  CallMessage,
  JobFunction,
  JobMessage,
  Representative,
} from "./_messages.ts";
import type { PoolWorker } from "./_pool_worker.ts";
import { transferablesIn } from "./_transferables.ts";

/** The options of a job, with defaults filled in. */
interface JobTerms {
  readonly transfer: Transferable[];
  readonly transferResults: boolean;
  readonly terminateOnCancel: boolean;
}

/** A call of a function in a worker, and the future of its result. */
export class Job {
  /** The future of the result, on the caller's loop. */
  readonly future: Future<unknown> = new Future<unknown>();
  readonly terminateOnCancel: boolean;
  /** The job's calls to functions of the main program; `null` if it has no functions as arguments. */
  readonly calls: RemoteCalls | null;
  /** The worker that runs the job, once it has started. */
  worker: PoolWorker | null = null;
  #message: JobMessage;
  #transfer: Transferable[];
  readonly #submission: { stack?: string } = {};

  /** `caller` is the public function that was called. The stack above it belongs to the library. */
  constructor(
    fn: JobFunction,
    args: readonly unknown[],
    { transfer, transferResults, terminateOnCancel }: JobTerms,
    caller: (...args: never[]) => unknown,
  ) {
    const representatives = args.map(representativeOf)
      .filter((each) => each !== null);
    const indices = new Set(representatives.map(({ index }) => index));
    this.#message = {
      kind: "job",
      fn,
      args: args.map((arg, index) => indices.has(index) ? null : arg),
      representatives,
      transferResults,
    };
    this.#transfer = transfer;
    this.terminateOnCancel = terminateOnCancel;
    this.calls = representatives.length === 0 ? null : new RemoteCalls(
      homeOf(this.future),
      args,
      (call, task) => this.worker?.answer(call, task),
    );
    Error.captureStackTrace(this.#submission, caller);
    if (transfer.length > 0) this.#assertRestCloneable();
  }

  /**
   * Copies the arguments, since the job waits and the caller may change them in the meantime.
   *
   * @throws {TypeError} If one of them cannot be cloned.
   */
  copyArguments(): void {
    const { args } = this.#message;
    const transfer = this.#transfer;
    const copy = this.#cloning(() =>
      structuredClone({ args, transfer }, { transfer })
    );
    this.#message = { ...this.#message, args: copy.args };
    this.#transfer = copy.transfer;
  }

  /**
   * Sends the job.
   *
   * @throws {TypeError} If an argument cannot be cloned.
   */
  send(worker: Worker): void {
    this.#cloning(() =>
      // Without a transfer list, posting takes a faster path.
      this.#transfer.length === 0
        ? worker.postMessage(this.#message)
        : worker.postMessage(this.#message, this.#transfer)
    );
  }

  succeed(value: unknown): void {
    this.calls?.release();
    if (this.#isAwaited()) fulfil(this.future, value);
  }

  fail(error: unknown, workerName: string): void {
    this.calls?.release();
    if (!this.#isAwaited()) return;
    fail(this.future, this.#withStacks(this.#explained(error), workerName));
  }

  #isAwaited(): boolean {
    return !this.future.done() && !this.future.getLoop().isClosed();
  }

  #cloning<T>(clone: () => T): T {
    try {
      return clone();
    } catch (error) {
      if (this.#transfer.length === 0) assertCloneable(this.#message.args);
      throw notCloneable("The arguments of a job must be cloneable", error);
    }
  }

  /** Checks the arguments first, since posting detaches the transfer list even if cloning fails. */
  #assertRestCloneable(): void {
    const transferred = new Set(this.#transfer);
    assertCloneable(
      this.#message.args.map((arg) =>
        transferablesIn(arg).some((each) => transferred.has(each)) ? null : arg
      ),
    );
  }

  /** Explains a `ReferenceError` in a function that was run from its source. */
  #explained(error: unknown): unknown {
    if (!("source" in this.#message.fn) || !(error instanceof ReferenceError)) {
      return error;
    }
    const name = /^(\S+) is not defined$/.exec(error.message)?.[1];
    if (name === undefined) return error;
    const explained = new ReferenceError(
      `Cannot find "${name}" in the worker: a function that is sent as source can use only its ` +
        `arguments and the global scope. Pass it as an argument, or move the function into a module ` +
        `and use a WorkerExecutor for that module`,
      { cause: error },
    );
    explained.stack = `${explained}\n${framesOf(error.stack)}`;
    return explained;
  }

  #withStacks(error: unknown, workerName: string): unknown {
    if (error instanceof Error) {
      error.stack = `${error.stack}\n    at <worker ${workerName}>\n` +
        framesOf(this.#submission.stack);
    }
    return error;
  }
}

function representativeOf(arg: unknown, index: number): Representative | null {
  if (typeof arg === "function") return { index, kind: "function" };
  if (isEventLoop(arg)) return { index, kind: "loop" };
  return null;
}

function assertCloneable(args: readonly unknown[]): void {
  for (const [index, arg] of args.entries()) {
    try {
      structuredClone(arg);
    } catch (error) {
      throw notCloneable(
        `The arguments of a job must be cloneable: argument ${
          index + 1
        } is not`,
        error,
      );
    }
  }
}

function notCloneable(message: string, cause: unknown): TypeError {
  return new TypeError(
    `${message}: ${
      isInstance(cause, Error) ? textAt(cause, "message") : textOf(cause)
    }`,
    { cause },
  );
}

function framesOf(stack: string | undefined): string {
  return stack?.split("\n").filter((line) => /^\s+at /.test(line))
    .join("\n") ?? "";
}

/**
 * The calls of a job in a worker to functions of the main program.
 *
 * They run in the async context in which the job was submitted, but outside its task.
 */
class RemoteCalls {
  readonly #args: readonly unknown[];
  readonly #loop: EventLoop;
  readonly #answer: (call: number, task: Future<unknown>) => void;
  readonly #run: <T>(fn: () => T) => T;
  /** The tasks that the job waits for. */
  readonly #tasks = new Map<number, Task<unknown>>();

  /**
   * @param scheduler The scheduler of the job's loop.
   * @param args The job's arguments, including the functions and loops.
   * @param answer Sends the outcome of a call to the job.
   */
  constructor(
    scheduler: Scheduler,
    args: readonly unknown[],
    answer: (call: number, task: Future<unknown>) => void,
  ) {
    this.#args = args;
    this.#loop = scheduler.loop;
    this.#answer = answer;
    this.#run = captureContext(scheduler);
  }

  /**
   * Starts a call.
   *
   * @throws {RuntimeError} If the loop is closed.
   */
  begin({ call, fn, loop, args }: CallMessage): void {
    const target = loop === null ? this.#loop : this.#args[loop] as EventLoop;
    const callee = this.#args[fn] as (...args: unknown[]) => unknown;
    this.#run(() => {
      if (call === null) {
        target.callSoonThreadsafe(() => callee(...args));
        return;
      }
      const task = target.createTask(() => callee(...args));
      this.#tasks.set(call, task);
      observe(task, () => {
        if (this.#tasks.delete(call)) this.#answer(call, task);
      });
    });
  }

  /** Cancels a call unless it has ended. */
  cancel(call: number): void {
    this.#tasks.get(call)?.cancel();
  }

  /** Detaches the calls from the job, which has ended. Calls that it did not wait for go on. */
  release(): void {
    this.#tasks.clear();
  }

  /** Cancels all calls, as the worker has ended before the job. */
  cancelAll(): void {
    const tasks = [...this.#tasks.values()];
    this.#tasks.clear();
    for (const task of tasks) {
      if (!task.getLoop().isClosed()) task.cancel();
    }
  }
}
