// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * The HTTP server of the examples against the least that a server on streams can do, and against `Deno.serve()`.
 *
 * ```sh
 * deno run -A bench/http.ts
 * ```
 *
 * @module
 */

import { contest, type Contestant, contestOfRates } from "./network/contest.ts";
import { runClient } from "./network/peer.ts";
import { isQuick } from "./report.ts";

const SECONDS = isQuick ? 0.1 : 0.5;
const CONNECTIONS = 32;

const CONTESTANTS: Contestant[] = [
  { server: "streams, minimal HTTP" },
  {
    server: "HTTP example",
    against: [{ server: "streams, minimal HTTP", goal: 0.55 }],
  },
  { server: "Deno.serve" },
];

/** Measures and prints. */
export async function main(): Promise<void> {
  await contestOfRates("requests", CONTESTANTS, "ask", CONNECTIONS);
  await contest(
    "requests without keep-alive",
    CONTESTANTS,
    async ({ port }) => {
      const rate = await runClient("ask once", port, CONNECTIONS, SECONDS);
      return { rate, count: rate * SECONDS };
    },
  );
}

if (import.meta.main) await main();
