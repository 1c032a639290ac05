// Copyright 2026 the asyncio for Deno authors. MIT license.

import { messageOf, registerErrorClass } from "../../loop/core/errors.ts";

/**
 * The lease of a job is lost: it expired, and another worker has the job or may have it.
 *
 * @example Usage
 * ```ts
 * import { run, sleep } from "@asyncio/asyncio";
 * import { DurableQueue, LeaseLost, MemoryStore } from "@asyncio/asyncio/durable";
 * import { VirtualTimeLoop } from "@asyncio/asyncio/testing";
 * import { assertRejects } from "@std/assert";
 *
 * const loop = new VirtualTimeLoop();
 * await run(async () => {
 *   const store = new MemoryStore();
 *   const queue = new DurableQueue<string>("mail", store, { lease: 30 });
 *   await queue.put("hello");
 *   const job = await queue.get();
 *   loop.advance(60); // as a laptop that sleeps
 *   const other = new DurableQueue<string>("mail", store);
 *   const again = await other.get();
 *   await assertRejects(() => job.done(), LeaseLost);
 *   await again.done();
 * }, { loopFactory: () => loop });
 * ```
 *
 * @category Durable queues
 */
export class LeaseLost extends Error {
  /**
   * Constructs a new instance.
   *
   * @param message What failed.
   * @param options The `cause` of the error.
   */
  constructor(message?: string, options?: ErrorOptions) {
    super(messageOf(message), options);
    this.name = "LeaseLost";
  }
}

registerErrorClass(LeaseLost);

/**
 * The store of a queue cannot be reached. The call may or may not have had its effect.
 *
 * @example Usage
 * ```ts
 * import { DurableQueue, MemoryStore, StoreDown } from "@asyncio/asyncio/durable";
 * import { assertRejects } from "@std/assert";
 *
 * class BrokenStore extends MemoryStore {
 *   override put(): never {
 *     throw new StoreDown("The connection is refused");
 *   }
 * }
 *
 * const queue = new DurableQueue("mail", new BrokenStore(), { whenDown: "throw" });
 * await assertRejects(async () => await queue.put("hello"), StoreDown);
 * ```
 *
 * @category Durable queues
 */
export class StoreDown extends Error {
  /**
   * Constructs a new instance.
   *
   * @param message What failed.
   * @param options The `cause` of the error.
   */
  constructor(message?: string, options?: ErrorOptions) {
    super(messageOf(message), options);
    this.name = "StoreDown";
  }
}

registerErrorClass(StoreDown);
