// Copyright 2026 the asyncio for Deno authors. MIT license.

import { keepContext, type RunInContext } from "../core/async_context.ts";
import {
  type SetReferenced,
  setReferencedOf,
} from "../core/deno_workarounds.ts";
import type { EventLoop } from "../event_loop.ts";
import {
  fail,
  fulfil,
  Future,
  homeOf,
  observe,
  thrownBy,
} from "../core/future.ts";
import {
  type ErrorCodec,
  programUrl,
  transferablesIn,
} from "./_worker_program.ts";
import type {
  AnswerMessage,
  CallMessage,
  EncodedOutcome,
  JobFunction,
  JobMessage,
  MessageFromWorker,
  Representative,
} from "./_messages.ts";
import { BrokenExecutor } from "./executor.ts";
import { captureContext } from "../core/context.ts";
import { isEventLoop, type Scheduler } from "../core/scheduler.ts";
import type { Task } from "../core/task.ts";
import { isInstance, textAt, textOf } from "../core/unknown_value.ts";
import { wrongType } from "../core/validate.ts";

/** Message handlers inherit the async context in which the worker is created, so it is created outside any task. */
const outside: RunInContext = keepContext(undefined);

/** The owner of pool workers. */
export interface WorkerOwner {
  /** Called when a worker has finished its job. */
  onFree(worker: PoolWorker): void;
  /** Called when a worker has been terminated. */
  onBroken(worker: PoolWorker): void;
}

/** A worker that runs one job at a time. */
export class PoolWorker {
  readonly #name: string;
  readonly #codec: ErrorCodec;
  readonly #owner: WorkerOwner;
  readonly #worker: Worker;
  readonly #setReferenced: SetReferenced | null;
  #job: Job | null = null;
  /** The loop of its last job. */
  #loop: EventLoop | null = null;
  #resting = false;

  constructor(name: string, codec: ErrorCodec, owner: WorkerOwner) {
    this.#name = name;
    this.#codec = codec;
    this.#owner = owner;
    this.#worker = outside(() =>
      new Worker(programUrl(), { type: "module", name })
    );
    this.#setReferenced = setReferencedOf(this.#worker);
    this.#worker.onmessage = ({ data }) => this.#onMessage(data);
    this.#worker.onmessageerror = ({ data }) =>
      this.#break("a message from it cannot be deserialized", { error: data });
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#break(event.message);
    };
  }

  /**
   * Starts a job. While it runs, it keeps the program alive.
   *
   * @throws {TypeError} If an argument cannot be cloned. The job is not started then.
   */
  begin(job: Job): void {
    job.send(this.#worker);
    this.#job = job;
    job.worker = this;
    this.#loop = job.future.getLoop();
    if (this.#resting) this.#setReferenced?.(true);
    this.#resting = false;
  }

  /** Marks the worker as idle, so that it does not keep the program alive. Returns whether Deno supports that. */
  rest(): boolean {
    if (!this.#resting) this.#setReferenced?.(false);
    this.#resting = true;
    return this.#setReferenced !== null;
  }

  /** Terminates the worker and fails its job. */
  terminate(reason: string, cause?: { error: unknown }): void {
    this.#worker.terminate();
    const job = this.#job;
    this.#job = null;
    if (job === null) return;
    job.worker = null;
    job.calls?.cancelAll();
    job.fail(this.#broken(reason, cause), this.#name);
  }

  /** Sends the outcome of a call to the job. */
  answer(call: number, task: Future<unknown>): void {
    this.#tryAnswer(call, () => {
      const failed = task.cancelled() || task.exception() !== null;
      return failed
        ? { error: this.#codec.encode(thrownBy(task)) }
        : { value: task.result() };
    });
  }

  #onMessage(message: MessageFromWorker): void {
    const job = this.#job;
    if (message.kind === "broken") {
      const { reason, cause } = message;
      this.#break(reason, cause && { error: this.#codec.decode(cause) });
    } else if (job === null) {
      return;
    } else if (message.kind === "done") {
      this.#finish(job, message.outcome);
    } else if (message.kind === "call") {
      this.#call(job, message);
    } else {
      job.calls?.cancel(message.call);
    }
  }

  #finish(job: Job, outcome: EncodedOutcome): void {
    this.#job = null;
    job.worker = null;
    if ("value" in outcome) job.succeed(outcome.value);
    else job.fail(this.#codec.decode(outcome.error), this.#name);
    this.#owner.onFree(this);
  }

  #call(job: Job, message: CallMessage): void {
    try {
      job.calls?.begin(message);
    } catch (error) {
      // The loop is closed. A call that expects no answer has none to fail.
      if (message.call === null) return;
      this.#tryAnswer(message.call, () => {
        throw error;
      });
    }
  }

  #tryAnswer(call: number, outcome: () => EncodedOutcome): void {
    try {
      this.#post({ kind: "answer", call, outcome: outcome() });
    } catch (error) {
      const failure = this.#codec.encode(error);
      this.#post({ kind: "answer", call, outcome: { error: failure } });
    }
  }

  #post(message: AnswerMessage): void {
    this.#worker.postMessage(message);
  }

  #break(reason: string, cause?: { error: unknown }): void {
    if (this.#job === null) this.#report(reason, cause);
    this.terminate(reason, cause);
    this.#owner.onBroken(this);
  }

  /** Reports a failure of code that a job left running, as there is no future to fail. */
  #report(reason: string, cause?: { error: unknown }): void {
    this.#loop?.callExceptionHandler({
      message: "A worker ended after its job had finished",
      exception: this.#broken(reason, cause),
    });
  }

  #broken(reason: string, cause?: { error: unknown }): BrokenExecutor {
    const error = new BrokenExecutor(
      `The worker ${this.#name} has ended: ${reason}`,
      cause && { cause: cause.error },
    );
    // The stack of the library is irrelevant.
    error.stack = String(error);
    return error;
  }
}

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

type AnyFunction = (...args: never[]) => unknown;

/** The source of a function, as an expression. */
export interface FunctionSource {
  readonly source: string;
  /** The name of the function in stacks. */
  readonly name: string;
}

/** The sources of functions that have been validated. */
const sources = new WeakMap<AnyFunction, FunctionSource>();

/**
 * Returns the source of a function, to be run in another thread.
 *
 * @throws {TypeError} If it is not a function, or cannot be run from its source.
 */
export function sourceOf(fn: unknown): FunctionSource {
  if (typeof fn !== "function") {
    throw wrongType("The function of a job", "a function", fn);
  }
  const known = sources.get(fn as AnyFunction);
  if (known !== undefined) return known;
  const source = {
    source: expressionOf(fn as AnyFunction),
    name: fn.name.replaceAll(/\s/g, "_") || "anonymous",
  };
  sources.set(fn as AnyFunction, source);
  return source;
}

function expressionOf(fn: AnyFunction): string {
  const source = Function.prototype.toString.call(fn);
  if (/\{\s*\[native code\]\s*\}$/.test(source)) {
    throw cannotTravel(fn, "a bound or native function");
  }
  if (/^class\b/.test(source)) throw cannotTravel(fn, "a class");
  const tag = Object.prototype.toString.call(fn);
  if (tag.includes("Generator")) throw cannotTravel(fn, "a generator function");
  // The source of a method is valid only inside an object.
  const method = `Object.values({ ${source} })[0]`;
  const problem = syntaxErrorIn(source);
  if (problem === null) return source;
  if (syntaxErrorIn(method) === null) return method;
  throw cannotTravel(
    fn,
    `a function that depends on its surroundings: ${problem.message}`,
    {
      cause: problem,
    },
  );
}

function syntaxErrorIn(expression: string): SyntaxError | null {
  try {
    // The function is only parsed, never called.
    new Function(`"use strict";return (${expression}\n)`);
    return null;
  } catch (error) {
    if (error instanceof SyntaxError) return error;
    throw error;
  }
}

function cannotTravel(
  { name }: AnyFunction,
  what: string,
  options?: ErrorOptions,
): TypeError {
  return new TypeError(
    `The function of a job must be self-contained, as it is sent as source: received ${
      name === "" ? "" : `"${name}", `
    }${what}`,
    options,
  );
}
