// Copyright 2026 the asyncio for Deno authors. MIT license.

import { TimeoutError } from "@asyncio/asyncio";
import { printable } from "./printable.ts";
import type { Target } from "./targets.ts";

/** Why a target did not answer, in the order in which reports group them. */
export const FAILURE_KINDS = [
  "refused",
  "timed out",
  "unresolved",
  "reset",
  "closed",
  "unreachable",
  "other",
] as const;

/** Why a target did not answer. */
export type FailureKind = typeof FAILURE_KINDS[number];

/** Why a target did not answer, and in more words. */
export interface Failure {
  readonly kind: FailureKind;
  readonly message: string;
}

/** What is known of a target once it has been probed. */
export interface Outcome {
  readonly target: Target;
  /** How long connecting took, in seconds; null if it failed. */
  latency: number | null;
  /** The first line that the host sent of its own accord, if it sent one. */
  banner: string | null;
  /** The first line of the answer to what was sent, if one came. */
  answer: string | null;
  /** Whether the host ended the connection before we did. */
  closed: boolean;
  /** Null if the host answered. */
  failure: Failure | null;
}

/** The outcome of a probe that has not begun. */
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

/** The failure of a host that was sent something, and did not answer in time. */
export function unanswered(closed: boolean, timeout: number): Failure {
  return closed
    ? { kind: "closed", message: "closed the connection without an answer" }
    : { kind: "timed out", message: `no answer within ${timeout} s` };
}

/** What an error says about the host that it came from. */
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
