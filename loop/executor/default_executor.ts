// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError } from "../core/errors.ts";
import { fulfil } from "../core/future.ts";
import type { Resource, Scheduler } from "../core/scheduler.ts";
import { warn } from "../core/warnings.ts";
import { wrapFuture } from "../core/wrap_future.ts";
import type { Executor } from "./executor.ts";
import { WorkerExecutor } from "./worker_executor.ts";

const executors = new WeakMap<Scheduler, DefaultExecutor>();

/** Returns the default executor of a loop. */
export function defaultExecutorOf(scheduler: Scheduler): DefaultExecutor {
  let executor = executors.get(scheduler);
  if (executor === undefined) {
    executor = new DefaultExecutor(scheduler);
    executors.set(scheduler, executor);
  }
  return executor;
}

/** The default executor of a loop, which is shut down with the loop. */
class DefaultExecutor implements Resource {
  readonly #scheduler: Scheduler;
  #executor: Executor | null = null;
  #isShutDown = false;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /**
   * Returns the executor, which is created on first use.
   *
   * @throws {RuntimeError} If it has been shut down.
   */
  get(): Executor {
    if (this.#isShutDown) {
      throw new RuntimeError("Executor shutdown has been called");
    }
    if (this.#executor === null) this.set(new WorkerExecutor());
    return this.#executor!;
  }

  set(executor: Executor): void {
    this.#executor = executor;
    this.#scheduler.resources.add(this);
  }

  /** Shuts down the executor and waits for its jobs. Terminates them after the timeout in seconds. */
  async shutdown(seconds: number | null): Promise<void> {
    this.#isShutDown = true;
    const executor = this.#executor;
    if (executor === null) return;
    if (!await this.#endsWithin(executor, seconds)) {
      warn(
        `The executor did not terminate its workers within ${seconds} seconds: they are terminated`,
      );
      if (executor instanceof WorkerExecutor) executor.terminateWorkers();
      else await executor.shutdown({ wait: false, cancelFutures: true });
    }
    this.#executor = null;
    this.#scheduler.resources.delete(this);
  }

  abandon(): void {
    this.#executor?.shutdown({ wait: false }).catch((exception) =>
      this.#scheduler.report({
        message: "The default executor failed to shut down",
        exception,
      })
    );
  }

  async #endsWithin(
    executor: Executor,
    seconds: number | null,
  ): Promise<boolean> {
    const { loop } = this.#scheduler;
    const ended = wrapFuture(executor.shutdown().then(() => true), { loop });
    const timer = seconds === null
      ? null
      : loop.callLater(seconds, () => ended.done() || fulfil(ended, false));
    try {
      return await ended;
    } finally {
      timer?.cancel();
    }
  }
}
