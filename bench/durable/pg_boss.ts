// Copyright 2026 the asyncio for Deno authors. MIT license.

import type pg from "npm:pg@^8";
import { PgBoss } from "npm:pg-boss@^12";
import type { Contestant } from "./contest.ts";

/**
 * pg-boss. Its own workers wait half a second at least before they fetch again, so that here each worker is a loop of
 * `fetch()` and `complete()`, as its documentation has it to control the pace yourself.
 */
export async function pgBoss(options: pg.PoolConfig): Promise<Contestant> {
  const boss = new PgBoss({
    host: options.host!,
    port: options.port!,
    user: options.user!,
    database: options.database!,
    max: options.max!,
    supervise: false,
    schedule: false,
  });
  await boss.start();
  await boss.createQueue("bench");
  return {
    name: "pg-boss",
    server: "PostgreSQL",
    async putEach(count) {
      for (let n = 0; n < count; n++) await boss.send("bench", { n });
    },
    async putConcurrently(count) {
      let n = 0;
      const produce = async () => {
        while (n < count) await boss.send("bench", { n: n++ });
      };
      await Promise.all(Array.from({ length: 100 }, produce));
    },
    async putMany(count) {
      await boss.insert(
        "bench",
        Array.from({ length: count }, (_, n) => ({ data: { n } })),
      );
    },
    async work(count, concurrency) {
      let left = count;
      const work = async () => {
        while (left > 0) {
          const jobs = await boss.fetch("bench");
          for (const { id } of jobs) {
            await boss.complete("bench", id);
            left--;
          }
        }
      };
      await Promise.all(Array.from({ length: concurrency }, work));
    },
    async close() {
      await boss.stop({ graceful: false });
    },
  };
}
