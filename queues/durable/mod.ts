// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Queues that outlive the program and reach past one machine, on a database or a message broker.
 *
 * Not part of the main entry: a program that imports `@asyncio/asyncio` or `/queues` loads none of this.
 *
 * @example Usage
 * ```ts
 * import { DurableQueue, MemoryStore } from "@asyncio/asyncio/durable";
 *
 * const queue = new DurableQueue<string>("mail", new MemoryStore());
 * await queue.put("hello", { key: "order 17" });
 * const job = await queue.get();
 * await job.done();
 * ```
 *
 * @module
 */

import "../../loop/preload.ts";

export {
  type DeadJob,
  DurableQueue,
  type DurableQueueOptions,
  type PutManyOptions,
  type PutOptions,
} from "./durable_queue.ts";
export {
  JetStreamStore,
  type JetStreamStoreOptions,
  type NatsConnection,
  type NatsMessage,
} from "./jet_stream_store.ts";
export { LeaseLost, StoreDown } from "./errors.ts";
export { Job, type RetryJobOptions } from "./job.ts";
export { MemoryStore } from "./memory_store.ts";
export {
  type PostgresListen,
  type PostgresQuery,
  PostgresStore,
  type PostgresStoreOptions,
} from "./postgres_store.ts";
export { SqliteStore, type SqliteStoreOptions } from "./sqlite_store.ts";
export type {
  Answer,
  Counts,
  DeadLetter,
  Guarantees,
  JobError,
  JobOutcome,
  Lease,
  Leases,
  LeaseToken,
  NewJob,
  QueueState,
  Settlement,
  Store,
  StoredResult,
} from "./store.ts";
export { worker, type WorkerOptions } from "./worker.ts";

// `deno run -A mod.ts ps STORE`: the queues of a store.
if (import.meta.main) {
  const { runCommand } = await import("./_command.ts");
  Deno.exitCode = await runCommand(Deno.args);
}
