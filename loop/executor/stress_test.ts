// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import {
  BrokenExecutor,
  CancelledError,
  type Future,
  run,
  sleep,
  WorkerExecutor,
} from "../../mod.ts";
import { Random } from "../../tests/differential/random.ts";
import { countingWorkers } from "../../tests/doubles/workers.ts";

const JOBS = 500;
const MAX_WORKERS = 3;

type Kind = "return" | "throw" | "exit" | "timer" | "call" | "spin";
const KINDS: Kind[] = ["return", "throw", "exit", "timer", "call", "spin"];

async function job(
  kind: Kind,
  n: number,
  call: (n: number) => number | PromiseLike<number>,
): Promise<number> {
  if (kind === "throw") throw new RangeError(String(n));
  if (kind === "exit") Deno.exit(n);
  if (kind === "timer") {
    setTimeout(() => {
      throw new RangeError(String(n));
    });
    await new Promise(() => {});
  }
  if (kind === "spin") { for (let i = 0; i < 100_000; i++); }
  return kind === "call" ? await call(n) : n;
}

/** Returns whether a kind of job may have an outcome. */
function isAsExpected(kind: Kind, n: number, end: unknown): boolean {
  if (end instanceof CancelledError) return true;
  if (kind === "throw") {
    return end instanceof RangeError && end.message === String(n);
  }
  if (kind === "exit" || kind === "timer") return end instanceof BrokenExecutor;
  return end === n;
}

for (const seed of [1, 2, 3]) {
  Deno.test(`WorkerExecutor settles every job of a random mix (${seed})`, () =>
    countingWorkers(async (count) => {
      const random = new Random(seed);
      await run(async () => {
        const pool = new WorkerExecutor({ maxWorkers: MAX_WORKERS });
        const jobs: [Kind, Future<number>][] = [];
        for (let n = 0; n < JOBS; n++) {
          // Starting a worker takes longer than most jobs.
          const kind = random.chance(0.1) ? random.choose(KINDS) : "return";
          const future = pool.run(job, [kind, n, async (n) => {
            await sleep(0);
            return n;
          }], { terminateOnCancel: random.chance(0.1) });
          jobs.push([kind, future]);
          if (random.chance(0.2)) {
            random.choose(jobs)[1].cancel();
          }
          if (random.chance(0.1)) await sleep(0);
          if (random.chance(0.02)) await jobs.at(-1)![1].catch(() => {});
        }
        for (const [n, [kind, future]] of jobs.entries()) {
          const end = await future.catch((error) => error);
          assert(
            isAsExpected(kind, n, end),
            `Job ${n}, which was to ${kind}, ended with ${end}`,
          );
        }
        await pool.shutdown();
      });
      assert(count.peak <= MAX_WORKERS);
      assertEquals(count.alive, 0);
    }));
}
