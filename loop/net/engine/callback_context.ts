// Copyright 2026 the asyncio for Deno authors. MIT license.

import { AsyncLocalStorage } from "node:async_hooks";
import {
  callOutsideTasks,
  type Entry,
  execute,
  type Scheduler,
} from "../../scheduler.ts";

/**
 * The async context that the callbacks of a transport or a server run in: that of its creation, but
 * outside every task.
 *
 * A reaction to a promise of Deno's must be added in this context when it puts something into the
 * ready queue: in a task's context the scheduler would take it for the task itself, going on.
 */
export class CallbackContext {
  readonly scheduler: Scheduler;
  readonly #run: <T>(fn: () => T) => T;

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
    let run: (<T>(fn: () => T) => T) | undefined;
    callOutsideTasks(scheduler, () => run = AsyncLocalStorage.snapshot());
    this.#run = run!;
  }

  /** Calls a function in the context, at once. */
  run<T>(fn: () => T): T {
    return this.#run(fn);
  }

  /** Calls a function in the context, in its turn. */
  enqueue(callback: () => void): void {
    this.scheduler.enqueue(new Callback(this, callback));
  }
}

class Callback implements Entry {
  readonly #context: CallbackContext;
  readonly #callback: () => void;

  constructor(context: CallbackContext, callback: () => void) {
    this.#context = context;
    this.#callback = callback;
  }

  [execute](): boolean {
    this.#context.run(this.#callback);
    return false;
  }
}
