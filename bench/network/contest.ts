// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Servers under the same load in turn, round by round, and how they compare.
 *
 * @module
 */

import { median, row } from "../side_by_side.ts";
import { denoWords, pythonWords, Server } from "./peer.ts";

/** One of the servers. */
export interface Contestant {
  /** Its name in `servers.ts`, or in `servers.py` if it is asyncio's. */
  server: string;
  /** Whose rate its own is compared with, and how much of that is aimed at. */
  against?: { server: string; goal: number }[];
  /** Whether it is asyncio's. */
  isPython?: boolean;
}

/** What a round came to. */
interface Round {
  /** Operations a second. */
  rate: number;
  /** How long the server's core was busy with each, in µs. */
  cost: number;
}

const WIDTH = 13;

/**
 * Has servers compete, and prints a table.
 *
 * @param title What it is about.
 * @param contestants The servers.
 * @param load Puts one under load; the result is how many operations a second it did, and how many in all.
 * @param rounds How often; a round more comes first, to warm up.
 */
export async function contest(
  title: string,
  contestants: readonly Contestant[],
  load: (server: Server) => Promise<{ rate: number; count: number }>,
  rounds = 7,
): Promise<void> {
  const servers = await startAll(contestants);
  const results = new Map<Contestant, Round[]>();
  for (let round = 0; round <= rounds; round++) {
    for (const [contestant, server] of servers) {
      const before = await server.state();
      const { rate, count } = await load(server);
      const after = await server.state();
      if (round === 0) results.set(contestant, []);
      else {
        const cost = (after.busy - before.busy) / count;
        results.get(contestant)!.push({ rate, cost });
      }
    }
  }
  for (const server of servers.values()) await server.stop();
  print(title, results);
}

async function startAll(
  contestants: readonly Contestant[],
): Promise<Map<Contestant, Server>> {
  const servers = new Map<Contestant, Server>();
  for (const contestant of contestants) {
    const words = contestant.isPython
      ? await pythonWords(contestant.server)
      : denoWords("servers.ts", contestant.server);
    if (words === null) console.log(`\n(no Python for ${contestant.server})`);
    else servers.set(contestant, await Server.start(words));
  }
  return servers;
}

function print(title: string, results: Map<Contestant, Round[]>): void {
  console.log();
  console.log(
    row([title, "a second", "core, µs", "ratio", "spread", "goal"], WIDTH),
  );
  const roundsOf = new Map(
    [...results].map(([{ server }, rounds]) => [server, rounds]),
  );
  for (const [{ server, against = [] }, rounds] of results) {
    const rate = median(rounds.map((round) => round.rate));
    const cost = median(rounds.map((round) => round.cost));
    console.log(row([server, rate.toFixed(0), cost.toFixed(2)], WIDTH));
    for (const { server: other, goal } of against) {
      const others = roundsOf.get(other);
      if (others === undefined) continue;
      const ratios = rounds.map((round, i) => round.rate / others[i]!.rate)
        .sort((a, b) => a - b);
      console.log(row([
        `  of ${other}`,
        "",
        "",
        median(ratios).toFixed(2),
        `${ratios[0]!.toFixed(2)}-${ratios.at(-1)!.toFixed(2)}`,
        String(goal),
      ], WIDTH));
    }
  }
}
