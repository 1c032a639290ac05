// Copyright 2026 the asyncio for Deno authors. MIT license.

// Checks whether hosts answer, many at a time:
//
//   deno run --allow-net --allow-read examples/probe.ts example.com:80 [::1]:22
//
// `--help` lists the options. Without targets it probes servers of its own.

import {
  CancelledError,
  getRunningLoop,
  KeyboardInterrupt,
  openConnection,
  run,
  Semaphore,
  type StreamReader,
  taskGroup,
  timeoutAt,
  TimeoutError,
} from "@asyncio/asyncio";
import { startDemoServers } from "./probe/demo_servers.ts";
import { HELP, type Options, parseOptions } from "./probe/options.ts";
import { FirstLine } from "./probe/first_line.ts";
import {
  failureOf,
  newOutcome,
  type Outcome,
  unanswered,
} from "./probe/outcome.ts";
import { showProgress } from "./probe/progress.ts";
import { jsonReport, layoutOfStdout, textReport } from "./probe/report.ts";
import { Survey } from "./probe/survey.ts";
import { gatherTargets, type Target, UsageError } from "./probe/targets.ts";

if (import.meta.main) Deno.exitCode = await main(Deno.args);

/** Runs the program and returns its exit code. */
async function main(args: string[]): Promise<number> {
  try {
    const options = parseOptions(args);
    if (options.help) {
      console.log(HELP);
      return 0;
    }
    return await conduct(new Survey(await gatherTargets(options)), options);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return 2;
  }
}

/** Probes all targets, and prints the results so far at the end or on Ctrl-C. */
async function conduct(survey: Survey, options: Options): Promise<number> {
  const start = performance.now();
  const isDemo = survey.targets.length === 0;
  try {
    await run(() => isDemo ? demo(survey, options) : watch(survey, options));
  } catch (error) {
    if (!(error instanceof KeyboardInterrupt)) throw error;
    survey.interrupted = true;
  }
  survey.elapsed = (performance.now() - start) / 1000;
  console.log(
    options.json
      ? JSON.stringify(jsonReport(survey), null, 2)
      : textReport(survey, layoutOfStdout()),
  );
  if (survey.interrupted) return 130;
  return survey.failed > 0 && !isDemo ? 1 : 0;
}

/** Starts servers and probes them. */
async function demo(survey: Survey, options: Options): Promise<void> {
  if (!options.json) {
    console.log(
      "No targets given, so these are servers of the program itself:\n",
    );
  }
  await using servers = await startDemoServers();
  survey.targets.push(...servers.targets);
  await watch(survey, options);
}

/** Probes all targets, and shows the progress on the terminal if there is one. */
async function watch(survey: Survey, options: Options): Promise<void> {
  if (options.json || !Deno.stderr.isTerminal()) {
    return await probeAll(survey, options);
  }
  await taskGroup(async (group) => {
    const progress = group.createTask(() => showProgress(survey));
    await probeAll(survey, options);
    progress.cancel();
  });
}

/** Probes all targets, at most `concurrency` at a time. */
async function probeAll(survey: Survey, options: Options): Promise<void> {
  const slots = new Semaphore(options.concurrency);
  await taskGroup((group) => {
    for (const target of survey.targets) {
      group.createTask(async () => {
        using _slot = await slots.acquire();
        survey.outcomes.push(await probe(target, options));
      });
    }
  });
}

/** Probes one target. Leaves no connection open. */
async function probe(target: Target, options: Options): Promise<Outcome> {
  const outcome = newOutcome(target);
  try {
    await visit(outcome, options);
  } catch (error) {
    // A cancellation is not an outcome of the probe
    if (error instanceof CancelledError) throw error;
    outcome.failure = failureOf(error, options.timeout);
  }
  return outcome;
}

/**
 * Connects, waits for a banner for a quarter of the time limit, and, if there is a
 * text to send, sends it and reads the answer.
 */
async function visit(outcome: Outcome, options: Options): Promise<void> {
  const { target } = outcome;
  const { timeout } = options;
  const text = options.send ?? target.send;
  const loop = getRunningLoop();
  const start = loop.time();
  const deadline = start + timeout;

  const [reader, writer] = await timeoutAt(
    deadline,
    () => openConnection(target.host, target.port),
  );
  await using _connection = writer;
  outcome.latency = loop.time() - start;

  const bannerDeadline = Math.min(deadline, loop.time() + timeout / 4);
  outcome.banner = await firstLine(reader, bannerDeadline);
  if (text !== null) {
    writer.write(`${text}\n`);
    outcome.answer = await firstLine(reader, deadline);
    if (outcome.answer === null) {
      outcome.failure = unanswered(reader.atEof(), timeout);
    }
  }
  outcome.closed = reader.atEof();
  // close() would wait for a host that reads slowly
  writer.transport.abort();
}

/**
 * Returns the first line that arrives before the deadline, complete or not:
 * a prompt has no line feed.
 */
async function firstLine(
  reader: StreamReader,
  deadline: number,
): Promise<string | null> {
  const line = new FirstLine();
  try {
    await timeoutAt(deadline, async () => {
      while (!line.isComplete) {
        const bytes = await reader.read(FirstLine.MAX_BYTES);
        if (bytes.length === 0) return;
        line.push(bytes);
      }
    });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
  }
  return line.text;
}
