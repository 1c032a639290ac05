// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * A million switches between two tasks while a server answers and a timer ticks: how late are the
 * answers and the ticks because of it, at worst?
 *
 * ```sh
 * deno run -A bench/fairness.ts
 * ```
 *
 * @module
 */

import {
  createTask,
  getRunningLoop,
  openConnection,
  run,
  sleep,
  startServer,
} from "../mod.ts";
import { median, report } from "./report.ts";

const SWITCHES = 1_000_000;
const TICK = 0.01;

/** Late by so much, in milliseconds. */
interface Lateness {
  median: number;
  worst: number;
  count: number;
}

/** The delays that a client in another process and a timer have measured. */
async function measure(switches: number): Promise<[Lateness, Lateness]> {
  return await run(async () => {
    await using server = await startServer(
      async (reader, writer) => {
        for (let line; (line = await reader.readLine()).length > 0;) {
          writer.write(line);
          await writer.drain();
        }
        writer.close();
      },
      "127.0.0.1",
      0,
    );
    const { port } = server.sockets[0]!.addr;
    const client = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", import.meta.url, String(port)],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const output = client.stdout.getReader();
    await output.read(); // it is connected

    const ticks: number[] = [];
    const ticker = createTask(() => tick(ticks));
    if (switches === 0) await sleep(1);
    else await switchTasks(switches);
    ticker.cancel();
    await client.stdin.close(); // so that it reports
    const { value } = await output.read();
    await output.cancel();
    await client.status;
    return [JSON.parse(new TextDecoder().decode(value)), latenessOf(ticks)];
  });
}

async function switchTasks(switches: number): Promise<void> {
  const loop = async () => {
    for (let i = 0; i < switches / 2; i++) await sleep(0);
  };
  const other = createTask(loop);
  await loop();
  await other;
}

async function tick(late: number[]): Promise<never> {
  const loop = getRunningLoop();
  while (true) {
    const due = loop.time() + TICK;
    await sleep(TICK);
    late.push((loop.time() - due) * 1000);
  }
}

/** The client: asks for a line every millisecond or so until its input ends. */
async function ask(port: number): Promise<void> {
  let asking = true;
  void Deno.stdin.read(new Uint8Array(1)).then(() => asking = false);
  const answers: number[] = [];
  await run(async () => {
    const [reader, writer] = await openConnection("127.0.0.1", port);
    console.log("connected");
    while (asking) {
      const start = performance.now();
      writer.write("ping\n");
      await reader.readLine();
      answers.push(performance.now() - start);
      await sleep(0.001);
    }
    writer.close();
    await writer.waitClosed();
  });
  console.log(JSON.stringify(latenessOf(answers)));
}

function latenessOf(milliseconds: readonly number[]): Lateness {
  return {
    median: median(milliseconds),
    worst: Math.max(...milliseconds),
    count: milliseconds.length,
  };
}

function print(name: string, { median, worst, count }: Lateness): void {
  const [middle, most] = [median, worst].map((each) => `${each.toFixed(2)} ms`);
  console.log(
    `${name.padEnd(24)} median ${middle!.padStart(9)}   worst ${
      most!.padStart(9)
    }   of ${count}`,
  );
}

/** Measures, once with an idle loop for comparison, and prints. */
export async function main(): Promise<void> {
  console.log("\nFairness: answers of a server and a 10 ms timer");
  const measured: [answers: Lateness, ticks: Lateness][] = [];
  for (const switches of [0, SWITCHES]) {
    const [answers, ticks] = await measure(switches);
    measured.push([answers, ticks]);
    console.log(
      switches === 0 ? "while idle" : `during ${switches} switches`,
    );
    print("  answer after", answers);
    print("  timer late by", ticks);
  }
  const [idle, busy] = measured;
  for (const [i, name] of ["answer after", "timer late by"].entries()) {
    report({
      title: "Fairness",
      name: `${name}, at worst`,
      unit: "ms",
      ours: [busy![i]!.worst],
      peer: "an idle loop",
      theirs: [idle![i]!.worst],
    });
  }
}

if (import.meta.main) {
  const [port] = Deno.args;
  if (port === undefined) await main();
  else await ask(Number(port));
}
