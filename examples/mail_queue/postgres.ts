// Copyright 2026 the asyncio for Deno authors. MIT license.

import pg from "npm:pg@^8";
import { PostgresStore, type Store } from "@asyncio/asyncio/durable";

/** Connects as the environment says: PGHOST, PGPORT, PGUSER, PGDATABASE. */
export function openStore(): { store: Store } & AsyncDisposable {
  const pool = new pg.Pool();
  // A connection that is lost while it is idle.
  pool.on("error", () => {});
  const store = new PostgresStore((text, values) => pool.query(text, values));
  return { store, [Symbol.asyncDispose]: () => pool.end() };
}
