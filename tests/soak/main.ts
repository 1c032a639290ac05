// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Servers, clients, processes, workers, timers, random programs of tasks and random connections under load,
 * cancelled at random, for some minutes; then everything is counted: nothing may be left, and memory must not
 * have grown.
 *
 * `deno task soak [minutes]`
 *
 * @module
 */

import {
  getRunningLoop,
  run,
  sleep,
  type TaskGroup,
  taskGroup,
  timeout,
  TimeoutError,
  WorkerExecutor,
} from "../../mod.ts";
import { TLS_PAIRS } from "../doubles/tls.ts";
import {
  type Activity,
  conversation,
  datagrams,
  mortalThreads,
  primitives,
  processes,
  startEcho,
  threads,
} from "./activities.ts";
import { again, type Tally } from "./chance.ts";
import { connectionStorm } from "./connection_storm.ts";
import { taskStorm } from "./task_storm.ts";
import { type Vitals, vitalsOf } from "./vitals.ts";

const minutes = Number(Deno.args[0] ?? 3);
if (!(minutes > 0)) {
  throw new RangeError(
    `Expected a number of minutes: received ${Deno.args[0]}`,
  );
}

/** How often, in seconds, the vitals are taken while everything goes on. */
const INTERVAL = Math.max(1, minutes * 60 / 30);

/** How much the heap and the memory may grow from the second quarter of the time to the last. */
const MAX_GROWTH = 1.1;
const MAX_RSS_GROWTH = 1.25;

/** How many file descriptors Deno keeps for itself, once it has had a worker and a process. */
const DENOS_DESCRIPTORS = 8;

const tallies = new Map<string, Tally>();
const history: Vitals[] = [];
const problems: string[] = [];

await run(async () => {
  const loop = getRunningLoop();
  loop.setExceptionHandler((_, { message, exception }) => {
    problems.push(`${message}: ${exception}`);
  });
  const before = vitalsOf(loop);
  await load();
  // What was cut off is let go of in the next turns.
  await sleep(0.5);
  const after = vitalsOf(loop);
  report(before, after);
});

if (problems.length > 0) {
  console.error(`${problems.length} problems:`);
  for (const problem of problems.slice(0, 20)) console.error(`- ${problem}`);
  Deno.exit(1);
}
console.log("Nothing is left, and nothing has grown");

async function load(): Promise<void> {
  const executor = new WorkerExecutor({ maxWorkers: 2 });
  const [encryption] = TLS_PAIRS;
  const server = await startEcho();
  const secureServer = await startEcho(encryption!.server);
  try {
    await timeout(minutes * 60, () =>
      taskGroup((group) => {
        begin(group, conversation("connections", server, 8));
        begin(
          group,
          conversation("TLS", secureServer, 4, {
            ...encryption!.client,
            serverName: "localhost",
          }),
        );
        begin(group, datagrams);
        begin(group, processes);
        begin(group, threads);
        begin(group, mortalThreads(executor));
        begin(group, primitives);
        begin(group, taskStorm);
        begin(group, connectionStorm(encryption!));
        group.createTask(observe);
      }));
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
  } finally {
    for (const each of [server, secureServer]) {
      each.close();
      each.abortClients();
      await each.waitClosed();
    }
    await executor.shutdown({ cancelFutures: true });
    await getRunningLoop().shutdownDefaultExecutor();
  }
}

function begin(group: TaskGroup, activity: Activity): void {
  const tally: Tally = { done: 0, cancelled: 0, failed: 0 };
  tallies.set(activity.name, tally);
  for (let i = 0; i < activity.count; i++) {
    group.createTask(() => again(tally, activity.work, activity));
  }
}

async function observe(): Promise<never> {
  while (true) {
    await sleep(INTERVAL);
    const vitals = vitalsOf(getRunningLoop());
    history.push(vitals);
    console.log(lineOf(vitals));
  }
}

function report(before: Vitals, after: Vitals): void {
  console.log(`before: ${lineOf(before)}\nafter:  ${lineOf(after)}`);
  console.table(Object.fromEntries(tallies));
  for (const [name, { done, cancelled }] of tallies) {
    if (done === 0) problems.push(`Nothing was ever done of: ${name}`);
    if (cancelled === 0) {
      problems.push(`Nothing was ever cancelled of: ${name}`);
    }
  }
  for (
    const name of ["tasks", "resources", "descriptors", "zombies"] as const
  ) {
    const allowed = name === "descriptors" ? DENOS_DESCRIPTORS : 0;
    if (after[name] > before[name] + allowed) {
      problems.push(`${name}: ${before[name]} before, ${after[name]} after`);
    }
  }
  const early = history.slice(history.length / 4, history.length / 2);
  const late = history.slice(-early.length);
  const grown = (name: "heap" | "rss" | "external") =>
    median(late.map((vitals) => vitals[name])) /
    median(early.map((vitals) => vitals[name]));
  if (early.length > 0) {
    if (grown("heap") > MAX_GROWTH) {
      problems.push(`the heap grew by ${percent(grown("heap"))}`);
    }
    if (grown("rss") > MAX_RSS_GROWTH) {
      problems.push(`the process grew by ${percent(grown("rss"))}`);
    }
  }
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function percent(factor: number): string {
  return `${((factor - 1) * 100).toFixed(0)} %`;
}

function lineOf(vitals: Vitals): string {
  const mb = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return `heap ${mb(vitals.heap)}, memory ${mb(vitals.rss)}, ` +
    `outside the heap ${mb(vitals.external)}, tasks ${vitals.tasks}, ` +
    `open ${vitals.resources}, descriptors ${vitals.descriptors}, zombies ${vitals.zombies}`;
}
