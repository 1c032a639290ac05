// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Callback, RepeatedCall } from "./core/handle.ts";
import { RuntimeError } from "./core/errors.ts";
import { DENO_HOST } from "./core/host.ts";
import {
  addSignalListener,
  errors,
  OS,
  removeSignalListener,
} from "./core/runtime.ts";
import {
  callOutsideTasks,
  defaultScheduler,
  type Resource,
  type Scheduler,
} from "./core/scheduler.ts";
import { formatValue } from "./core/validate.ts";

/** All signals, with their numbers on Linux; which of them there are depends on the system. */
const NUMBERS: Readonly<Record<Deno.Signal, number>> = {
  SIGABRT: 6,
  SIGALRM: 14,
  SIGBREAK: 21,
  SIGBUS: 7,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGEMT: 0,
  SIGFPE: 8,
  SIGHUP: 1,
  SIGILL: 4,
  SIGINFO: 0,
  SIGINT: 2,
  SIGIO: 29,
  SIGKILL: 9,
  SIGPIPE: 13,
  SIGPOLL: 29,
  SIGPROF: 27,
  SIGPWR: 30,
  SIGQUIT: 3,
  SIGSEGV: 11,
  SIGSTKFLT: 16,
  SIGSTOP: 19,
  SIGSYS: 31,
  SIGTERM: 15,
  SIGTRAP: 5,
  SIGTSTP: 20,
  SIGTTIN: 21,
  SIGTTOU: 22,
  SIGUNUSED: 31,
  SIGURG: 23,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGVTALRM: 26,
  SIGWINCH: 28,
  SIGXCPU: 24,
  SIGXFSZ: 25,
};

/** Those that have other numbers on macOS and the BSDs. */
const BSD_NUMBERS: Readonly<Partial<Record<Deno.Signal, number>>> = {
  SIGBUS: 10,
  SIGCHLD: 20,
  SIGCONT: 19,
  SIGEMT: 7,
  SIGINFO: 29,
  SIGIO: 23,
  SIGSTOP: 17,
  SIGSYS: 12,
  SIGTSTP: 18,
  SIGURG: 16,
  SIGUSR1: 30,
  SIGUSR2: 31,
};

/** Returns the exit code of a process that a signal ended, as shells have it. */
export function exitCodeOf(signal: Deno.Signal): number {
  const isBsd = OS === "darwin" || OS.endsWith("bsd");
  return 128 + ((isBsd ? BSD_NUMBERS[signal] : undefined) ?? NUMBERS[signal]);
}

/** Signals that the system, or Deno, does not let programs handle. */
const UNCATCHABLE: ReadonlySet<Deno.Signal> = new Set([
  "SIGFPE",
  "SIGILL",
  "SIGKILL",
  "SIGSEGV",
  "SIGSTOP",
]);

/** The handlers of each signal, at most one for each loop. */
const handlers = new Map<Deno.Signal, Map<Scheduler, SignalHandler>>();

/** Calls a function at each signal of a kind, in place of the previous one. */
export function handleSignal(
  scheduler: Scheduler,
  signal: Deno.Signal,
  callback: Callback,
  args: unknown[],
): void {
  if (isWorker()) {
    throw new RuntimeError(
      "Cannot handle signals in a worker: only the main thread can",
    );
  }
  assertCatchable(signal);
  const call = new RepeatedCall(scheduler, callback, args);
  const handler = handlers.get(signal)?.get(scheduler);
  // A queued call came before, and still calls the old function.
  if (handler !== undefined) handler.call = call;
  else new SignalHandler(scheduler, signal, call);
}

/** Throws if the system, or Deno, does not let programs handle the signal. */
export function assertCatchable(signal: Deno.Signal): void {
  if (!UNCATCHABLE.has(signal)) return;
  throw new RuntimeError(`The signal ${signal} cannot be caught`);
}

/** Removes that function; returns `false` if there was none. */
export function unhandleSignal(
  scheduler: Scheduler,
  signal: Deno.Signal,
): boolean {
  const handler = handlers.get(signal)?.get(scheduler);
  handler?.abandon();
  return handler !== undefined;
}

/** Whether any loop has a handler for the signal. */
export function isSignalHandled(signal: Deno.Signal): boolean {
  return handlers.has(signal);
}

/** Throws unless `signal` is the name of a signal. */
export function assertSignal(method: string, signal: unknown): void {
  const expected = `${method}() takes the name of a signal, such as "SIGINT"`;
  if (typeof signal !== "string") {
    throw new TypeError(`${expected}: received ${formatValue(signal)}`);
  }
  if (!Object.hasOwn(NUMBERS, signal)) {
    throw new RangeError(`${expected}: received "${signal}"`);
  }
}

/** Whether this is not the main thread. Only the main thread handles signals, as in asyncio. */
export function isWorker(): boolean {
  // `WorkerGlobalScope` itself is missing in a worker of `node:worker_threads`.
  return Object.prototype.toString.call(globalThis) ===
    "[object DedicatedWorkerGlobalScope]";
}

/** The handler that a loop has for a signal. */
class SignalHandler implements Resource {
  readonly #scheduler: Scheduler;
  readonly #signal: Deno.Signal;
  call: RepeatedCall;
  /** Stops keeping the program running. */
  readonly #release: () => void;

  constructor(scheduler: Scheduler, signal: Deno.Signal, call: RepeatedCall) {
    this.#scheduler = scheduler;
    this.#signal = signal;
    this.call = call;
    try {
      addSignalListener(signal, this.#onSignal);
    } catch (cause) {
      throw new errors.NotSupported(
        `addSignalHandler() is not supported for ${signal} on ${Deno.build.os}`,
        { cause },
      );
    }
    const others = handlers.get(signal);
    if (others === undefined) {
      handlers.set(signal, new Map([[scheduler, this]]));
    } else others.set(scheduler, this);
    scheduler.resources.add(this);
    // A Deno listener does not keep the program alive, and a running loop may wait for nothing else.
    this.#release = scheduler === defaultScheduler()
      ? () => {}
      : DENO_HOST.timer(() => {}, Infinity);
  }

  abandon(): void {
    this.#release();
    removeSignalListener(this.#signal, this.#onSignal);
    this.call.cancel();
    const all = handlers.get(this.#signal)!;
    all.delete(this.#scheduler);
    if (all.size === 0) handlers.delete(this.#signal);
    this.#scheduler.resources.delete(this);
  }

  // Deno calls in the async context that first listened for the signal.
  readonly #onSignal = (): void => {
    callOutsideTasks(this.#scheduler, () => this.call.enqueue());
  };
}
