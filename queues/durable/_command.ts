// Copyright 2026 the asyncio for Deno authors. MIT license.

import { formatValue } from "../../loop/core/validate.ts";
import { textAt } from "../../loop/core/unknown_value.ts";
import { DurableQueue } from "./durable_queue.ts";
import { JetStreamStore, type NatsConnection } from "./jet_stream_store.ts";
import { PostgresStore } from "./postgres_store.ts";
import { SqliteStore } from "./sqlite_store.ts";
import type { QueueState, Store } from "./store.ts";

const USAGE = `Usage: durable COMMAND STORE [...] [--json]

  ps STORE                      the queues: their jobs, the oldest one's age, the jobs done a second
  dead STORE QUEUE              the dead letters of a queue
  put-back STORE QUEUE ID ...   makes dead letters ready again; --all for all of them

  STORE is the path of an SQLite file, or postgres://... or nats://..., whose driver then comes from npm.
  --schema NAME, --prefix NAME  the schema in PostgreSQL, the prefix in NATS, if it is not "durable"`;

/** A mistake in the arguments of the command. */
class UsageError extends Error {}

interface Arguments {
  readonly command: string;
  readonly store: string;
  readonly rest: readonly string[];
  readonly options: ReadonlySet<string>;
  readonly schema: string | undefined;
  readonly prefix: string | undefined;
}

/**
 * Runs the command; returns its exit code.
 *
 * @param args The arguments.
 * @param print Prints a line.
 */
export async function runCommand(
  args: readonly string[],
  print: (line: string) => void = console.log,
): Promise<number> {
  if (args.length === 0 || args.includes("--help")) {
    print(USAGE);
    return args.length === 0 ? 2 : 0;
  }
  try {
    const parsed = parse(args);
    const { store, close } = await open(parsed);
    try {
      await perform(parsed, store, print);
    } finally {
      await close();
    }
    return 0;
  } catch (error) {
    const isMisused = error instanceof UsageError;
    print(`${textAt(error, "message")}${isMisused ? `\n\n${USAGE}` : ""}`);
    return isMisused ? 2 : 1;
  }
}

const FLAGS = ["--json", "--all"];

function parse(args: readonly string[]): Arguments {
  const options = new Set<string>();
  const named: Record<string, string> = {};
  const words: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    if (FLAGS.includes(word)) options.add(word);
    else if (word === "--schema" || word === "--prefix") {
      named[word] = args[++i] ?? "";
    } else if (word.startsWith("--")) {
      throw new UsageError(`There is no option ${word}`);
    } else words.push(word);
  }
  const [command = "", store, ...rest] = words;
  if (!["ps", "dead", "put-back"].includes(command)) {
    throw new UsageError(
      `The command must be ps, dead or put-back: received ${
        formatValue(command)
      }`,
    );
  }
  if (store === undefined) throw new UsageError("The store is missing");
  return {
    command,
    store,
    rest,
    options,
    schema: named["--schema"],
    prefix: named["--prefix"],
  };
}

async function perform(
  { command, rest, options }: Arguments,
  store: Store,
  print: (line: string) => void,
): Promise<void> {
  const isJson = options.has("--json");
  if (command === "ps") {
    const queues = await store.queues();
    return isJson
      ? print(JSON.stringify(queues, null, 2))
      : tableOf(queues).forEach((line) => print(line));
  }
  const [name, ...ids] = rest;
  if (name === undefined) throw new UsageError("The queue is missing");
  const queue = new DurableQueue(name, store, { whenDown: "throw" });
  if (command === "dead") {
    for await (const letter of queue.dead()) {
      if (isJson) {
        print(JSON.stringify(letter));
        continue;
      }
      const { id, attempts, key, value, errors } = letter;
      const named = key === null ? "" : `, key ${key}`;
      print(`${id}  ${attempts} attempts${named}`);
      print(`  ${JSON.stringify(value)}`);
      for (const { attempt, time, reason } of errors) {
        print(`  ${attempt}. ${new Date(time).toISOString()}  ${reason}`);
      }
    }
    return;
  }
  const isAll = options.has("--all");
  if (isAll === ids.length > 0) {
    throw new UsageError("put-back takes ids, or --all");
  }
  if (isAll) {
    for await (const { id } of queue.dead()) ids.push(id);
  }
  for (const id of ids) await queue.putBack(id);
  print(`${ids.length} put back`);
}

const COLUMNS = [
  "queue",
  "ready",
  "leased",
  "delayed",
  "dead",
  "oldest",
  "done/s",
];

function tableOf(queues: readonly QueueState[]): string[] {
  const rows = [
    COLUMNS,
    ...queues.map((queue) => [
      queue.name,
      `${queue.ready}`,
      `${queue.leased}`,
      `${queue.delayed}`,
      `${queue.dead}`,
      queue.oldest === null ? "-" : ageOf(queue.oldest),
      queue.rate === null ? "-" : queue.rate.toFixed(1),
    ]),
  ];
  const widths = COLUMNS.map((_, i) =>
    Math.max(...rows.map((row) => row[i]!.length))
  );
  return rows.map((row) =>
    row.map((cell, i) =>
      i === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[i]!)
    ).join("  ").trimEnd()
  );
}

function ageOf(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

interface Opened {
  readonly store: Store;
  readonly close: () => Promise<void>;
}

/** The part of the drivers that is used here. */
interface PostgresDriver {
  default: {
    Pool: new (options: { connectionString: string; max: number }) => {
      query(text: string, values: unknown[]): Promise<unknown>;
      end(): Promise<void>;
    };
  };
}

interface NatsDriver {
  connect(
    options: { servers: string },
  ): Promise<NatsConnection & { close(): Promise<void> }>;
}

async function open({ store, schema, prefix }: Arguments): Promise<Opened> {
  if (/^postgres(ql)?:/.test(store)) {
    const { default: { Pool } }: PostgresDriver = await load("npm:pg@^8");
    const pool = new Pool({ connectionString: store, max: 2 });
    return {
      store: new PostgresStore((text, values) => pool.query(text, values), {
        schema,
      }),
      close: () => pool.end(),
    };
  }
  if (/^nats:/.test(store)) {
    const { connect }: NatsDriver = await load("npm:nats@^2");
    const connection = await connect({ servers: store });
    return {
      store: new JetStreamStore(connection, { prefix }),
      close: () => connection.close(),
    };
  }
  // Not created by a look at it.
  await Deno.stat(store);
  const sqlite = new SqliteStore(store);
  return {
    store: sqlite,
    close: () => Promise.resolve(sqlite.close()),
  };
}

/** Loads a driver. Its name is not a literal, because the library does not depend on it. */
async function load<T>(driver: string): Promise<T> {
  return await import(driver);
}
