// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  awaitFuture,
  dependencies,
  dependentsOf,
  describe,
  Future,
  isInline,
  settle,
  type Settlement,
  settleNow,
  waitsForOthers,
  withCancellation,
  withError,
  withResult,
} from "./future.ts";
import { asRelay, type Relay, relayCancellation } from "./_relay.ts";
import { shareContext } from "./context.ts";
import { currentTaskState, TaskState } from "./task_state.ts";
import type { Scheduler } from "./scheduler.ts";
import { Task } from "./task.ts";

/** A promise that is resolved with this stays pending. */
const FOREVER: PromiseLike<never> = { then: () => FOREVER };

/** The function that `then` of a pending call returns. */
let awaitTraceably: typeof awaitFuture;

/** Returns the name and the state of an inline call; `null` for any other future. */
export let inlineCallOf: (
  future: object,
) => { name: string; state: TaskState } | null;

/**
 * The future of an async function of the library, which can be cancelled by itself.
 *
 * It begins at once, in the step of its caller, and at its end the code that awaits it continues in the same step. So
 * the order of events is as if its code stood in place of the call, as in asyncio. It has its own root scope, outside
 * the scopes of the caller; awaiting it relays their requests to it.
 */
class InlineCall<T> extends Future<T> {
  readonly #name: string;
  readonly #body: TaskState;
  /** A promise that ends with the body, until the call is awaited. */
  #ended: PromiseLike<unknown> | null = null;

  static {
    inlineCallOf = (future) =>
      future instanceof InlineCall
        ? { name: future.#name, state: future.#body }
        : null;
    awaitTraceably = function (onFulfilled, onRejected) {
      const call = this as InlineCall<unknown>;
      InlineCall.#leadTo(call, onFulfilled);
      return awaitFuture.call(call, onFulfilled, onRejected);
    };
  }

  constructor(scheduler: Scheduler, name: string, fn: () => PromiseLike<T>) {
    super(scheduler);
    this.#name = name;
    this.#body = new TaskState(scheduler, this, currentTaskState());
    shareContext(this.#body);
    scheduler.began(this.#body);
    this.#body.run(InlineCall.#run, { call: this, fn });
  }

  /** @ignore */
  override get then(): Promise<T>["then"] {
    const then = super.then;
    return this.done() ? then : awaitTraceably as Promise<T>["then"];
  }

  get caller(): Task<unknown> | null {
    const { task } = this.#body.owner;
    return task instanceof Task ? task : null;
  }

  override cancel(msg?: string): boolean {
    if (this.done()) return false;
    if (!this.#body.isBeingCancelled) relayCancellation(this.#body, msg);
    return true;
  }

  /** @ignore */
  override get [asRelay](): Relay | null {
    return this.done() || this.#body.isBeingCancelled ? null : this.#body;
  }

  /** @ignore */
  override get [waitsForOthers](): boolean {
    return this.#body.waiting > 0;
  }

  /** @ignore */
  override [dependencies](): Iterable<Future<unknown>> {
    return this.done() ? [] : this.#body.dependencies();
  }

  /** @ignore */
  override get [isInline](): boolean {
    return true;
  }

  override toString(): string {
    return describe(this as Future<unknown>, this.#name);
  }

  static #run<T>(
    this: void,
    { call, fn }: { call: InlineCall<T>; fn: () => PromiseLike<T> },
  ): void {
    call.#ended = fn().then(
      (value) => call.#end(withResult(value)),
      (error) => {
        const cancellation = call.#body.cancellationIn(error);
        call.#end(
          cancellation === null
            ? withError(error)
            : withCancellation(cancellation),
        );
      },
    );
  }

  /**
   * Leads the engine from the body to the code that awaits the call, so that the stack of an error in the body names
   * the functions of the program, too. The engine follows a promise to what it resolves, if that is all that waits for
   * it: so it goes from the end of the body over a promise that stays pending to the promise of the `await`.
   */
  static #leadTo(
    call: InlineCall<unknown>,
    resolve: ((value: unknown) => unknown) | null | undefined,
  ): void {
    if (call.#ended === null) return;
    // The function that resolves the promise is what the engine follows.
    const pending = new Promise<unknown>((follow) => {
      follow(FOREVER);
      call.#ended!.then(follow);
    });
    pending.then(resolve);
    // Where several wait, the engine follows none.
    call.#ended = null;
  }

  #end(settlement: Settlement): void {
    const body = this.#body;
    const { scheduler } = body;
    body.finish();
    if (!scheduler.isOpen(body)) {
      settle(this, settlement);
    } else if (settleNow(this as Future<unknown>, settlement)) {
      // The code that awaits it continues in the same step.
      scheduler.handOver(body);
    } else {
      scheduler.ended(body);
    }
  }
}

/** Returns the task that made an inline call; `null` for a call from outside tasks and for any other future. */
export function callerOf(future: Future<unknown>): Task<unknown> | null {
  return future instanceof InlineCall ? future.caller : null;
}

/** Returns the calls of a scheduler that no task awaits, directly or through other calls, oldest first. */
export function leftCalls(scheduler: Scheduler): Future<unknown>[] {
  return scheduler.unfinished()
    .filter((body) => body.caller !== undefined)
    .map((body) => body.task as Future<unknown>)
    .filter((call) => !isAwaitedByTask(call));
}

function isAwaitedByTask(call: Future<unknown>): boolean {
  const dependents = new Set([call]);
  for (const each of dependents) {
    if (each instanceof Task) return true;
    for (const next of dependentsOf(each)) dependents.add(next);
  }
  return false;
}

/**
 * Calls an async function of the library; the future that it returns can be cancelled by itself.
 *
 * @param scheduler The scheduler of the future.
 * @param name The name of the call in messages.
 * @param fn The function. It begins at once, and awaits only futures of this library.
 */
export function callInline<T>(
  scheduler: Scheduler,
  name: string,
  fn: () => PromiseLike<T>,
): Future<T> {
  return new InlineCall(scheduler, name, fn);
}
