// Copyright 2026 the asyncio for Deno authors. MIT license.

import pg from "npm:pg@^8";
import { Logger, makeWorkerUtils, run } from "npm:graphile-worker@^0.18";
import type { Contestant } from "./contest.ts";

/** graphile-worker, with its own workers. */
export async function graphileWorker(
  options: pg.PoolConfig,
): Promise<Contestant> {
  const pgPool = new pg.Pool(options);
  const logger = new Logger(() => () => {});
  const utils = await makeWorkerUtils({ pgPool, logger });
  await utils.migrate();
  return {
    name: "graphile-worker",
    server: "PostgreSQL",
    async putEach(count) {
      for (let n = 0; n < count; n++) await utils.addJob("bench", { n });
    },
    async putConcurrently(count) {
      let n = 0;
      const produce = async () => {
        while (n < count) await utils.addJob("bench", { n: n++ });
      };
      await Promise.all(Array.from({ length: 100 }, produce));
    },
    async putMany(count) {
      await utils.addJobs(
        Array.from({ length: count }, (_, n) => ({
          identifier: "bench",
          payload: { n },
        })),
      );
    },
    async work(count, concurrency) {
      let left = count;
      const { promise, resolve } = Promise.withResolvers<void>();
      const runner = await run({
        pgPool,
        logger,
        concurrency,
        noHandleSignals: true,
        taskList: {
          bench() {
            if (--left === 0) resolve();
          },
        },
      });
      await promise;
      await runner.stop();
    },
    async close() {
      await utils.release();
      await pgPool.end();
    },
  };
}
