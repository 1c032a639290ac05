// Copyright 2026 the asyncio for Deno authors. MIT license.

import { keepContext, type RunInContext } from "../core/async_context.ts";
import {
  type SetReferenced,
  setReferencedOf,
} from "../core/deno_workarounds.ts";
import type { EventLoop } from "../event_loop.ts";
import { type Future, thrownBy } from "../core/future.ts";
import type { ErrorCodec } from "./_error_codec.ts";
import type { Job } from "./_job.ts";
import type {
  AnswerMessage,
  CallMessage,
  EncodedOutcome,
  MessageFromWorker,
} from "./_messages.ts";
import { programUrl } from "./_worker_program.ts";
import { BrokenExecutor } from "./executor.ts";

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
