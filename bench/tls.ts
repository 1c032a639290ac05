// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Echo over TLS: protocols and streams against bare `node:tls`, and against asyncio. The best measure is how long
 * the server's core is busy with a message: encrypting keeps the client busy too.
 *
 * ```sh
 * deno run -A bench/tls.ts
 * ```
 *
 * @module
 */

import { type Contestant, contestOfRates } from "./network/contest.ts";

const CONNECTIONS = 32;

const against = [
  { server: "bare node:tls", goal: 0.8 },
  { server: "asyncio streams, TLS", goal: 1 },
];

const CONTESTANTS: Contestant[] = [
  { server: "bare node:tls" },
  { server: "Protocol, TLS", against },
  { server: "streams, TLS", against },
  { server: "asyncio streams, TLS", isPython: true },
];

/** Measures and prints. */
export async function main(): Promise<void> {
  for (const size of [64, 16 * 1024]) {
    const title = `${size} B over TLS`;
    const kind = "exchange over TLS";
    await contestOfRates(title, CONTESTANTS, kind, size, CONNECTIONS);
  }
}

if (import.meta.main) await main();
