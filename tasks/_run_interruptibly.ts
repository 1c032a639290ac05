// Copyright 2026 the asyncio for Deno authors. MIT license.

import { cancellationIn } from "../loop/core/cancelled_error.ts";
import { KeyboardInterrupt, warn } from "../loop/core/errors.ts";
import type { EventLoop } from "../loop/event_loop.ts";
import {
  addSignalListener,
  callIfStillRunning,
  exit,
  onUnhandledRejection,
  OS,
  readableEnv,
  removeSignalListener,
} from "../loop/core/runtime.ts";
import { callOutsideTasks, schedulerOf } from "../loop/core/scheduler.ts";
import { exitCodeOf, isSignalHandled, isWorker } from "../loop/signals.ts";
import { isUnaware, type Task } from "../loop/core/task.ts";
import type { TimerHandle } from "../loop/core/handle.ts";
import { isInstance, textOf } from "../loop/core/unknown_value.ts";
import { allTasks } from "./create_task.ts";
import { runAt } from "../loop/core/async_context.ts";
import { wrongType } from "../loop/core/validate.ts";

/**
 * How long, in seconds, the end of a program waits for tasks that await something foreign, which a cancellation does
 * not reach. A promise that never settles must not keep the program running.
 */
export const FOREIGN_GRACE = 2;

/** The signals that end a program in good order, and how long that may take. */
export class Interruption {
  readonly signals: ReadonlySet<Deno.Signal>;
  /** The number of seconds from the first signal until the process is ended; `null` for no limit. */
  readonly #grace: number | null;
  #endGrace: (() => void) | null = null;

  constructor(signals: Iterable<Deno.Signal>, grace: number | null) {
    this.signals = new Set(signals);
    this.#grace = grace;
  }

  get isLimited(): boolean {
    return this.#grace !== null;
  }

  /** Begins the grace time of a signal, for the tasks of a loop. */
  begin(signal: Deno.Signal, loop: EventLoop): void {
    this.#endGrace?.();
    const grace = this.#grace;
    if (grace === null || grace > MAX_GRACE) return;
    this.#endGrace = callIfStillRunning(grace, () => {
      const names = [...allTasks(loop)].map((task) => task.getName());
      warn(
        `Exiting ${grace} s after ${signal}, at the end of the grace time: these tasks have not ended: ${
          firstOf(names)
        }`,
      );
      exit(exitCodeOf(signal));
    });
  }

  /** The program has ended in good order, or goes on. */
  end(): void {
    this.#endGrace?.();
    this.#endGrace = null;
  }
}

/** Joins names, of which there may be thousands. */
function firstOf(names: readonly string[]): string {
  const rest = names.length - MAX_NAMES;
  return names.slice(0, MAX_NAMES).join(", ") +
    (rest > 0 ? `, and ${rest} more` : "");
}

const MAX_NAMES = 10;

/** The maximum delay of `setTimeout`, in seconds. */
const MAX_GRACE = 2 ** 31 / 1000;

const givenUp = new WeakSet<Task<unknown>>();

/**
 * Returns whether an interrupt did not reach the task, so that the end of the program need not wait for it again.
 */
export function isGivenUp(task: Task<unknown>): boolean {
  return givenUp.has(task);
}

/**
 * Runs a loop until its main task is done. The first of the signals cancels the task, and a `KeyboardInterrupt` is
 * thrown; the second one exits the process.
 */
export async function runInterruptibly<T>(
  loop: EventLoop,
  task: Task<T>,
  interruption: Interruption,
): Promise<T> {
  const interrupts = new Interrupts(loop, task, interruption);
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
  throw makeKeyboardInterrupt(interrupts.signal!, options, loop.getDebug());
}

/** The signals received while a task is the main task. */
class Interrupts {
  /** Whether the interrupts take effect however the task ended, even if it has not ended. */
  areFinal = false;
  /** The first signal. */
  signal: Deno.Signal | null = null;
  readonly #loop: EventLoop;
  readonly #task: Task<unknown>;
  readonly #interruption: Interruption;
  readonly #listeners = new Map<Deno.Signal, () => void>();
  #patience: TimerHandle | null = null;

  constructor(
    loop: EventLoop,
    task: Task<unknown>,
    interruption: Interruption,
  ) {
    this.#loop = loop;
    this.#task = task;
    this.#interruption = interruption;
    const scheduler = schedulerOf(loop);
    // A worker would take the signal away from the main thread.
    if (isWorker()) return;
    for (const signal of interruption.signals) {
      // Deno calls listeners in the async context in which the first one was added.
      const listener = () =>
        callOutsideTasks(scheduler, () => this.#onSignal(signal));
      try {
        addSignalListener(signal, listener);
        this.#listeners.set(signal, listener);
      } catch {
        // The signal is not supported here.
      }
    }
  }

  ignore(): void {
    this.#patience?.cancel();
    for (const [signal, listener] of this.#listeners) {
      removeSignalListener(signal, listener);
    }
  }

  /** Returns whether an interrupt, and nothing else, ended the task with `error`. */
  ended(error: unknown): boolean {
    return this.signal !== null && cancellationIn(error) !== null &&
      this.#task.uncancel() === 0;
  }

  #onSignal(signal: Deno.Signal): void {
    // A handler that the program installed replaces this one.
    if (isSignalHandled(signal)) return;
    if (this.signal !== null) exit(exitCodeOf(signal));
    this.signal = signal;
    this.#interruption.begin(signal, this.#loop);
    if (this.#task.done()) {
      this.areFinal = true;
      return;
    }
    this.#task.cancel();
    // With a limit of its own, the program may take until then.
    if (this.#interruption.isLimited) return;
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

/** The interrupts that were thrown, their exit codes, and whether to print their stacks. */
const thrownInterrupts = new WeakMap<
  KeyboardInterrupt,
  { code: number; debug: boolean }
>();
/** Whether the handler that exits quietly for these interrupts is installed. */
let isRejectionWatched = false;

/** Creates the error for a signal. A program that does not catch it exits as interrupted, not as failed. */
function makeKeyboardInterrupt(
  signal: Deno.Signal,
  options: ErrorOptions,
  debug: boolean,
): KeyboardInterrupt {
  const interrupt = new KeyboardInterrupt(`Interrupted by ${signal}`, options);
  thrownInterrupts.set(interrupt, { code: exitCodeOf(signal), debug });
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
  exit(known.code);
}

/** Throws unless `signal` is the name of one, or is left out. */
export function assertDumpOn(signal: unknown): void {
  if (signal === undefined) return;
  if (typeof signal === "string" && /^SIG[A-Z0-9]+$/.test(signal)) return;
  throw wrongType(
    "The dumpOn option",
    'the name of a signal, such as "SIGQUIT"',
    signal,
  );
}

/**
 * Prints the tree of tasks at each signal, that of the option or the one that ASYNCIO_DUMP in the environment asks for.
 * Returns a function that ends it.
 */
export function dumpOnSignal(option: Deno.Signal | undefined): () => void {
  const signal = option ?? signalOfEnvironment();
  if (signal === null || isWorker()) return () => {};
  let dump: (() => Promise<void>) | null = null;
  let stopAges: (() => void) | null = null;
  let isOver = false;
  const onSignal = () => void dump?.();
  try {
    runAt(undefined, () => addSignalListener(signal, onSignal), undefined);
  } catch (error) {
    if (option !== undefined) throw error;
    return () => {};
  }
  // Now: when the program hangs, there may be no free file descriptor to load it.
  import("../loop/core/introspection/dump.ts").then((loaded) => {
    if (isOver) return;
    dump = loaded.dump;
    stopAges = loaded.recordAges();
  });
  return () => {
    isOver = true;
    removeSignalListener(signal, onSignal);
    stopAges?.();
  };
}

function signalOfEnvironment(): Deno.Signal | null {
  const value = readableEnv("ASYNCIO_DUMP") ?? "";
  if (value === "" || value === "0") return null;
  if (value.startsWith("SIG")) return value as Deno.Signal;
  return OS === "windows" ? "SIGBREAK" : "SIGQUIT";
}
