// Copyright 2026 the asyncio for Deno authors. MIT license.

// Runs programs, some at a time, each for no longer than it may, and prints their lines as they come:
//
//   deno run --allow-run examples/jobs.ts [at once] [seconds] ['ls /' 'sleep 60' ...]
//
// One whose time is over is asked to end, and killed if it does not. Ctrl-C ends them all. On a terminal, the
// last line shows how far it is. The exit code is 1 if one has failed.

import {
  createSubprocessExec,
  DEVNULL,
  PIPE,
  type Process,
  run,
  Semaphore,
  type StreamReader,
  taskGroup,
  TimeoutError,
  waitFor,
} from "@asyncio/asyncio";
import { Display, terminal } from "./jobs/display.ts";

/** How long a program has to end after it was asked to, in seconds. */
const GRACE = 0.5;

const [atOnce = "2", limit = "5", ...jobs] = Deno.args;

const display = new Display(jobs.length, terminal());

async function main(): Promise<void> {
  await taskGroup(async (group) => {
    const showing = group.createTask(() => display.show());
    await performAll();
    showing.cancel();
  });
  if (display.failed > 0) Deno.exitCode = 1;
}

async function performAll(): Promise<void> {
  const slots = new Semaphore(Number(atOnce));
  await taskGroup((group) => {
    for (const job of jobs) {
      group.createTask(async () => {
        using _slot = await slots.acquire();
        const finish = display.begin(job);
        const outcome = await perform(job);
        finish(outcome !== "exited with 0");
        display.print(`${job}: ${outcome}`);
      });
    }
  });
}

/** Runs one; the result says how it ended. */
async function perform(job: string): Promise<string> {
  const [program = "", ...args] = job.split(" ");
  try {
    await using process = await createSubprocessExec(program, args, {
      stdin: DEVNULL,
      stdout: PIPE,
      stderr: PIPE,
    });
    return await taskGroup((group) => {
      group.createTask(() => printLines(job, process.stdout!));
      group.createTask(() => printLines(job, process.stderr!));
      return end(process);
    });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return error.message;
    throw error;
  }
}

// A program whose lines nobody reads stops when the pipe is full
async function printLines(job: string, output: StreamReader): Promise<void> {
  for await (const line of output) {
    display.print(`${job}: ${new TextDecoder().decode(line).trimEnd()}`);
  }
}

/** Waits for the end, sees to it that it comes, and says what it was. */
async function end(process: Process): Promise<string> {
  if (await hasEnded(process, Number(limit))) {
    return `exited with ${process.returnCode}`;
  }
  process.terminate();
  if (await hasEnded(process, GRACE)) return "was told to end";
  process.kill();
  await process.wait();
  return "was killed";
}

async function hasEnded(process: Process, seconds: number): Promise<boolean> {
  try {
    await waitFor(process.wait(), seconds);
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
  }
  return process.returnCode !== null;
}

await run(main);
