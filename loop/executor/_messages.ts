// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Outcome } from "../core/outcome.ts";
import type { Encoded } from "./_worker_program.ts";
import type { FunctionSource } from "./_pool_worker.ts";

/** The function of a job: a source, or an export of a module. */
export type JobFunction =
  | FunctionSource
  | { readonly module: string; readonly name: string };

/** An argument that cannot be cloned and is represented by a proxy in the worker. */
export interface Representative {
  /** The index of the argument. */
  readonly index: number;
  readonly kind: "function" | "loop";
}

/** A job for a worker. */
export interface JobMessage {
  readonly kind: "job";
  readonly fn: JobFunction;
  readonly args: unknown[];
  readonly representatives: readonly Representative[];
  readonly transferResults: boolean;
}

/** The outcome of a job or a call, as it is sent to another thread. */
export type EncodedOutcome = Outcome<unknown, Encoded>;

/** The outcome of a call to a function of the main program. */
export interface AnswerMessage {
  readonly kind: "answer";
  readonly call: number;
  readonly outcome: EncodedOutcome;
}

/** A message to a worker. */
export type MessageToWorker = JobMessage | AnswerMessage;

/** A job's call to a function of the main program. */
export interface CallMessage {
  readonly kind: "call";
  /** The id for the answer; `null` if none is expected. */
  readonly call: number | null;
  /** The index of the function among the job's arguments. */
  readonly fn: number;
  /** The index of the loop among the job's arguments; `null` for the loop of the job. */
  readonly loop: number | null;
  readonly args: unknown[];
}

/** A message from a worker. */
export type MessageFromWorker =
  | { readonly kind: "done"; readonly outcome: EncodedOutcome }
  /** The worker has ended. */
  | {
    readonly kind: "broken";
    readonly reason: string;
    readonly cause?: Encoded;
  }
  | CallMessage
  | { readonly kind: "cancel"; readonly call: number };
