// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Echo over TCP: protocols and streams against bare loops of `read` and `write`, and against asyncio.
 *
 * ```sh
 * deno run -A bench/echo.ts
 * ```
 *
 * @module
 */

import { contest, type Contestant } from "./network/contest.ts";
import { isQuick } from "./report.ts";
import { runClient, type Server } from "./network/peer.ts";

const SECONDS = isQuick ? 0.1 : 1;
const LOADS = [
  { size: 64, connections: 32 },
  { size: 1024, connections: 32 },
  { size: 16 * 1024, connections: 32 },
  { size: 64 * 1024, connections: 32 },
  { size: 64, connections: 1000 },
];

const FRESH = "bare, fresh bytes";
const ONE_BUFFER = "bare, one buffer";

const CONTESTANTS: Contestant[] = [
  { server: FRESH },
  {
    server: "Protocol",
    against: [
      { server: FRESH, goal: 0.82 },
      { server: "asyncio Protocol", goal: 1 },
    ],
  },
  { server: "Protocol, send", against: [{ server: FRESH, goal: 0.88 }] },
  {
    server: "streams",
    against: [
      { server: FRESH, goal: 0.85 },
      { server: "asyncio streams", goal: 1 },
    ],
  },
  {
    server: "streams, readInto and send",
    against: [
      { server: ONE_BUFFER, goal: 0.8 },
      { server: "asyncio streams", goal: 1.1 },
    ],
  },
  { server: ONE_BUFFER },
  {
    server: "BufferedProtocol",
    against: [
      { server: ONE_BUFFER, goal: 0.85 },
      { server: "asyncio BufferedProtocol", goal: 1 },
    ],
  },
  { server: "asyncio Protocol", isPython: true },
  { server: "asyncio BufferedProtocol", isPython: true },
  { server: "asyncio streams", isPython: true },
];

const LINES: Contestant[] = [
  { server: "bare, web lines" },
  {
    server: "streams, lines",
    against: [
      { server: "bare, web lines", goal: 2 },
      { server: "asyncio streams, lines", goal: 1 },
    ],
  },
  { server: "asyncio streams, lines", isPython: true },
];

async function exchange(
  { port }: Server,
  ...args: (string | number)[]
): Promise<{ rate: number; count: number }> {
  const [kind, ...rest] = args;
  const rate = await runClient(kind!, port, ...rest, SECONDS);
  return { rate, count: rate * SECONDS };
}

/** Measures and prints. */
export async function main(): Promise<void> {
  for (const { size, connections } of LOADS) {
    await contest(
      `${size} B, ${connections} connections`,
      CONTESTANTS,
      (server) => exchange(server, "exchange", size, connections),
    );
  }
  await contest(
    "five short lines, 32 connections",
    LINES,
    (server) => exchange(server, "lines", 32),
  );
}

if (import.meta.main) await main();
