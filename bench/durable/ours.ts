// Copyright 2026 the asyncio for Deno authors. MIT license.

import pg from "npm:pg@^8";
import { connect } from "npm:nats@^2";
import { createTask, gather } from "../../mod.ts";
import {
  DurableQueue,
  JetStreamStore,
  MemoryStore,
  PostgresStore,
  SqliteStore,
  type Store,
  worker,
} from "../../queues/durable/mod.ts";
import type { Contestant } from "./contest.ts";

/** The number of tasks that put at a time. */
const PRODUCERS = 100;

/** This library on a store. */
function ours(
  server: string,
  store: Store,
  close: () => Promise<void>,
): Contestant {
  const open = () => new DurableQueue<{ n: number }>("bench", store);
  const queue = open();
  return {
    name: "ours",
    server,
    async putEach(count) {
      for (let n = 0; n < count; n++) await queue.put({ n });
    },
    async putConcurrently(count) {
      let n = 0;
      const produce = async () => {
        while (n < count) await queue.put({ n: n++ });
      };
      await gather(Array.from({ length: PRODUCERS }, () => produce));
    },
    async putMany(count) {
      await queue.putMany(Array.from({ length: count }, (_, n) => ({ n })));
    },
    async work(count, concurrency) {
      const each = open();
      let left = count;
      const working = createTask(() =>
        worker(each, () => {
          if (--left === 0) each.shutdown();
        }, { concurrency })
      );
      await working;
      await each.shutdown();
    },
    async close() {
      await queue.shutdown();
      await close();
    },
  };
}

export function oursInMemory(): Contestant {
  return ours("memory", new MemoryStore(), () => Promise.resolve());
}

export function oursOnSqlite(path: string): Contestant {
  const store = new SqliteStore(path);
  return ours("SQLite", store, () => Promise.resolve(store.close()));
}

export function oursOnPostgres(options: pg.PoolConfig): Contestant {
  const pool = new pg.Pool(options);
  const store = new PostgresStore((text, values) => pool.query(text, values), {
    listen: async (channel, notify, lost) => {
      const client = await pool.connect();
      client.on(
        "notification",
        ({ payload }: pg.Notification) => notify(payload),
      );
      client.on("error", lost);
      await client.query(`LISTEN ${channel}`);
      return () => client.release(true);
    },
  });
  return ours("PostgreSQL", store, async () => {
    await store.close();
    await pool.end();
  });
}

export async function oursOnNats(port: number): Promise<Contestant> {
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  return ours("NATS", new JetStreamStore(connection), () => connection.close());
}
