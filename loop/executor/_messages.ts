// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Outcome } from "../core/outcome.ts";
import type { Encoded } from "./_error_codec.ts";
import type { FunctionSource } from "./_function_source.ts";

/** What a job calls: a function by its source, or one that a module exports. */
export type JobFunction =
  | FunctionSource
  | { readonly module: string; readonly name: string };

/** An argument that cannot be cloned, and is represented in the worker. */
export interface Representative {
  /** Which argument it is. */
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

/** What a function of the main program came to, that a job called. */
export interface AnswerMessage {
  readonly kind: "answer";
  readonly call: number;
  readonly outcome: EncodedOutcome;
}

/** What a worker is told. */
export type MessageToWorker = JobMessage | AnswerMessage;

/** A job calls a function of the main program. */
export interface CallMessage {
  readonly kind: "call";
  /** The number by which it is answered; `null` if nobody waits. */
  readonly call: number | null;
  /** Which argument of the job the function is. */
  readonly fn: number;
  /** Which argument the loop is that runs it; `null` for the loop of the job. */
  readonly loop: number | null;
  readonly args: unknown[];
}

/** What a worker tells. */
export type MessageFromWorker =
  | { readonly kind: "done"; readonly outcome: EncodedOutcome }
  /** The worker is of no more use. */
  | {
    readonly kind: "broken";
    readonly reason: string;
    readonly cause?: Encoded;
  }
  | CallMessage
  | { readonly kind: "cancel"; readonly call: number };
