// Copyright 2026 the asyncio for Deno authors. MIT license.

import { parseArgs } from "node:util";
import { quote } from "./printable.ts";
import { UsageError } from "./targets.ts";

/** The parsed command line. */
export interface Options {
  /** The targets as written. */
  readonly targets: readonly string[];
  /** Files that list targets; `-` is the standard input. */
  readonly files: readonly string[];
  /** The greatest number of connections at a time. */
  readonly concurrency: number;
  /** The time limit for a target, in seconds. */
  readonly timeout: number;
  /** The text to send to each target. */
  readonly send: string | null;
  /** Whether to print JSON. */
  readonly json: boolean;
  /** Whether to print the help and exit. */
  readonly help: boolean;
}

/** The output of `--help`. */
export const HELP = `Checks whether hosts answer.

Usage: deno run --allow-net --allow-read examples/probe.ts [options]
       [host:port ...]

Connects to every target, prints the first line that it sends and the time it
took to connect. A host that accepts the connection and stays silent is open.
Without targets it starts several servers of its own and probes those.

Options:
  --file <list>      Read targets from a file, one a line; # begins a comment
                     and - is standard input; may be given several times
  --concurrency <n>  Probe at most n targets at a time (default 50)
  --timeout <s>      Time limit for a target in seconds (default 3);
                     waits for a banner for a quarter of that
  --send <text>      Send the text and a line feed, after the banner if there
                     is one; a host that does not answer has failed
  --json             Print JSON, see below
  --help             Print this

IPv6 addresses are in brackets: [::1]:22. Duplicate targets are probed once.
Ctrl-C ends the program and prints what is known so far.

Exit code: 0 if all targets answered, 1 if some failed, 2 for wrong arguments,
130 after Ctrl-C. Without targets it is 0: some of the servers fail on purpose.

JSON: { version: 1, interrupted, elapsedMs, total, answered, failed, pending,
duplicates, latencyMs, results, histogram }.
  results    in the order of the table, each { target, host, port, name,
             state, latencyMs, banner, answer, closed, message }; state is
             "open", "refused", "timed out", "unresolved", "reset",
             "closed", "unreachable" or "other"; null where not applicable
  latencyMs  { min, median, max } of all successful connections, or null
  histogram  [{ fromMs, toMs, count }]
  pending    the targets that Ctrl-C left unknown, as host:port`;

const MAX_TIMEOUT = 3600;

const SHAPE = {
  file: { type: "string", multiple: true },
  concurrency: { type: "string" },
  timeout: { type: "string" },
  send: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** Parses the command line; throws a {@linkcode UsageError} if it is invalid. */
export function parseOptions(args: string[]): Options {
  const { values, positionals } = parse(args);
  return {
    targets: positionals,
    files: values.file ?? [],
    concurrency: parseConcurrency(values.concurrency ?? "50"),
    timeout: parseTimeout(values.timeout ?? "3"),
    send: values.send ?? null,
    json: values.json ?? false,
    help: values.help ?? false,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, allowPositionals: true, options: SHAPE });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // The rest of the message is advice on how to write `--`
    const [problem] = error.message.split(/\. |\.?\n/, 1);
    const known = Object.keys(SHAPE).map((name) => `--${name}`).join(", ");
    throw new UsageError(
      `probe: expected host:port targets and the options ${known} (see --help), but: ${problem}`,
    );
  }
}

function parseConcurrency(text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count >= 1) return count;
  throw new UsageError(
    `probe: --concurrency expected a whole number of 1 or more, but got ${
      quote(text)
    }`,
  );
}

function parseTimeout(text: string): number {
  const seconds = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : 0;
  if (seconds > 0 && seconds <= MAX_TIMEOUT) return seconds;
  throw new UsageError(
    `probe: --timeout expected seconds, more than 0 and at most ${MAX_TIMEOUT}, but got ${
      quote(text)
    }`,
  );
}
