// Copyright 2026 the asyncio for Deno authors. MIT license.

import { AsyncLocalStorage } from "node:async_hooks";
import { contextForCallback } from "../context.ts";
import type { EventLoop } from "../event_loop.ts";
import { type Future, observe } from "../future.ts";
import { callOutsideTasks, type Scheduler } from "../scheduler.ts";
import type { Task } from "../task.ts";
import type { CallMessage } from "./_messages.ts";

/**
 * The calls that a job in a worker makes of functions of the main program.
 *
 * They run in the async context in which the job was submitted, but outside its task.
 */
export class RemoteCalls {
  readonly #args: readonly unknown[];
  readonly #loop: EventLoop;
  readonly #answer: (call: number, task: Future<unknown>) => void;
  readonly #run: <T>(fn: () => T) => T;
  /** The tasks whose end the job waits for. */
  readonly #tasks = new Map<number, Task<unknown>>();

  /**
   * @param scheduler The scheduler of the job's loop.
   * @param args The job's arguments, which the functions and loops are among.
   * @param answer Tells the job what a call came to.
   */
  constructor(
    scheduler: Scheduler,
    args: readonly unknown[],
    answer: (call: number, task: Future<unknown>) => void,
  ) {
    this.#args = args;
    this.#loop = scheduler.loop;
    this.#answer = answer;
    let run: (<T>(fn: () => T) => T) | undefined;
    callOutsideTasks(scheduler, () => run = AsyncLocalStorage.snapshot());
    const context = contextForCallback();
    this.#run = context === null ? run! : (fn) => run!(() => context.run(fn));
  }

  /**
   * Makes a call.
   *
   * @throws {RuntimeError} If the loop is closed.
   */
  begin({ call, fn, loop, args }: CallMessage): void {
    const target = loop === null ? this.#loop : this.#args[loop] as EventLoop;
    const callee = this.#args[fn] as (...args: unknown[]) => unknown;
    this.#run(() => {
      if (call === null) {
        target.callSoonThreadsafe(() => callee(...args));
        return;
      }
      const task = target.createTask(() => callee(...args));
      this.#tasks.set(call, task);
      observe(task, () => {
        if (this.#tasks.delete(call)) this.#answer(call, task);
      });
    });
  }

  /** Cancels a call, unless it is over. */
  cancel(call: number): void {
    this.#tasks.get(call)?.cancel();
  }

  /** The job has ended: what it began and did not wait for goes on, and answers to nobody. */
  release(): void {
    this.#tasks.clear();
  }

  /** The job's worker has ended before the job did: who waited for the calls is gone. */
  cancelAll(): void {
    const tasks = [...this.#tasks.values()];
    this.#tasks.clear();
    for (const task of tasks) {
      if (!task.getLoop().isClosed()) task.cancel();
    }
  }
}
