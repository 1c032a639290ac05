// Copyright 2026 the asyncio for Deno authors. MIT license.

import { TimeoutError } from "@asyncio/asyncio";
import { printable } from "./printable.ts";
import type { Target } from "./targets.ts";

/** The reasons for a failure, in the order of reports. */
export const FAILURE_KINDS = [
  "refused",
  "timed out",
  "unresolved",
  "reset",
  "closed",
  "unreachable",
  "other",
] as const;

/** The reason for a failure. */
export type FailureKind = typeof FAILURE_KINDS[number];

/** A failure, with its reason and a message. */
export interface Failure {
  readonly kind: FailureKind;
  readonly message: string;
}

/** The result of probing a target. */
export interface Outcome {
  readonly target: Target;
  /** The time that connecting took, in seconds; null if it failed. */
  latency: number | null;
  /** The first line that the host sent unasked, if any. */
  banner: string | null;
  /** The first line of the answer to the text, if any. */
  answer: string | null;
  /** Whether the host closed the connection first. */
  closed: boolean;
  /** Null if the host answered. */
  failure: Failure | null;
}

/** Returns the outcome of a probe that has not begun. */
export function newOutcome(target: Target): Outcome {
  return {
    target,
    latency: null,
    banner: null,
    answer: null,
    closed: false,
    failure: null,
  };
}

/** Returns the failure of a host that did not answer a text in time. */
export function unanswered(closed: boolean, timeout: number): Failure {
  return closed
    ? { kind: "closed", message: "closed the connection without an answer" }
    : { kind: "timed out", message: `no answer within ${timeout} s` };
}

/** Returns the failure that an error stands for. */
export function failureOf(error: unknown, timeout: number): Failure {
  if (error instanceof TimeoutError) {
    return { kind: "timed out", message: `no connection within ${timeout} s` };
  }
  const message = hasCode(error, "EMFILE")
    ? "too many open files for this process, try a smaller --concurrency"
    : error instanceof Error
    ? error.message
    : String(error);
  return { kind: kindOf(error), message: printable(message, 200) };
}

function kindOf(error: unknown): FailureKind {
  if (!(error instanceof Error)) return "other";
  if (error instanceof Deno.errors.ConnectionRefused) return "refused";
  if (error instanceof Deno.errors.TimedOut) return "timed out";
  if (RESET_ERRORS.some((Class) => error instanceof Class)) return "reset";
  if (isUnreachable(error)) return "unreachable";
  if (error instanceof Deno.errors.NotFound) return "unresolved";
  return "other";
}

const RESET_ERRORS = [
  Deno.errors.ConnectionReset,
  Deno.errors.ConnectionAborted,
  Deno.errors.BrokenPipe,
  Deno.errors.UnexpectedEof,
];

function isUnreachable(error: Error): boolean {
  return error instanceof Deno.errors.NetworkUnreachable ||
    hasCode(error, "EHOSTUNREACH");
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
