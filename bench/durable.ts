// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Durable queues, on each store: puts and jobs a second, against pg-boss and graphile-worker on the same PostgreSQL, and
 * BullMQ on Redis.
 *
 * A job is an object with a number, and doing it is nothing, so that this is what the queue costs. Each round measures
 * all contestants in turn. Servers are started here, in fresh directories, with their ordinary settings; what is not
 * installed is left out.
 *
 * ```sh
 * deno run -A bench/durable.ts ["jobs, 8 workers" ...]
 * ```
 *
 * @module
 */

import { run } from "../mod.ts";
import {
  NATS,
  POSTGRES,
  REDIS,
  startNats,
  startPostgres,
  startRedis,
} from "../tests/peers/servers.ts";
import { bullmq } from "./durable/bullmq.ts";
import type { Contestant } from "./durable/contest.ts";
import { graphileWorker } from "./durable/graphile_worker.ts";
import {
  oursInMemory,
  oursOnNats,
  oursOnPostgres,
  oursOnSqlite,
} from "./durable/ours.ts";
import { pgBoss } from "./durable/pg_boss.ts";
import { isQuick, median, report, roundsOf } from "./report.ts";

const ROUNDS = roundsOf(3);
/** The number of jobs in a measurement. */
const FEW = isQuick ? 100 : 200;
const MANY = isQuick ? 500 : 1000;

const CASES: Readonly<
  Record<string, (contestant: Contestant) => Promise<number>>
> = {
  "puts, one by one": async (each) => {
    const rate = await rateOf(FEW, () => each.putEach(FEW));
    await each.work(FEW, 8);
    return rate;
  },
  "puts, 100 at a time": async (each) => {
    const rate = await rateOf(MANY, () => each.putConcurrently(MANY));
    await each.work(MANY, 8);
    return rate;
  },
  "puts, in bulk": async (each) => {
    const rate = await rateOf(MANY, () => each.putMany(MANY));
    await each.work(MANY, 8);
    return rate;
  },
  "jobs, 1 worker": async (each) => {
    await each.putMany(FEW);
    return await rateOf(FEW, () => each.work(FEW, 1));
  },
  "jobs, 8 workers": async (each) => {
    await each.putMany(MANY);
    return await rateOf(MANY, () => each.work(MANY, 8));
  },
};

/** Returns how often a second something was done. */
async function rateOf(count: number, fn: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await fn();
  return count / (performance.now() - start) * 1000;
}

/** The medians of all contestants in a case. */
export interface DurableResult {
  readonly name: string;
  readonly rates: ReadonlyMap<Contestant, number[]>;
}

/**
 * Measures all cases.
 *
 * @returns What came out.
 */
export async function main(): Promise<DurableResult[]> {
  await using resources = new AsyncDisposableStack();
  const contestants = await contestantsIn(resources);
  console.log("\nDurable queues, a second");
  print("", contestants.map(({ name, server }) => `${name}, ${server}`));
  const results = [];
  for (const [name, measure] of Object.entries(CASES)) {
    if (Deno.args.length > 0 && !Deno.args.includes(name)) continue;
    const rates = new Map<Contestant, number[]>(
      contestants.map((each) => [each, []]),
    );
    for (let round = 0; round <= ROUNDS; round++) {
      for (const each of contestants) {
        const rate = await run(() => measure(each));
        // The first round is to warm up.
        if (round > 0) rates.get(each)!.push(rate);
      }
    }
    print(
      name,
      contestants.map((each) =>
        Math.round(median(rates.get(each)!)).toLocaleString("en")
      ),
    );
    results.push({ name, rates });
    compare(name, rates);
  }
  for (const each of contestants) await run(() => each.close());
  return results;
}

/** Reports ours against each other contestant on the same server. */
function compare(
  name: string,
  rates: ReadonlyMap<Contestant, number[]>,
): void {
  for (const [peer, theirs] of rates) {
    if (peer.name === "ours") continue;
    for (const [{ name: ours, server }, rounds] of rates) {
      if (ours !== "ours" || server !== peer.server) continue;
      report({
        title: `Durable queues on ${server}`,
        name,
        unit: "a second",
        ours: rounds,
        peer: peer.name,
        theirs,
      });
    }
  }
}

async function contestantsIn(
  resources: AsyncDisposableStack,
): Promise<Contestant[]> {
  const folder = await Deno.makeTempDir();
  resources.defer(() => Deno.remove(folder, { recursive: true }));
  const contestants = [oursInMemory(), oursOnSqlite(`${folder}/jobs.db`)];
  if (POSTGRES !== null) {
    // Durable, as it is by default.
    const { port } = resources.use(await startPostgres({ fsync: "on" }));
    const options = {
      host: "127.0.0.1",
      port,
      user: "postgres",
      database: "postgres",
      max: 10,
    };
    contestants.push(
      oursOnPostgres(options),
      await pgBoss(options),
      await graphileWorker(options),
    );
  }
  if (NATS !== null) {
    const { port } = resources.use(await startNats());
    contestants.push(await run(() => oursOnNats(port)));
  }
  if (REDIS !== null) {
    const { port } = resources.use(await startRedis());
    contestants.push(bullmq(port));
  }
  return contestants;
}

function print(name: string, cells: readonly string[]): void {
  console.log(
    [name.padEnd(20), ...cells.map((each) => each.padStart(15))].join(" "),
  );
}

if (import.meta.main) await main();
