// Copyright 2026 the asyncio for Deno authors. MIT license.

import { startPostgres, type TestServer } from "../peers/servers.ts";
import { faultsIn, type HistoryEvent } from "./history.ts";
import { poolOf } from "./stores.ts";

/** The options of {@linkcode ordeal}. */
export interface OrdealOptions {
  readonly kind: "sqlite" | "postgres";
  /** How many times something is killed. */
  readonly kills: number;
  /** A fault for the store. */
  readonly fault?: string;
  /** How many of ten acts pause a program past its leases, instead of killing it. */
  readonly pauses?: number;
  /** Called now and then. */
  readonly onProgress?: (kills: number) => void;
}

/** The result of {@linkcode ordeal}. */
export interface Ordeal {
  readonly faults: readonly string[];
  /** The numbers of events, by type. */
  readonly events: Readonly<Record<string, number>>;
  readonly kills: number;
  readonly pauses: number;
}

const PROGRAMS = 3;
/** The length of a pause, in milliseconds: a lease is 1,000. */
const PAUSE = 1300;
/** How long what is left may take, in milliseconds, before it counts as lost; less if that is what is to be found. */
const PATIENCE = 15_000;
const PATIENCE_WITH_FAULT = 4000;

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Runs programs that share a queue, kills and pauses them at random, and checks the history of the jobs. */
export async function ordeal(options: OrdealOptions): Promise<Ordeal> {
  const folder = await Deno.makeTempDir({ prefix: "durability" });
  const server = options.kind === "postgres" ? await startPostgres() : null;
  try {
    return await new Ground(folder, server, options).run();
  } finally {
    await server?.[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  }
}

class Ground {
  readonly #server: TestServer | null;
  readonly #options: OrdealOptions;
  readonly #history: string;
  readonly #where: string;
  #kills = 0;
  #pauses = 0;

  constructor(
    folder: string,
    server: TestServer | null,
    options: OrdealOptions,
  ) {
    this.#server = server;
    this.#options = options;
    this.#history = `${folder}/history.jsonl`;
    this.#where = server === null ? `${folder}/jobs.db` : `${server.port}`;
  }

  async run(): Promise<Ordeal> {
    await Deno.writeTextFile(this.#history, "");
    const programs = Array.from(
      { length: PROGRAMS },
      () => this.#spawn("work"),
    );
    await this.#untilWorking();
    while (this.#kills < this.#options.kills) {
      await delay(Math.random() * 150);
      await this.#act(programs);
      this.#options.onProgress?.(this.#kills);
    }
    for (const each of programs) await kill(each);
    await this.#drain();
    const text = await Deno.readTextFile(this.#history);
    const events: HistoryEvent[] = text.split("\n").filter((line) =>
      line !== ""
    )
      .map((line) => JSON.parse(line));
    const counts: Record<string, number> = {};
    for (const { type } of events) counts[type] = (counts[type] ?? 0) + 1;
    return {
      faults: faultsIn(events),
      events: counts,
      kills: this.#kills,
      pauses: this.#pauses,
    };
  }

  async #act(programs: Deno.ChildProcess[]): Promise<void> {
    const i = Math.floor(Math.random() * programs.length);
    const program = programs[i]!;
    const { pauses = 1 } = this.#options;
    if (Math.random() * 10 < pauses) {
      this.#pauses++;
      program.kill("SIGSTOP");
      await delay(PAUSE);
      program.kill("SIGCONT");
      // Time to answer late.
      await delay(PAUSE / 4);
      // So that a run of pauses only ends too.
      if (pauses === 10) this.#kills++;
      return;
    }
    this.#kills++;
    if (this.#server !== null && Math.random() < 0.2) {
      return await this.#harm(this.#server);
    }
    await kill(program);
    programs[i] = this.#spawn("work");
  }

  /** Cuts the connections to a server, or kills it. */
  async #harm(server: TestServer): Promise<void> {
    if (Math.random() < 0.3) {
      await server.kill();
      await server.restart();
      return;
    }
    const pool = poolOf(server.port, 1);
    try {
      await pool.query(`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`);
    } catch {
      // It is still recovering from the last time.
    } finally {
      await pool.end();
    }
  }

  /** Waits until the programs have begun to do jobs. */
  async #untilWorking(): Promise<void> {
    for (let i = 0; i < 500; i++) {
      if ((await Deno.readTextFile(this.#history)).includes("settled")) return;
      await delay(20);
    }
    throw new Error("The programs do not work");
  }

  /** Does what is left. */
  async #drain(): Promise<void> {
    const program = this.#spawn("drain");
    const patience = this.#options.fault === undefined
      ? PATIENCE
      : PATIENCE_WITH_FAULT;
    const timer = setTimeout(() => program.kill("SIGKILL"), patience);
    await program.status;
    clearTimeout(timer);
  }

  #spawn(mode: "work" | "drain"): Deno.ChildProcess {
    const { kind, fault = "none" } = this.#options;
    return new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        new URL("program.ts", import.meta.url).pathname,
        ...[kind, this.#where, this.#history, mode, fault],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
  }
}

async function kill(program: Deno.ChildProcess): Promise<void> {
  try {
    program.kill("SIGKILL");
  } catch {
    // It has ended.
  }
  await program.status;
}
