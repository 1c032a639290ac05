// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Queue, Worker } from "npm:bullmq@^5";
import type { Contestant } from "./contest.ts";

/** BullMQ on Redis, which by default writes to the disk once a second. */
export function bullmq(port: number): Contestant {
  const connection = { host: "127.0.0.1", port };
  const queue = new Queue("bench", {
    connection,
    defaultJobOptions: { removeOnComplete: true },
  });
  return {
    name: "BullMQ",
    server: "Redis",
    async putEach(count) {
      for (let n = 0; n < count; n++) await queue.add("bench", { n });
    },
    async putConcurrently(count) {
      let n = 0;
      const produce = async () => {
        while (n < count) await queue.add("bench", { n: n++ });
      };
      await Promise.all(Array.from({ length: 100 }, produce));
    },
    async putMany(count) {
      await queue.addBulk(
        Array.from({ length: count }, (_, n) => ({
          name: "bench",
          data: { n },
        })),
      );
    },
    async work(count, concurrency) {
      let left = count;
      const { promise, resolve } = Promise.withResolvers<void>();
      const worker = new Worker("bench", () => {
        if (--left === 0) resolve();
        return Promise.resolve();
      }, { connection, concurrency });
      await promise;
      await worker.close();
    },
    async close() {
      await queue.close();
    },
  };
}
