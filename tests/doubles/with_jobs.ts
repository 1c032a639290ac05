// Copyright 2026 the asyncio for Deno authors. MIT license.

import { run, WorkerExecutor } from "../../mod.ts";

/** The type of the module of jobs. */
export type Jobs = typeof import("./jobs.ts");

/** The address of the module of jobs. */
export const JOBS = new URL("./jobs.ts", import.meta.url);

/** Runs a test with an executor of one worker that has loaded the jobs. */
export function withJobs(
  body: (pool: WorkerExecutor<Jobs>) => Promise<void>,
): () => Promise<void> {
  return () =>
    run(async () => {
      await using pool = new WorkerExecutor<Jobs>(JOBS, { maxWorkers: 1 });
      await body(pool);
    });
}
