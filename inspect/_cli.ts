// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  findingsIn,
  Index,
  seconds,
} from "../loop/core/introspection/findings.ts";
import {
  formatFindings,
  formatTree,
  shortFile,
} from "../loop/core/introspection/tree.ts";
import { printable } from "../loop/core/introspection/printable.ts";
import type { Snapshot } from "../loop/core/introspection/snapshot.ts";
import type { Client } from "./_client.ts";
import { formatTable, HEADINGS, rowOf } from "./_table.ts";
import { connectToTarget, findTargets } from "./_targets.ts";

const HELP = `See into a running program.

Usage: inspect [COMMAND] [PID | PATH] [OPTIONS]

Without a command, lists the programs that can be inspected. Without a PID or the
path of a socket, looks at the only one there is.

Commands:
  ps                 the tasks as a table: state, what each waits for, where
  pstree             who awaits whom, with groups, scopes and their deadlines
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

/** The parsed command line. */
interface Arguments {
  readonly command: string;
  readonly target: string | undefined;
  readonly rest: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

const COMMANDS: Readonly<
  Record<string, (args: Arguments) => Promise<void>>
> = {
  list,
  ps: (args) => withSnapshot(args, printTable),
  pstree: (args) => withSnapshot(args, printTree),
  async top({ target }) {
    const { top } = await import("./_top.ts");
    await top(() => connectToTarget(target));
  },
  async trace({ target, options }) {
    const { trace } = await import("./_trace_file.ts");
    await using client = await connectToTarget(target);
    const file = options.get("-o") ?? "trace.json";
    const count = await trace(
      client,
      numberIn(options, "--seconds") ?? 5,
      file,
    );
    console.log(`${count} events in ${file}: open it in ui.perfetto.dev`);
  },
  async web({ target, options }) {
    const { web } = await import("./web/web.ts");
    await web(() => connectToTarget(target), {
      port: numberIn(options, "--port") ?? 0,
      opens: !options.has("--no-open"),
    });
  },
  async cancel({ target, rest: [task] }) {
    if (!/^\d+$/.test(task ?? "")) {
      throw new UsageError("cancel takes a PID and the ID of a task");
    }
    await using client = await connectToTarget(target);
    await client.cancel(Number(task));
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
    await command(parsed);
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
  const rows = targets.map(({ path, program }) => [
    String(program.pid),
    seconds(Math.max(0, (Date.now() - program.started) / 1000)),
    String(program.tasks),
    printable(shortFile(program.main ?? "?")),
    printable(path),
  ]);
  const headings = ["PID", "RUNS FOR", "TASKS", "PROGRAM", "SOCKET"];
  console.log(formatTable(headings, rows).join("\n"));
}

async function withSnapshot(
  { target, options }: Arguments,
  print: (snapshot: Snapshot, client: Client) => string,
): Promise<void> {
  await using client = await connectToTarget(target);
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

function printTable(snapshot: Snapshot, client: Client): string {
  const known = new Index(snapshot);
  return [
    headline(snapshot, client),
    "",
    ...formatFindings(snapshot),
    ...formatTable(HEADINGS, snapshot.tasks.map((task) => rowOf(task, known))),
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
