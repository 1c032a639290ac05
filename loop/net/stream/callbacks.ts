// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertDeno, errors } from "../../core/runtime.ts";
import { callOutsideTasks, type Scheduler } from "../../core/scheduler.ts";
import type { DatagramConnLike } from "../datagram_socket.ts";
import type { HostAddress } from "../options.ts";
import { captureContext } from "../../core/context.ts";
import { fail, fulfil, Future } from "../../core/future.ts";
import { type Runnable, runStep } from "../../core/call.ts";
import { awaitOutside, reactOnce } from "../../core/wrap_future.ts";

/** A simulated network, which replaces the system's for the loops that use it. */
export interface Network {
  /** Returns the address of a host. */
  addressOf(host: string): string;
  /** Connects to a host, optionally from a given address. */
  connect(
    to: HostAddress,
    from: HostAddress | null,
    signal: AbortSignal,
  ): Promise<Deno.Conn>;
  listen(at: HostAddress): Deno.Listener<Deno.Conn, Deno.NetAddr>;
  connectUnix(path: string, signal: AbortSignal): Promise<Deno.Conn>;
  listenUnix(path: string): Deno.Listener<Deno.Conn, Deno.UnixAddr>;
  bindDatagrams(at: HostAddress | null): DatagramConnLike;
}

const networks = new WeakMap<Scheduler, Network>();

/** Sets the simulated network of a loop. */
export function giveNetwork(scheduler: Scheduler, network: Network): void {
  networks.set(scheduler, network);
}

/** Returns the simulated network of a loop; `null` if it uses the system's. */
export function networkOf(scheduler: Scheduler): Network | null {
  return networks.get(scheduler) ?? null;
}

/** Throws if the loop has no network: the system's requires Deno. */
export function assertReachable(method: string, scheduler: Scheduler): void {
  if (!networks.has(scheduler)) assertDeno(method);
}

/** Throws if connections of the loop cannot be encrypted, which requires the system's network. */
export function assertCanEncrypt(method: string, scheduler: Scheduler): void {
  if (!networks.has(scheduler)) return;
  throw new errors.NotSupported(
    `TLS in ${method}() is not supported on a simulated network`,
  );
}

/**
 * The callback context of a transport or a server: the async context of its creation, with a copy of the context
 * variables, but outside any task.
 *
 * A reaction to a native promise must be added in this context if it adds to the ready queue. In a task's context,
 * the scheduler would take it for the task resuming.
 */
export class CallbackContext {
  readonly scheduler: Scheduler;
  readonly #run: <T>(fn: () => T) => T;

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
    this.#run = captureContext(scheduler);
  }

  /** Calls a function in the context immediately. */
  run<T>(fn: () => T): T {
    return this.#run(fn);
  }

  /** Calls a function in the context from the ready queue. */
  enqueue(callback: () => void): void {
    this.scheduler.call(this.#run, callback);
  }
}

/**
 * A turn in the ready queue for library code that stays in its own async context. `await turn` resumes as a step of
 * the scheduler, and the code ends the step with `scheduler.proceed()`. This costs a tenth of entering the context
 * again. One await at a time.
 */
export class Turn implements Runnable {
  readonly #scheduler: Scheduler;
  #resume: (() => void) | null = null;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  then(resume: () => void): void {
    this.#resume = resume;
    // A closed loop has no more turns.
    if (this.#scheduler.closed) this.skip();
    else this.#scheduler.enqueue(this);
  }

  /** Resumes immediately if the turn is awaited, as the loop is closed. */
  skip(): void {
    const resume = this.#resume;
    this.#resume = null;
    resume?.();
  }

  [runStep](): boolean {
    this.skip();
    return true;
  }
}

/** Starts a transport from the ready queue and waits for it. Closes the transport on cancellation. */
export async function startTransport(
  context: CallbackContext,
  transport: { start(): void; close(): void },
): Promise<void> {
  const made = new Future<void>({ loop: context.scheduler.loop });
  context.enqueue(() => {
    transport.start();
    if (!made.done()) made.setResult();
  });
  try {
    await made;
  } catch (error) {
    transport.close();
    throw error;
  }
}

/**
 * Returns a future for a Deno operation. A result that comes after the future was cancelled or the loop was closed
 * is passed to `discard`.
 */
export function completionOf<T>(
  scheduler: Scheduler,
  operation: Promise<T>,
  discard: (late: T) => void = () => {},
): Future<T> {
  return futureOf(scheduler, operation, discard, true);
}

/** Returns a future for a network operation, which may belong to a simulated network instead of Deno. */
export function networkCompletionOf<T>(
  scheduler: Scheduler,
  operation: Promise<T>,
  discard: (late: T) => void = () => {},
): Future<T> {
  const isOutside = networkOf(scheduler) === null;
  return futureOf(scheduler, operation, discard, isOutside);
}

function futureOf<T>(
  scheduler: Scheduler,
  operation: Promise<T>,
  discard: (late: T) => void,
  isOutside: boolean,
): Future<T> {
  const future = new Future<T>({ loop: scheduler.loop });
  const isTooLate = () => future.done() || scheduler.loop.isClosed();
  const reactions = {
    onFulfilled: (value: T) =>
      isTooLate() ? discard(value) : fulfil(future, value),
    onRejected: (error: unknown) => isTooLate() || fail(future, error),
  };
  callOutsideTasks(scheduler, () => {
    if (isOutside) awaitOutside(scheduler, operation, reactions);
    else reactOnce(operation, reactions);
  });
  return future;
}
