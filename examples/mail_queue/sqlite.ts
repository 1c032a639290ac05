// Copyright 2026 the asyncio for Deno authors. MIT license.

import { SqliteStore, type Store } from "@asyncio/asyncio/durable";

/** Opens a file in the current directory. */
export function openStore(): { store: Store } & AsyncDisposable {
  const store = new SqliteStore("mail.db");
  return {
    store,
    [Symbol.asyncDispose]: () => Promise.resolve(store.close()),
  };
}
