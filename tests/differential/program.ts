// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * A small language in which random asyncio programs are written, as JSON, for
 * two interpreters: `interpreter.ts` and `interpreter.py`.
 *
 * @module
 */

/** A statement of a task, or of a callback, which cannot await. */
export type Block = Statement[];

/** One statement. Numbers name shared objects and tasks by their place in the program. */
export type Statement =
  | ImmediateStatement
  | AwaitingStatement;

/** A statement that callbacks can do too. */
export type ImmediateStatement =
  | { op: "log"; text: string }
  | { op: "raise"; message: string }
  | { op: "raiseCancelled"; message: string }
  | { op: "setResult"; future: number; value: number }
  | { op: "setException"; future: number; message: string }
  | { op: "setCancelledError"; future: number; message: string }
  | { op: "cancelFuture"; future: number; message: string | null }
  | { op: "cancelTask"; task: number; message: string | null }
  | { op: "cancelSelf"; message: string | null }
  | { op: "cancelGather"; gather: number; message: string | null }
  | { op: "cancelling" }
  | { op: "uncancel" }
  | { op: "spawn"; task: number }
  | { op: "spawnInGroup"; task: number }
  | { op: "callSoon"; body: Block; handle: number }
  | { op: "callLater"; delay: number; body: Block; handle: number }
  | { op: "cancelHandle"; handle: number }
  | { op: "onFutureDone"; future: number; body: Block }
  | { op: "onTaskDone"; task: number; body: Block }
  | { op: "release"; lock: number }
  | { op: "releaseSemaphore"; semaphore: number }
  | { op: "set"; event: number }
  | { op: "clear"; event: number }
  | { op: "notify"; condition: number; count: number }
  | { op: "putNowait"; queue: number; value: number }
  | { op: "getNowait"; queue: number }
  | { op: "taskDone"; queue: number }
  | { op: "shutdown"; queue: number; immediate: boolean }
  | { op: "reschedule"; delay: number | null };

/** A statement that awaits, or that holds some which may. */
export type AwaitingStatement =
  | { op: "sleep"; delay: number }
  | { op: "spin"; times: number }
  | { op: "awaitFuture"; future: number }
  | { op: "awaitTask"; task: number }
  | { op: "shield"; task: number }
  | {
    op: "wait";
    /** The tasks, by their numbers: those that there are by then. */
    targets: number[];
    timeout: number | null;
    returnWhen: "FIRST_COMPLETED" | "FIRST_EXCEPTION" | "ALL_COMPLETED";
  }
  | { op: "asCompleted"; children: number[]; timeout: number | null }
  | { op: "nest"; depth: number; body: Block }
  | { op: "repeat"; times: number; body: Block }
  | {
    op: "tryCancelled";
    body: Block;
    handler: Block;
    then: "swallow" | "raise" | "uncancel" | "replace";
  }
  | { op: "tryError"; body: Block; handler: Block }
  | { op: "finally"; body: Block; cleanup: Block }
  | { op: "group"; children: number[]; body: Block }
  | {
    op: "gather";
    gather: number;
    children: number[];
    /** Futures that come after the children. */
    futures: number[];
    returnExceptions: boolean;
    /** Whether its children are made tasks before. */
    started: boolean;
  }
  | { op: "waitFor"; timeout: number | null; body: Block }
  | { op: "waitForFuture"; timeout: number | null; future: number }
  | { op: "waitForTask"; timeout: number | null; task: number }
  | { op: "timeout"; delay: number | null; body: Block }
  | { op: "acquire"; lock: number }
  | { op: "withLock"; lock: number; body: Block }
  | { op: "acquireSemaphore"; semaphore: number }
  | { op: "withSemaphore"; semaphore: number; body: Block }
  | { op: "waitEvent"; event: number }
  | { op: "withCondition"; condition: number; body: Block }
  | { op: "waitCondition"; condition: number }
  | { op: "waitConditionFor"; condition: number; event: number }
  | { op: "put"; queue: number; value: number }
  | { op: "get"; queue: number }
  | { op: "join"; queue: number }
  | { op: "barrier"; barrier: number }
  | { op: "resetBarrier"; barrier: number }
  | { op: "abortBarrier"; barrier: number };

/** The name of a statement. */
export type Op = Statement["op"];

/** A whole program: the objects that its tasks share, and what its tasks do. */
export interface Program {
  /** How many futures there are. */
  futures: number;
  /** How many locks; with those of an even number one holds them by a guard, and only so. */
  locks: number;
  /** The values of the semaphores; those of an odd number are bounded. */
  semaphores: number[];
  /** How many events there are. */
  events: number;
  /** How many conditions there are; with the first lock as theirs, or with locks of their own. */
  conditions: number;
  sharedLock: boolean;
  /** How many parties each barrier has. */
  barriers: number[];
  /** The kind of each queue. */
  queues: { kind: "fifo" | "lifo" | "priority"; maxSize: number }[];
  /** How many places for handles there are. */
  handles: number;
  /** How many places for calls of `gather` there are. */
  gathers: number;
  /** How many of the tasks are there from the start. */
  roots: number;
  /** The statements of each task. A task waits only for tasks of higher numbers, so there are no circles. */
  tasks: Block[];
}
