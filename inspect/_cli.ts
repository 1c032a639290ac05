// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  findingsIn,
  formatFindings,
  formatTree,
  Index,
  seconds,
  shortFile,
} from "../loop/core/introspection/tree.ts";
import {
  printable,
  type Snapshot,
} from "../loop/core/introspection/snapshot.ts";
import type { Client } from "./_client.ts";
import { fitted, formatTable, HEADINGS, rowOf } from "./_table.ts";
import { connectToTarget, findTargets } from "./_targets.ts";

const HELP = `See into a running program.

Usage: inspect [COMMAND] [PID | PATH] [OPTIONS]

Without a command, lists the programs that can be inspected. Without a PID or the
path of a socket, looks at the only one there is.

Commands:
  ps                 the tasks as a table: state, what each waits for, where
  pstree             the tree of awaits, with groups, scopes and their deadlines
  top                live: tasks, steps, delays, queues, locks, connections
  trace              writes steps and waits in the Trace Event Format
  web                a page in the browser, on this machine only
  cancel PID ID      cancels a task, if the program allows that

Options:
  --json             ps, pstree, list: JSON instead of text
  --sites SECONDS    ps, pstree: first has places recorded for that long
  --limit N          ps, pstree: the first N tasks only
  --seconds N        trace: how long to trace (5)
  -o FILE            trace: where to write (trace.json)
  --no-open          web: only prints the address
  --port N           web: the port (any free one)
  --help             this text`;

/** When the user is told that the program does not answer, in milliseconds. */
const PATIENCE = 3000;

/** The parsed command line. */
interface Arguments {
  readonly command: string;
  readonly target: string | undefined;
  readonly rest: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

/** A command, the options that it takes, and how many words. */
interface Command {
  readonly options: readonly string[];
  readonly words: number;
  run(args: Arguments): Promise<void>;
}

const LIST: Command = { options: ["--json"], words: 0, run: list };

const SNAPSHOT_OPTIONS = ["--json", "--sites", "--limit"];

const COMMANDS: Readonly<Record<string, Command>> = {
  list: LIST,
  ps: {
    options: SNAPSHOT_OPTIONS,
    words: 1,
    run: (args) => withSnapshot(args, printTable),
  },
  pstree: {
    options: SNAPSHOT_OPTIONS,
    words: 1,
    run: (args) => withSnapshot(args, printTree),
  },
  top: {
    options: [],
    words: 1,
    run: async ({ target }) => {
      const { top } = await import("./_top.ts");
      await top(() => connectToTarget(target));
    },
  },
  trace: {
    options: ["--seconds", "-o"],
    words: 1,
    run: async ({ target, options }) => {
      const { trace } = await import("./_trace_file.ts");
      await using client = await connectPatiently(target);
      const file = options.get("-o") ?? "trace.json";
      const count = await trace(
        client,
        numberIn(options, "--seconds") ?? 5,
        file,
      );
      console.log(`${count} events in ${file}: open it in ui.perfetto.dev`);
    },
  },
  web: {
    options: ["--port", "--no-open"],
    words: 1,
    run: async ({ target, options }) => {
      const { web } = await import("./web/web.ts");
      await web(() => connectToTarget(target), {
        port: numberIn(options, "--port") ?? 0,
        opens: !options.has("--no-open"),
      });
    },
  },
  cancel: {
    options: [],
    words: 2,
    run: async ({ target, rest: [task] }) => {
      if (!/^\d+$/.test(task ?? "")) {
        throw new UsageError("cancel takes a PID and the ID of a task");
      }
      await using client = await connectPatiently(target);
      await client.cancel(Number(task));
    },
  },
};

/** An error in the command line. */
class UsageError extends Error {}

/** Runs the viewer. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    const parsed = parse(args);
    if (parsed.options.has("--help")) {
      console.log(HELP);
      return;
    }
    const command = Object.hasOwn(COMMANDS, parsed.command)
      ? COMMANDS[parsed.command]!
      : null;
    if (command === null) {
      throw new UsageError(`There is no command ${parsed.command}`);
    }
    assertTakes(command, parsed);
    await command.run(parsed);
  } catch (error) {
    // What a program sends must not reach the terminal as it is.
    const message = error instanceof Error ? error.message : String(error);
    console.error(`error: ${printable(message, 1000)}`);
    if (error instanceof UsageError) console.error("Try --help");
    Deno.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

const FLAGS = ["--json", "--help", "--no-open"];
const WITH_VALUE = ["--sites", "--limit", "--seconds", "-o", "--port"];

function parse(args: readonly string[]): Arguments {
  const words: string[] = [];
  const options = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const [name, value] = args[i]!.split(/=(.*)/s) as [string, string?];
    if (!name.startsWith("-")) words.push(args[i]!);
    else if (name === "-h") options.set("--help", "");
    else if (FLAGS.includes(name)) options.set(name, "");
    else if (WITH_VALUE.includes(name)) {
      const given = value ?? args[++i];
      if (given === undefined) throw new UsageError(`${name} takes a value`);
      options.set(name, given);
    } else throw new UsageError(`There is no option ${name}`);
  }
  const [command = "list", target, ...rest] = words;
  return { command, target, rest, options };
}

function assertTakes(
  { options, words }: Command,
  { command, target, rest, options: given }: Arguments,
): void {
  for (const name of given.keys()) {
    if (!options.includes(name)) {
      throw new UsageError(`${command} takes no ${name}`);
    }
  }
  const [extra] = [target, ...rest].slice(words);
  if (extra !== undefined) {
    throw new UsageError(`${command} does not take ${extra}`);
  }
}

function numberIn(
  options: ReadonlyMap<string, string>,
  name: string,
): number | undefined {
  const text = options.get(name);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (text.trim() !== "" && number >= 0) return number;
  throw new UsageError(`${name} takes a number: received ${text}`);
}

async function list({ options }: Arguments): Promise<void> {
  const targets = await findTargets();
  if (options.has("--json")) {
    console.log(JSON.stringify(targets, null, 2));
    return;
  }
  if (targets.length === 0) {
    console.log("No program can be inspected: call inspect() in it");
    return;
  }
  const rows = targets.map(({ pid, path, program }) =>
    program === null
      ? [String(pid), "", "", "does not answer", printable(path)]
      : [
        String(pid),
        seconds(Math.max(0, (Date.now() - program.started) / 1000)),
        String(program.tasks),
        printable(shortFile(program.main ?? "?")),
        printable(path),
      ]
  );
  const headings = ["PID", "RUNS FOR", "TASKS", "PROGRAM", "SOCKET"];
  console.log(formatTable(headings, rows).join("\n"));
}

async function withSnapshot(
  { target, options }: Arguments,
  print: (snapshot: Snapshot, client: Client) => string,
): Promise<void> {
  await using client = await connectPatiently(target);
  const recording = numberIn(options, "--sites");
  if (recording !== undefined) {
    // Until the snapshot is taken, and ended by disconnecting.
    await client.sites(recording + 30);
    await new Promise((resolve) => setTimeout(resolve, recording * 1000));
  }
  const limit = numberIn(options, "--limit");
  const snapshot = await client.snapshot(limit === undefined ? {} : { limit });
  console.log(
    options.has("--json")
      ? JSON.stringify({ ...snapshot, findings: findingsIn(snapshot) }, null, 2)
      : print(snapshot, client),
  );
}

/** Connects, and tells the user why that takes long. */
async function connectPatiently(target: string | undefined): Promise<Client> {
  const timer = setTimeout(() => {
    console.error(
      "The program does not answer yet: a step may be computing. Ctrl-C ends this",
    );
  }, PATIENCE);
  try {
    return await connectToTarget(target);
  } finally {
    clearTimeout(timer);
  }
}

function printTable(snapshot: Snapshot, client: Client): string {
  const known = new Index(snapshot);
  const rows = snapshot.tasks.map((task) => rowOf(task, known));
  return [
    headline(snapshot, client),
    "",
    ...formatFindings(snapshot),
    // Into a file or pipe goes all there is.
    ...Deno.stdout.isTerminal()
      ? fitted(HEADINGS, rows, Deno.consoleSize().columns)
      : formatTable(HEADINGS, rows),
  ].join("\n");
}

function printTree(snapshot: Snapshot, client: Client): string {
  return `${headline(snapshot, client)}\n\n${formatTree(snapshot)}`;
}

/** Names the program, and counts its tasks. */
function headline({ loops }: Snapshot, { program }: Client): string {
  const counts = new Map<string, number>();
  for (const { tasks } of loops) {
    for (const [activity, count] of Object.entries(tasks)) {
      counts.set(activity, (counts.get(activity) ?? 0) + count);
    }
  }
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const each = [...counts].filter(([_, count]) => count > 0)
    .map(([activity, count]) => `${count} ${activity}`);
  const name = printable(shortFile(program.main ?? "?"));
  return `${name} (${program.pid}): ${all} ${all === 1 ? "task" : "tasks"}${
    each.length === 0 ? "" : `: ${each.join(", ")}`
  }`;
}
