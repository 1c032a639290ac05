// Copyright 2026 the asyncio for Deno authors. MIT license.

// Runs programs, several at a time, each within a time limit, and prints their lines as they arrive:
//
//   deno run --allow-run examples/jobs.ts [at once] [seconds] ['ls /' 'sleep 60' ...]
//
// A program that exceeds its limit is asked to end, and killed if it does not. Ctrl-C ends all of them. On a
// terminal, the last line shows the progress. The exit code is 1 if a program has failed.

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

/** The time between asking a program to end and killing it, in seconds. */
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

/** Runs a program. The result tells how it ended. */
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

// A program whose output is not read stops when the pipe is full
async function printLines(job: string, output: StreamReader): Promise<void> {
  for await (const line of output) {
    display.print(`${job}: ${new TextDecoder().decode(line).trimEnd()}`);
  }
}

/** Waits for the end, enforces it, and describes it. */
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
