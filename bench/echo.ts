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

import { type Contestant, contestOfRates } from "./network/contest.ts";

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

/** Measures and prints. */
export async function main(): Promise<void> {
  for (const { size, connections } of LOADS) {
    await contestOfRates(
      `${size} B, ${connections} connections`,
      CONTESTANTS,
      "exchange",
      size,
      connections,
    );
  }
  const title = "five short lines, 32 connections";
  await contestOfRates(title, LINES, "lines", 32);
}

if (import.meta.main) await main();
