// Copyright 2026 the asyncio for Deno authors. MIT license.

/** How many web workers there are. */
export interface WorkerCount {
  /** How many were started. */
  started: number;
  /** How many run. */
  alive: number;
  /** How many ran at once at most. */
  peak: number;
}

/**
 * Calls a function and counts the web workers that it starts.
 *
 * @param fn The function, which gets the count.
 */
export async function countingWorkers(
  fn: (count: WorkerCount) => Promise<void>,
): Promise<void> {
  const count: WorkerCount = { started: 0, alive: 0, peak: 0 };
  const Original = Worker;
  globalThis.Worker = class extends Original {
    #ended = false;

    constructor(specifier: string | URL, options?: WorkerOptions) {
      super(specifier, options);
      count.started++;
      count.peak = Math.max(count.peak, ++count.alive);
    }

    override terminate(): void {
      super.terminate();
      if (!this.#ended) count.alive--;
      this.#ended = true;
    }
  };
  try {
    await fn(count);
  } finally {
    globalThis.Worker = Original;
  }
}

/** A job that says when it has begun, and ends when it is let go. For a pool, with two arguments. */
export async function held(
  begun: () => unknown,
  go: () => unknown,
): Promise<string> {
  await begun();
  await go();
  return "let go";
}
