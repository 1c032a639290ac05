// Copyright 2026 the asyncio for Deno authors. MIT license.

import pg from "npm:pg@^8";
import {
  PostgresStore,
  SqliteStore,
  type Store,
} from "../../queues/durable/mod.ts";

/** A store of a program, and how to end with it. */
export interface OpenStore {
  readonly store: Store;
  readonly close: () => Promise<void>;
}

/** Connects to the server of a test. */
export function poolOf(port: number, max = 4): pg.Pool {
  const pool = new pg.Pool({
    host: "127.0.0.1",
    port,
    user: "postgres",
    database: "postgres",
    max,
  });
  // A connection that is lost while it is idle.
  pool.on("error", () => {});
  return pool;
}

/** Opens a store: `"sqlite"` at a path, or `"postgres"` at a port. */
export function openStore(kind: string, where: string): OpenStore {
  if (kind === "sqlite") {
    const store = new SqliteStore(where, { poll: 0.02 });
    return { store, close: () => Promise.resolve(store.close()) };
  }
  const pool = poolOf(Number(where));
  const store = new PostgresStore((text, values) => pool.query(text, values), {
    poll: 0.1,
  });
  return {
    store,
    async close() {
      await store.close();
      await pool.end();
    },
  };
}
