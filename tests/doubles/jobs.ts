// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Jobs for workers.
 *
 * @module
 */

import {
  CancelledError,
  currentTask,
  IncompleteReadError,
  QueueEmpty,
  runCoroutineThreadsafe,
  RuntimeError,
  type ThreadsafeLoop,
} from "../../mod.ts";

/** No function. */
export const answer = 42;

/** No function either, as far as jobs go. */
export class Machine {}

let calls = 0;

/** How often this worker was asked. */
export function countCalls(): number {
  return ++calls;
}

export function add(a: number, b = 1): number {
  return a + b;
}

export async function addLater(a: number, b: number): Promise<number> {
  return await Promise.resolve(a) + b;
}

export default function (text: string): string {
  return `default ${text}`;
}

export class UnknownError extends RuntimeError {
  readonly code = 7;
}

export function throwIncompleteRead(): never {
  throw new IncompleteReadError(new Uint8Array([1, 2]), 5);
}

export function throwUnknown(): never {
  throw new UnknownError("unknown", { cause: new QueueEmpty("empty") });
}

export function throwCancelled(): never {
  throw new CancelledError("from a worker");
}

/** The error of a function of the main program, as a job sees it. */
export async function describeFailure(
  fail: () => PromiseLike<void>,
): Promise<string> {
  try {
    await fail();
    return "no error";
  } catch (error) {
    return `${error instanceof QueueEmpty} ${error}`;
  }
}

export async function double(
  loop: ThreadsafeLoop,
  next: () => number | PromiseLike<number>,
): Promise<number> {
  return 2 * await runCoroutineThreadsafe(next, loop);
}

/** Cancels what it awaits of the main program. */
export async function cancelNext(
  loop: ThreadsafeLoop,
  next: () => PromiseLike<unknown>,
  started: () => PromiseLike<void>,
): Promise<string> {
  const future = runCoroutineThreadsafe(next, loop);
  await started();
  future.cancel();
  try {
    await future;
    return "not cancelled";
  } catch (error) {
    return String(error);
  }
}

/** The error that a job sees when the main program cancels its await. */
export async function awaitCancelled(
  loop: ThreadsafeLoop,
  next: () => PromiseLike<unknown>,
): Promise<[string, boolean]> {
  const future = runCoroutineThreadsafe(next, loop);
  try {
    await future;
    return ["not cancelled", false];
  } catch (error) {
    return [String(error), future.cancelled()];
  }
}

export function runLocally(loop: ThreadsafeLoop): unknown {
  return runCoroutineThreadsafe(() => 1, loop);
}

let kept: (() => unknown) | null = null;
let keptLoop: ThreadsafeLoop | null = null;

/** Keeps what works until the job ends. */
export function keep(loop: ThreadsafeLoop, fn: () => unknown): void {
  keptLoop = loop;
  kept = fn;
}

/** Tries whether a later job can use it. */
export async function useKept(): Promise<string[]> {
  const errors: string[] = [];
  for (
    const use of [
      () => kept!(),
      () => keptLoop!.callSoonThreadsafe(kept!),
      () => runCoroutineThreadsafe(kept!, keptLoop!),
    ]
  ) {
    try {
      await use();
    } catch (error) {
      errors.push(`${error instanceof RuntimeError} ${error}`);
    }
  }
  return errors;
}

/** Uses its arguments after its end, and reports the outcome through a port. */
export function useLate(fn: () => unknown, port: MessagePort): void {
  setTimeout(async () => {
    try {
      await fn();
    } catch (error) {
      port.postMessage(String(error));
    }
  });
}

/** Whether the library of the worker knows nothing of the main program's tasks. */
export function hasNoTask(): boolean {
  return currentTask() === null;
}
