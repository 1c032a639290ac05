// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Servers under the same load in turn, round by round, and how they compare.
 *
 * @module
 */

import { isQuick, median, report, roundsOf } from "../report.ts";
import { type Loop, row } from "../side_by_side.ts";
import { Client, denoWords, pythonWords, Server } from "./peer.ts";

/** One of the servers. */
export interface Contestant {
  /** Its name in `servers.ts`, or in `servers.py` if it is asyncio's. */
  server: string;
  /** Whose rate its own is compared with, and how much of that is aimed at. */
  against?: { server: string; goal: number }[];
  /** Whether it is asyncio's. */
  isPython?: boolean;
}

/** The result of a round. */
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
 * @param title The title of the table.
 * @param contestants The servers.
 * @param load Puts one under load; the result is how many operations a second it did, and how many in all.
 * @param rounds How often; a round more comes first, to warm up.
 * @param end Ends what puts them under load; called before the servers are stopped.
 */
export async function contest(
  title: string,
  contestants: readonly Contestant[],
  load: (server: Server) => Promise<{ rate: number; count: number }>,
  rounds: number = roundsOf(7),
  end: () => Promise<void> = () => Promise.resolve(),
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
  await end();
  for (const server of servers.values()) await server.stop();
  print(title, results);
}

/** How long a short round takes, in seconds. */
const SHORT = 0.05;
const WARM_UP = 0.5;

/**
 * Measures servers in turn in many short rounds. The clients keep their connections over all of them. Other work on
 * the machine changes more slowly than that, so it hardly touches the ratios.
 *
 * @param title What it is about.
 * @param contestants The servers.
 * @param kind What the clients do.
 * @param args The arguments of that.
 */
export async function contestOfRates(
  title: string,
  contestants: readonly Contestant[],
  kind: string,
  ...args: number[]
): Promise<void> {
  const clients = new Map<Server, Client>();
  const load = async (server: Server) => {
    let client = clients.get(server);
    if (client === undefined) {
      client = new Client(kind, server.port, ...args);
      clients.set(server, client);
      await client.ask(isQuick ? SHORT : WARM_UP);
    }
    const { count, seconds } = await client.ask(SHORT);
    return { rate: count / seconds, count };
  };
  await contest(title, contestants, load, roundsOf(60), async () => {
    for (const client of clients.values()) await client.stop();
  });
}

async function startAll(
  contestants: readonly Contestant[],
): Promise<Map<Contestant, Server>> {
  const servers = new Map<Contestant, Server>();
  for (const contestant of contestants) {
    const { server, isPython } = contestant;
    if (!isPython) {
      const words = denoWords("servers.ts", server);
      servers.set(contestant, await Server.start(words));
      continue;
    }
    const asyncio = await startPython(server, "asyncio");
    if (asyncio === null) console.log(`\n(no Python for ${server})`);
    else servers.set(contestant, asyncio);
    const uvloop = await startPython(server, "uvloop");
    if (uvloop !== null) servers.set({ server: onUvloop(server) }, uvloop);
  }
  return servers;
}

async function startPython(name: string, loop: Loop): Promise<Server | null> {
  const words = await pythonWords(name, loop);
  return words && await Server.start(words, { ASYNCIO_BENCH_LOOP: loop });
}

function onUvloop(server: string): string {
  return server.replace("asyncio", "uvloop");
}

function print(title: string, results: Map<Contestant, Round[]>): void {
  console.log();
  console.log(
    row(
      [title, "a second", "core, µs", "ratio", "spread", "goal", "of core"],
      WIDTH,
    ),
  );
  const roundsBy = new Map(
    [...results].map(([{ server }, rounds]) => [server, rounds]),
  );
  for (const [{ server, against = [] }, rounds] of results) {
    const rate = median(rounds.map((round) => round.rate));
    const cost = median(rounds.map((round) => round.cost));
    console.log(row([server, rate.toFixed(0), cost.toFixed(2)], WIDTH));
    for (const { server: other, goal } of withUvloop(against)) {
      const others = roundsBy.get(other);
      if (others === undefined) continue;
      report({
        title,
        name: server,
        unit: "a second",
        ours: rounds.map((round) => round.rate),
        peer: other,
        theirs: others.map((round) => round.rate),
      });
      const ratios = rounds.map((round, i) => round.rate / others[i]!.rate)
        .sort((a, b) => a - b);
      console.log(row([
        `  of ${other}`,
        "",
        "",
        median(ratios).toFixed(2),
        `${at(ratios, 0.25).toFixed(2)}-${at(ratios, 0.75).toFixed(2)}`,
        goal === null ? "-" : String(goal),
        median(rounds.map((round, i) => others[i]!.cost / round.cost))
          .toFixed(2),
      ], WIDTH));
    }
  }
}

/** Returns the value at a part of a sorted list. */
function at(sorted: readonly number[], part: number): number {
  return sorted[Math.round(part * (sorted.length - 1))]!;
}

/** Cases that are compared with asyncio are compared with uvloop, too, without an aim. */
function withUvloop(against: NonNullable<Contestant["against"]>) {
  return against.flatMap(({ server, goal }) => {
    const other = onUvloop(server);
    const own = { server, goal };
    return other === server ? [own] : [own, { server: other, goal: null }];
  });
}
