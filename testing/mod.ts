// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Tools for testing concurrent code: virtual time, exploration of schedules, cancellation at every `await`, an
 * in-memory network, checks for stores of durable queues.
 *
 * @example Usage
 * ```ts
 * import { sleep, timeout, TimeoutError } from "@asyncio/asyncio";
 * import { inVirtualTime } from "@asyncio/asyncio/testing";
 * import { assertRejects } from "@std/assert";
 *
 * Deno.test(
 *   "An hour is too long",
 *   inVirtualTime(async () => {
 *     await assertRejects(() => timeout(3600, () => sleep(7200)), TimeoutError);
 *   }),
 * );
 * ```
 *
 * @module
 */

import "../loop/preload.ts";

export {
  cancelEverywhere,
  type CancelEverywhereOptions,
  type CancellationScenario,
  type MakeScenario,
} from "./cancel_everywhere.ts";
export { checkStore, type CheckStoreOptions } from "./check_store.ts";
export { ExplorationError } from "./exploration_error.ts";
export { type Exploration, explore, type ExploreOptions } from "./explore.ts";
export { HangError } from "./hang_error.ts";
export { inVirtualTime, type InVirtualTimeOptions } from "./in_virtual_time.ts";
export {
  MemoryNetwork,
  type MemoryNetworkOptions,
  type NetworkEvent,
} from "./network/memory_network.ts";
export type { FaultKind, FaultOptions } from "./network/_fault_injector.ts";
export { Trial } from "./trial.ts";
export {
  VirtualTimeLoop,
  type VirtualTimeOptions,
} from "./virtual_time_loop.ts";
