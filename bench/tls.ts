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

import { contest, type Contestant } from "./network/contest.ts";
import { runClient } from "./network/peer.ts";
import { isQuick } from "./report.ts";

const SECONDS = isQuick ? 0.1 : 0.5;
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
    await contest(
      `${size} B over TLS`,
      CONTESTANTS,
      async ({ port }) => {
        const load = [size, CONNECTIONS, SECONDS];
        const rate = await runClient("exchange over TLS", port, ...load);
        return { rate, count: rate * SECONDS };
      },
    );
  }
}

if (import.meta.main) await main();
