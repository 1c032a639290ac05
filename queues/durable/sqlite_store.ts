// Copyright 2026 the asyncio for Deno authors. MIT license.

// Type-only import: the module is loaded when a store is opened.
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { RuntimeError } from "../../loop/core/errors.ts";
import { inspectAsText } from "../../loop/core/inspection.ts";
import { errors } from "../../loop/core/runtime.ts";
import {
  isInstance,
  propertyOf,
  textAt,
} from "../../loop/core/unknown_value.ts";
import {
  assertAtLeast,
  assertOptions,
  assertPositive,
  outOfRange,
  wrongType,
} from "../../loop/core/validate.ts";
import { sleep } from "../../tasks/sleep.ts";
import { StoreDown } from "./errors.ts";
import type {
  Answer,
  Counts,
  DeadLetter,
  Guarantees,
  JobOutcome,
  Lease,
  Leases,
  LeaseToken,
  NewJob,
  QueueState,
  Settlement,
  Store,
  StoredResult,
} from "./store.ts";

/**
 * The options of a {@linkcode SqliteStore}.
 *
 * @category Durable queues
 */
export interface SqliteStoreOptions {
  /** How often, in seconds, to look for what other processes have put; 0.1 by default. */
  poll?: number | undefined;
  /** How long, in seconds, another process may hold the lock before the store counts as down; 5 by default. */
  patience?: number | undefined;
}

/** The version of the schema, which a later version of the library migrates. */
const VERSION = 1;

// The states of a job. An open job is one that waits or is leased: `at` is when it can be leased.
const WAITING = 0;
const LEASED = 1;
const DEAD = 2;
const DONE = 3;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS durable_version (version INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS durable_jobs (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    queue TEXT NOT NULL,
    state INTEGER NOT NULL,
    due REAL NOT NULL,
    at REAL NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    leases INTEGER NOT NULL DEFAULT 0,
    key TEXT,
    value TEXT NOT NULL,
    errors TEXT NOT NULL DEFAULT '',
    result TEXT,
    result_until REAL,
    forget REAL
  );
  CREATE INDEX IF NOT EXISTS durable_jobs_open
    ON durable_jobs (queue, at, seq) WHERE state < ${DEAD};
  CREATE INDEX IF NOT EXISTS durable_jobs_dead
    ON durable_jobs (queue, id) WHERE state = ${DEAD};
  CREATE INDEX IF NOT EXISTS durable_jobs_done
    ON durable_jobs (forget) WHERE state = ${DONE};
  CREATE TABLE IF NOT EXISTS durable_keys (
    queue TEXT NOT NULL,
    key TEXT NOT NULL,
    id TEXT NOT NULL,
    expires REAL NOT NULL,
    PRIMARY KEY (queue, key)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS durable_keys_expires ON durable_keys (expires);
`;

/** How long a job that is done is known, at least, in seconds, so that a repeated settlement finds it. */
const KEEP_DONE = 60;
/** The window of the rate, in seconds. */
const RATE_WINDOW = 60;
/** How many expired rows are removed with each write, besides as many as were written. */
const PURGE = 10;
/** How long, in seconds, to wait before each new attempt to get the lock, on average. */
const LOCK_PAUSE = 0.002;

/** The time by the system's clock, in seconds: it is the same for all processes. */
function now(): number {
  return Date.now() / 1000;
}

/**
 * A store in an SQLite file, by the SQLite that is built into Deno: for one machine, without a server.
 *
 * Any number of processes may use one file. A put is on the disk before it is answered, and puts and ends of jobs that
 * come together share one write to the disk. Each write takes the thread for the time of an `fsync`: about 0.2
 * milliseconds on a fast disk, 10 on a slow one. Times are those of the system's clock; a clock that is set back
 * prolongs leases and delays.
 *
 * Needs `--allow-read` and `--allow-write` for the path. The file must be on a local disk, and uses SQLite's WAL mode.
 *
 * @example Usage
 * ```ts
 * import { DurableQueue, SqliteStore } from "@asyncio/asyncio/durable";
 * import { assertEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempDir() + "/jobs.db";
 * {
 *   using store = new SqliteStore(path);
 *   await new DurableQueue("mail", store).put({ to: "guido@example.org" });
 * }
 * // Another program, or the same one after a crash:
 * using store = new SqliteStore(path);
 * const queue = new DurableQueue<{ to: string }>("mail", store);
 * await using job = await queue.get();
 * assertEquals(job.value.to, "guido@example.org");
 * await job.done();
 * ```
 *
 * @category Durable queues
 */
export class SqliteStore implements Store, Disposable {
  /** The guarantees of the store: all but transactions of user code. */
  readonly guarantees: Guarantees = {
    fencing: true,
    delays: true,
    keys: true,
    results: true,
    transactions: false,
    records: true,
  };
  /** How often, in seconds, to look for what other processes have put. */
  readonly poll: number;
  readonly #path: string;
  readonly #patience: number;
  readonly #statements = new Map<string, StatementSync>();
  readonly #watchers = new Map<string, Set<() => void>>();
  #database: DatabaseSync | null;
  #isSynchronous = true;

  static {
    inspectAsText(this);
  }

  /**
   * Constructs a new instance, and opens the file. It is created if it does not exist.
   *
   * @param path The path of the file; a `file:` URL, or `":memory:"` for a database of this store only.
   * @param options How to wait for other processes.
   * @throws {Deno.errors.NotCapable} If a permission is missing.
   * @throws {Deno.errors.NotSupported} If the runtime has no `node:sqlite`.
   * @throws {Error} If the file cannot be opened.
   * @throws {RangeError} If the path is empty, or an option is out of range.
   * @throws {RuntimeError} If a later version of the library has created the tables.
   */
  constructor(path: string | URL, options: SqliteStoreOptions = {}) {
    const name = isFileUrl(path) ? decodeURIComponent(path.pathname) : path;
    if (typeof name !== "string") {
      throw wrongType(
        "The path of a SqliteStore",
        "a string or a file: URL",
        path,
      );
    }
    if (name === "") {
      throw outOfRange(
        "The path of a SqliteStore",
        "a path that is not empty",
        name,
      );
    }
    assertOptions("SqliteStore", options);
    const { poll = 0.1, patience = 5 } = options;
    assertPositive("The poll option of SqliteStore()", poll);
    assertAtLeast("The patience option of SqliteStore()", patience, 0);
    this.#path = name;
    this.#patience = patience;
    this.poll = poll;
    this.#database = open(name, patience);
  }

  /** Puts jobs, as {@linkcode Store.put} requires. */
  put(queue: string, jobs: readonly NewJob[]): Answer<readonly string[]> {
    return this.#write(
      queue,
      true,
      () => jobs.map((job) => this.#put(queue, job)),
    );
  }

  /** Leases jobs, as {@linkcode Store.lease} requires. */
  lease(queue: string, count: number, seconds: number): Answer<Leases> {
    // A look without the lock, as most of them find nothing.
    const first = this.#firstAt(queue);
    if (first === null || first > now()) {
      return { leases: [], next: first === null ? null : first - now() };
    }
    // A crash of the system, which alone could undo it, ends the worker too.
    return this.#write(
      queue,
      false,
      () => ({ leases: this.#lease(queue, count, seconds), next: null }),
    );
  }

  /** Renews leases, as {@linkcode Store.renew} requires. */
  renew(
    queue: string,
    leases: readonly LeaseToken[],
    seconds: number,
  ): Answer<readonly boolean[]> {
    const renew = this.#sql(`
      UPDATE durable_jobs SET at = ?
      WHERE id = ? AND queue = ? AND leases = ? AND state = ${LEASED}
        AND at > ?`);
    return this.#write(queue, false, () => {
      const time = now();
      return leases.map(({ id, token }) =>
        renew.run(time + seconds, id, queue, Number(token), time).changes === 1
      );
    });
  }

  /** Ends leases, as {@linkcode Store.settle} requires. */
  settle(
    queue: string,
    settlements: readonly Settlement[],
  ): Answer<readonly boolean[]> {
    return this.#write(queue, true, () => {
      const held = settlements.map((end) => this.#settle(queue, end));
      this.#sql(`
        DELETE FROM durable_jobs WHERE seq IN (
          SELECT seq FROM durable_jobs
          WHERE state = ${DONE} AND forget < ? LIMIT ?)`)
        .run(now(), settlements.length + PURGE);
      return held;
    });
  }

  /** Counts jobs, as {@linkcode Store.counts} requires. */
  counts(queue: string): Counts {
    const row = this.#sql(`
      SELECT count(*) FILTER (WHERE at <= now) AS ready,
        count(*) FILTER (WHERE at > now AND state = ${WAITING}) AS delayed,
        count(*) FILTER (WHERE at > now AND state = ${LEASED}) AS leased,
        (SELECT count(*) FROM durable_jobs
          WHERE queue = ? AND state = ${DEAD}) AS dead
      FROM durable_jobs, (SELECT ? AS now)
      WHERE queue = ? AND state < ${DEAD}`).get(queue, now(), queue);
    return { ...row } as unknown as Counts;
  }

  /** Returns a result, as {@linkcode Store.result} requires. */
  result(queue: string, id: string): StoredResult | null {
    const row = this.#sql(`
      SELECT result FROM durable_jobs
      WHERE id = ? AND queue = ? AND state = ${DONE} AND result_until > ?`)
      .get(id, queue, now());
    return row === undefined ? null : { result: row.result as string | null };
  }

  /** Lists dead letters, as {@linkcode Store.dead} requires. */
  dead(queue: string, after: string | null, count: number): DeadLetter[] {
    return this.#sql(`
      SELECT id, value, key, attempt, errors FROM durable_jobs
      WHERE queue = ? AND id > ? AND state = ${DEAD} ORDER BY id LIMIT ?`)
      .all(queue, after ?? "", count)
      .map((row) => ({
        id: row.id as string,
        value: row.value as string,
        key: row.key as string | null,
        attempts: row.attempt as number,
        errors: JSON.parse(`[${row.errors}]`),
      }));
  }

  /** Puts a dead letter back, as {@linkcode Store.putBack} requires. */
  putBack(queue: string, id: string): Answer<boolean> {
    const putBack = this.#sql(`
      UPDATE durable_jobs
      SET state = ${WAITING}, attempt = 0, errors = '', due = ?, at = ?
      WHERE id = ? AND queue = ? AND state = ${DEAD}`);
    return this.#write(
      queue,
      true,
      () => putBack.run(now(), now(), id, queue).changes === 1,
    );
  }

  /** Lists the queues, as {@linkcode Store.queues} requires. */
  queues(): QueueState[] {
    const rows = this.#sql(`
      SELECT queue AS name,
        count(*) FILTER (WHERE state < ${DEAD} AND at <= now) AS ready,
        count(*) FILTER (WHERE state = ${WAITING} AND at > now) AS delayed,
        count(*) FILTER (WHERE state = ${LEASED} AND at > now) AS leased,
        count(*) FILTER (WHERE state = ${DEAD}) AS dead,
        now - min(due) FILTER (WHERE state < ${DEAD} AND due <= now) AS oldest,
        count(*) FILTER (WHERE state = ${DONE} AND at > now - ${RATE_WINDOW})
          / ${RATE_WINDOW}.0 AS rate
      FROM durable_jobs, (SELECT ? AS now)
      GROUP BY queue ORDER BY queue`).all(now());
    return rows.map((row) => ({ ...row })) as unknown as QueueState[];
  }

  /** Calls a function at each change by this object, as {@linkcode Store.watch} requires. */
  watch(queue: string, changed: () => void): Disposable {
    const watchers = this.#watchers.get(queue) ?? new Set();
    this.#watchers.set(queue, watchers);
    const watcher = () => changed();
    watchers.add(watcher);
    return {
      [Symbol.dispose]: () => {
        watchers.delete(watcher);
        if (watchers.size === 0) this.#watchers.delete(queue);
      },
    };
  }

  /** Closes the file. The queues of the store must be shut down before. */
  close(): void {
    this.#statements.clear();
    this.#database?.close();
    this.#database = null;
  }

  /** Closes the file, as {@linkcode SqliteStore.close} does. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Returns a description for logs and error messages: `<SqliteStore jobs.db>`.
   *
   * @returns The description.
   */
  toString(): string {
    return `<SqliteStore ${this.#path}>`;
  }

  #put(queue: string, { id, value, key, keepKey, delay }: NewJob): string {
    const time = now();
    if (key !== null) {
      const known = this.#sql(`
        SELECT id FROM durable_keys WHERE queue = ? AND key = ? AND expires > ?`)
        .get(queue, key, time);
      if (known !== undefined) return known.id as string;
      this.#sql("INSERT OR REPLACE INTO durable_keys VALUES (?, ?, ?, ?)")
        .run(queue, key, id, time + keepKey);
      this.#sql(`
        DELETE FROM durable_keys WHERE (queue, key) IN (
          SELECT queue, key FROM durable_keys WHERE expires < ? LIMIT 2)`)
        .run(time);
    }
    const at = time + Math.max(0, delay);
    this.#sql(`
      INSERT INTO durable_jobs (id, queue, state, due, at, key, value)
      VALUES (?, ?, ${WAITING}, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`)
      .run(id, queue, at, at, key, value);
    return id;
  }

  #firstAt(queue: string): number | null {
    const row = this.#sql(`
      SELECT min(at) AS at FROM durable_jobs WHERE queue = ? AND state < ${DEAD}`)
      .get(queue);
    return row?.at as number | null ?? null;
  }

  #lease(queue: string, count: number, seconds: number): Lease[] {
    const time = now();
    const lease = this.#sql(`
      UPDATE durable_jobs SET state = ${LEASED}, at = ?,
        attempt = attempt + 1, leases = leases + 1 WHERE seq = ?`);
    const rows = this.#sql(`
      SELECT seq, id, value, key, attempt, leases, errors FROM durable_jobs
      WHERE queue = ? AND state < ${DEAD} AND at <= ? ORDER BY at, seq LIMIT ?`)
      .all(queue, time, count);
    return rows.map((row) => {
      lease.run(time + seconds, row.seq!);
      return {
        id: row.id as string,
        token: String(row.leases as number + 1),
        value: row.value as string,
        key: row.key as string | null,
        attempt: row.attempt as number + 1,
        errors: JSON.parse(`[${row.errors}]`),
      };
    });
  }

  #settle(queue: string, { id, token, outcome }: Settlement): boolean {
    const row = this.#sql(`
      SELECT seq, state FROM durable_jobs
      WHERE id = ? AND queue = ? AND leases = ?`)
      .get(id, queue, Number(token));
    if (row === undefined) return false;
    // Otherwise it is settled already, by this lease.
    if (row.state === LEASED) this.#end(row.seq as number, outcome);
    return true;
  }

  #end(seq: number, outcome: JobOutcome): void {
    const time = now();
    switch (outcome.kind) {
      case "done": {
        const until = time + outcome.keep;
        const isKept = outcome.result !== null;
        this.#sql(`
          UPDATE durable_jobs SET state = ${DONE}, at = ?, result = ?,
            result_until = ?, forget = ?, errors = '' WHERE seq = ?`)
          .run(
            time,
            outcome.result,
            until,
            isKept ? Math.max(until, time + KEEP_DONE) : time + KEEP_DONE,
            seq,
          );
        return;
      }
      case "retry": {
        const at = time + Math.max(0, outcome.delay);
        this.#endFailed(seq, WAITING, at, outcome.error);
        return;
      }
      case "dead":
        this.#endFailed(seq, DEAD, time, outcome.error);
        return;
      case "release":
        this.#sql(`
          UPDATE durable_jobs SET state = ${WAITING}, at = due,
            attempt = attempt - 1 WHERE seq = ?`).run(seq);
    }
  }

  #endFailed(seq: number, state: number, at: number, error: unknown): void {
    this.#sql(`
      UPDATE durable_jobs SET state = ?, due = ?, at = ?,
        errors = errors || iif(errors = '', '', ',') || ? WHERE seq = ?`)
      .run(state, at, at, JSON.stringify(error), seq);
  }

  #sql(sql: string): StatementSync {
    if (this.#database === null) {
      throw new RuntimeError("Cannot use the SqliteStore as it is closed");
    }
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Runs a transaction that writes; `isSynced` is whether its answer waits for the disk. */
  #write<R>(queue: string, isSynced: boolean, body: () => R): Answer<R> {
    if (!this.#begin(isSynced)) return this.#writeLater(queue, isSynced, body);
    const answer = this.#commit(body);
    for (const changed of [...this.#watchers.get(queue) ?? []]) changed();
    return answer;
  }

  async #writeLater<R>(
    queue: string,
    isSynced: boolean,
    body: () => R,
  ): Promise<R> {
    // Not by SQLite's own busy handler: it would stop this thread.
    const end = performance.now() + this.#patience * 1000;
    while (performance.now() < end) {
      await sleep(2 * LOCK_PAUSE * Math.random());
      if (!this.#begin(isSynced)) continue;
      const answer = this.#commit(body);
      for (const changed of [...this.#watchers.get(queue) ?? []]) changed();
      return answer;
    }
    throw new StoreDown(
      `Cannot write to ${this.#path} as another process holds the lock`,
    );
  }

  /** Begins a transaction; returns `false` if another process holds the lock. */
  #begin(isSynced: boolean): boolean {
    try {
      if (isSynced !== this.#isSynchronous) {
        // Not a prepared statement: a pragma takes effect when it is compiled.
        this.#database?.exec(
          `PRAGMA synchronous = ${isSynced ? "FULL" : "NORMAL"}`,
        );
        this.#isSynchronous = isSynced;
      }
      this.#sql("BEGIN IMMEDIATE").run();
      return true;
    } catch (error) {
      if (isLocked(error)) return false;
      throw this.#asDown(error);
    }
  }

  #commit<R>(body: () => R): R {
    try {
      const answer = body();
      this.#sql("COMMIT").run();
      return answer;
    } catch (error) {
      try {
        this.#sql("ROLLBACK").run();
      } catch {
        // SQLite has rolled back by itself.
      }
      throw this.#asDown(error);
    }
  }

  /** Returns a `StoreDown` for an error of the disk. */
  #asDown(error: unknown): unknown {
    if (!/disk|locked/.test(textAt(error, "message"))) return error;
    return new StoreDown(`Cannot write to ${this.#path}`, { cause: error });
  }
}

/** Whether another process holds the lock. Deno gives no number of the error. */
function isLocked(error: unknown): boolean {
  return /locked|busy/.test(textAt(error, "message"));
}

function isFileUrl(path: unknown): path is URL {
  return isInstance(path, URL) && propertyOf(path, "protocol") === "file:";
}

interface Process {
  getBuiltinModule?(name: string): typeof import("node:sqlite") | undefined;
}

function open(path: string, patience: number): DatabaseSync {
  const { process } = globalThis as { process?: Process };
  // Not an import: that would load SQLite with every other store too.
  const sqlite = process?.getBuiltinModule?.("node:sqlite");
  if (sqlite === undefined) {
    throw new errors.NotSupported(
      "SqliteStore needs node:sqlite, which this runtime does not support",
    );
  }
  const database = new sqlite.DatabaseSync(path);
  try {
    database.exec(`
      PRAGMA busy_timeout = ${Math.ceil(patience * 1000)};
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
    `);
    migrate(database, path);
    database.exec("PRAGMA busy_timeout = 0");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function migrate(database: DatabaseSync, path: string): void {
  database.exec("BEGIN IMMEDIATE");
  database.exec(SCHEMA);
  const row = database.prepare("SELECT version FROM durable_version").get();
  if (row === undefined) {
    database.exec(`INSERT INTO durable_version VALUES (${VERSION})`);
  } else if (row.version as number > VERSION) {
    throw new RuntimeError(
      `Cannot use ${path} as its tables are of version ${row.version}: this library knows version ${VERSION}`,
    );
  }
  database.exec("COMMIT");
}
