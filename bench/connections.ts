// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Accepting connections, sending in bulk, and what idle, flooding and deaf peers take in memory.
 *
 * ```sh
 * deno run -A bench/connections.ts
 * ```
 *
 * @module
 */

import { contest } from "./network/contest.ts";
import { report } from "./report.ts";
import { denoWords, runClient, Server, startClient } from "./network/peer.ts";

const ACCEPTED = 5000;
const PIECE = 1024 * 1024;
const PIECES = 500;
const BURST = 1000;
const TAKEN = 512 * 1024 * 1024;
const IDLE = 10_000;
const FLOOD = 1024 ** 3;
const DEAF = 100;

async function accepting(): Promise<void> {
  const against = [
    { server: "bare, closing", goal: 0.9 },
    { server: "asyncio streams, closing", goal: 1 },
  ];
  await contest(
    "connections, 32 at a time",
    [
      { server: "bare, closing" },
      { server: "Protocol, closing", against },
      { server: "streams, closing", against },
      { server: "asyncio streams, closing", isPython: true },
    ],
    async ({ port }) => ({
      rate: await runClient("connect", port, 32, ACCEPTED),
      count: ACCEPTED,
    }),
  );
}

/** Many at once: those that the system drops come back after a second. */
async function burst(): Promise<void> {
  const against = [{ server: "bare, closing", goal: 1 }];
  await contest(
    "connections, 1,000 at once",
    [
      { server: "bare, closing" },
      { server: "Protocol, closing", against },
      { server: "streams, closing", against },
    ],
    async ({ port }) => ({
      rate: await runClient("connect", port, BURST, BURST),
      count: BURST,
    }),
  );
}

/** Receives without an answer until the end. */
async function taking(): Promise<void> {
  await contest(
    "bytes received",
    [
      { server: "bare, taking" },
      {
        server: "streams, taking by readInto",
        against: [{ server: "bare, taking", goal: 0.9 }],
      },
    ],
    async ({ port }) => ({
      rate: await runClient("flood", port, TAKEN),
      count: TAKEN / 65536,
    }),
  );
}

async function bulk(): Promise<void> {
  const against = [
    { server: "bare, bulk", goal: 0.9 },
    { server: "asyncio Protocol, bulk", goal: 1 },
  ];
  await contest(
    "pieces of 1 MiB",
    [
      { server: "bare, bulk" },
      { server: "Protocol, bulk", against },
      { server: "streams, bulk", against },
      {
        server: "streams, bulk by send",
        against: [
          { server: "bare, bulk", goal: 0.95 },
          { server: "asyncio Protocol, bulk", goal: 1 },
        ],
      },
      { server: "asyncio Protocol, bulk", isPython: true },
    ],
    async ({ port }) => ({
      rate: await runClient("bulk", port, PIECE, PIECES),
      count: PIECES,
    }),
  );
}

/**
 * The bytes that a connection takes while nothing happens on it. The first ones are not counted: with
 * them the heap grows to its working size.
 */
async function idleCost(name: string, connections: number): Promise<number> {
  const server = await Server.start(denoWords("servers.ts", name));
  const stopFirst = await startClient("hold", server.port, connections / 5);
  const before = await server.state(true);
  const counted = connections * 4 / 5;
  const stop = await startClient("hold", server.port, counted);
  const after = await server.state(true);
  await stop();
  await stopFirst();
  await server.stop();
  return (after.memory - before.memory) / counted;
}

async function idle(): Promise<void> {
  const connections = Math.min(IDLE, await openFilesAllowed() - 500);
  console.log(`\nMemory of an idle connection, of ${connections}`);
  const bare = await idleCost("bare, idle", connections);
  console.log(`  bare      ${bare.toFixed(0)} bytes`);
  for (const name of ["Protocol, idle", "streams, idle"]) {
    const ours = await idleCost(name, connections);
    report({
      title: "Memory",
      name: `an idle connection, ${name}`,
      unit: "bytes",
      ours: [ours],
      peer: "bare, idle",
      theirs: [bare],
    });
    console.log(
      `  ${name.padEnd(16)} ${ours.toFixed(0)} bytes, ${
        (ours - bare).toFixed(0)
      } more than bare (goal: 8192)`,
    );
  }
}

async function openFilesAllowed(): Promise<number> {
  try {
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", "ulimit -n"],
    }).output();
    return Number(new TextDecoder().decode(stdout)) || IDLE;
  } catch {
    return IDLE;
  }
}

/** The most memory that a server takes whose peers mean harm. */
async function peaks(): Promise<void> {
  console.log(
    "\nThe most memory that a server took, beyond what it starts with",
  );
  const flooded = await Server.start(
    denoWords("servers.ts", "streams, long lines"),
  );
  const { memory } = await flooded.state();
  const rate = await runClient("flood", flooded.port, FLOOD);
  print("a line of 1 GiB", memory, (await flooded.state()).peak);
  console.log(`    at ${(rate / 1e6).toFixed(0)} MB/s`);
  await flooded.stop();

  const deaf = await Server.start(denoWords("servers.ts", "streams, bulk"));
  const start = await deaf.state();
  const stop = await startClient("never-read", deaf.port, DEAF);
  // As long as the server is busy it does not answer.
  await deaf.state();
  print(
    `${DEAF} peers that never read`,
    start.memory,
    (await deaf.state()).peak,
  );
  await stop();
  await deaf.stop();
}

function print(what: string, before: number, after: number): void {
  console.log(`  ${what.padEnd(28)} ${((after - before) / 1e6).toFixed(1)} MB`);
}

/** Measures and prints. */
export async function main(): Promise<void> {
  await accepting();
  await burst();
  await bulk();
  await taking();
  await idle();
  await peaks();
}

if (import.meta.main) await main();
