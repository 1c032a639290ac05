// Copyright 2026 the asyncio for Deno authors. MIT license.

import { cancellationIn } from "../loop/core/cancelled_error.ts";
import { KeyboardInterrupt } from "../loop/core/errors.ts";
import type { EventLoop } from "../loop/event_loop.ts";
import {
  addSignalListener,
  exit,
  onUnhandledRejection,
  removeSignalListener,
} from "../loop/core/runtime.ts";
import { callOutsideTasks, schedulerOf } from "../loop/core/scheduler.ts";
import { isSignalHandled, isWorker } from "../loop/signals.ts";
import { isUnaware, type Task } from "../loop/core/task.ts";
import type { TimerHandle } from "../loop/core/handle.ts";
import { isInstance, textOf } from "../loop/core/unknown_value.ts";

/**
 * How long, in seconds, the end of a program waits for tasks that await something foreign, which a cancellation does
 * not reach. A promise that never settles must not keep the program running.
 */
export const FOREIGN_GRACE = 2;

/** The exit code of a process that SIGINT ended. */
const INTERRUPTED = 130;

const givenUp = new WeakSet<Task<unknown>>();

/**
 * Returns whether an interrupt did not reach the task, so that the end of the program need not wait for it again.
 */
export function isGivenUp(task: Task<unknown>): boolean {
  return givenUp.has(task);
}

/**
 * Runs a loop until its main task is done. The first SIGINT cancels the task, which throws a `KeyboardInterrupt`; the
 * second one exits the process.
 */
export async function runInterruptibly<T>(
  loop: EventLoop,
  task: Task<T>,
): Promise<T> {
  const interrupts = new Interrupts(loop, task);
  const options: ErrorOptions = {};
  try {
    const result = await loop.runUntilComplete(task);
    if (!interrupts.areFinal) return result;
  } catch (error) {
    if (!interrupts.areFinal && !interrupts.ended(error)) throw error;
    options.cause = error;
  } finally {
    interrupts.ignore();
  }
  throw makeKeyboardInterrupt(options, loop.getDebug());
}

/** The SIGINTs received while a task is the main task. */
class Interrupts {
  /** Whether the interrupts take effect however the task ended, even if it has not ended. */
  areFinal = false;
  readonly #loop: EventLoop;
  readonly #task: Task<unknown>;
  readonly #listener: () => void;
  #count = 0;
  #patience: TimerHandle | null = null;

  constructor(loop: EventLoop, task: Task<unknown>) {
    this.#loop = loop;
    this.#task = task;
    const scheduler = schedulerOf(loop);
    // Deno calls listeners in the async context in which the first one was added.
    this.#listener = () =>
      callOutsideTasks(scheduler, () => this.#onInterrupt());
    // A worker would take the signal away from the main thread.
    if (isWorker()) return;
    try {
      addSignalListener("SIGINT", this.#listener);
    } catch {
      // Signals are not supported here.
    }
  }

  ignore(): void {
    this.#patience?.cancel();
    try {
      removeSignalListener("SIGINT", this.#listener);
    } catch {
      // As above.
    }
  }

  /** Returns whether an interrupt, and nothing else, ended the task with `error`. */
  ended(error: unknown): boolean {
    return this.#count > 0 && cancellationIn(error) !== null &&
      this.#task.uncancel() === 0;
  }

  #onInterrupt(): void {
    // A handler that the program installed replaces this one.
    if (isSignalHandled("SIGINT")) return;
    this.#count++;
    if (this.#count > 1) exit(INTERRUPTED);
    if (this.#task.done()) {
      this.areFinal = true;
      return;
    }
    this.#task.cancel();
    this.#patience = this.#loop.callLater(
      FOREIGN_GRACE,
      () => this.#giveUpIfUnaware(),
    );
  }

  #giveUpIfUnaware(): void {
    if (!isUnaware(this.#task)) return;
    this.areFinal = true;
    givenUp.add(this.#task);
    this.#loop.stop();
  }
}

/** The interrupts that were thrown, and whether to print their stacks. */
const thrownInterrupts = new WeakMap<KeyboardInterrupt, { debug: boolean }>();
/** Whether the handler that exits quietly for these interrupts is installed. */
let isRejectionWatched = false;

/** Creates the error for a SIGINT. A program that does not catch it exits as interrupted, not as failed. */
function makeKeyboardInterrupt(
  options: ErrorOptions,
  debug: boolean,
): KeyboardInterrupt {
  const interrupt = new KeyboardInterrupt("Interrupted by SIGINT", options);
  thrownInterrupts.set(interrupt, { debug });
  if (!isRejectionWatched) {
    isRejectionWatched = true;
    onUnhandledRejection(exitIfInterrupted);
  }
  return interrupt;
}

function exitIfInterrupted(interrupt: unknown): boolean {
  if (!isInstance(interrupt, KeyboardInterrupt)) return false;
  const known = thrownInterrupts.get(interrupt);
  if (known === undefined) return false;
  console.error(known.debug ? interrupt : textOf(interrupt));
  exit(INTERRUPTED);
}
