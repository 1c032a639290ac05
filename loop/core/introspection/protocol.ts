// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { SnapshotPart } from "./snapshot.ts";

/** The version of the protocol: requests and replies, a line of JSON each. */
export const PROTOCOL_VERSION = 1;

/** A longer request ends the connection, in characters. */
export const MAX_REQUEST = 10_000;

/** The requests of viewers. `cancel` is refused unless the program allows it; the rest changes nothing. */
export type Method =
  | "hello"
  | "snapshot"
  | "statistics"
  | "trace"
  | "sites"
  | "cancel";

/** A request of a viewer. */
export interface Request {
  readonly id: number;
  readonly method: Method;
  /** The secret of the endpoint, if it has one: in the first request. */
  readonly token?: string;
  /** How many tasks a snapshot describes. */
  readonly limit?: number;
  /** How long to trace, or to record places. */
  readonly seconds?: number;
  /** The task to cancel, by its id. */
  readonly task?: number;
}

/** A reply: any number of parts, and then the result or an error. */
export type Reply =
  | { readonly id: number; readonly part: SnapshotPart | TraceEvent[] }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };

/** The answer to `hello`. */
export interface Program {
  readonly protocol: number;
  readonly pid: number;
  /** The main module, as far as the program may know it. */
  readonly main: string | null;
  /** When it was started, in milliseconds since the epoch. */
  readonly started: number;
  readonly deno: string;
  readonly allowCancel: boolean;
  readonly tasks: number;
}

/** The answer to `statistics`: counts since the first request of the viewer. */
export interface Statistics {
  /** How long that is, in seconds. */
  readonly seconds: number;
  readonly steps: number;
  /** The time in steps and callbacks, in seconds. */
  readonly busy: number;
  /** The longest and the mean delay of the loop, in seconds, since the last request. */
  readonly lag: { readonly longest: number; readonly mean: number };
  readonly slowest: readonly SlowStep[];
}

/** A step that took long. */
export interface SlowStep {
  /** The task or callback. */
  readonly name: string;
  /** The task, by its id. */
  readonly task: number | null;
  readonly seconds: number;
  /** When it ended, in milliseconds since the epoch. */
  readonly at: number;
  /** The line that created it, if that is known. */
  readonly site: string | null;
}

/** An event of a trace, in the Trace Event Format; times are in microseconds. */
export interface TraceEvent {
  readonly name: string;
  readonly ph: "X" | "b" | "e" | "M" | "i";
  readonly ts: number;
  readonly dur?: number;
  readonly pid: number;
  readonly tid: number;
  readonly id?: number;
  readonly cat?: string;
  readonly s?: "t";
  readonly args?: Readonly<Record<string, unknown>>;
}
