// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError } from "../../loop/core/errors.ts";
import { inspectAsText } from "../../loop/core/inspection.ts";
import {
  isInstance,
  propertyOf,
  textAt,
  textOf,
} from "../../loop/core/unknown_value.ts";
import {
  assertBoolean,
  assertFunction,
  assertOptions,
  assertPositive,
  outOfRange,
  wrongType,
} from "../../loop/core/validate.ts";
import {
  POSTGRES_VERSION,
  type Statements,
  statementsIn,
} from "./_postgres_schema.ts";
import { StoreDown } from "./errors.ts";
import type {
  Counts,
  DeadLetter,
  Guarantees,
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
 * Sends a query, with values for `$1`, `$2` and so on, and returns the rows: an array, or an object with a property
 * `rows`. The values are strings and numbers.
 *
 * @category Durable queues
 */
export type PostgresQuery = (
  text: string,
  values: (string | number)[],
) => PromiseLike<unknown>;

/**
 * Listens on a channel until the function that it returns is called. It calls `notify` with the payload of each
 * notification, and `lost` if the connection is lost.
 *
 * @category Durable queues
 */
export type PostgresListen = (
  channel: string,
  notify: (payload?: string) => void,
  lost: () => void,
) => PromiseLike<() => unknown>;

/**
 * The options of a {@linkcode PostgresStore}.
 *
 * @category Durable queues
 */
export interface PostgresStoreOptions {
  /** The schema that the tables are in, which is created; `"durable"` by default. */
  schema?: string | undefined;
  /** Listens for notifications, so that waiting workers learn of a job at once; by default they look again. */
  listen?: PostgresListen | undefined;
  /** Whether puts notify workers that listen; `true` by default. */
  notify?: boolean | undefined;
  /** How often, in seconds, to look again; 1 by default, and 10 with `listen`. */
  poll?: number | undefined;
}

/** How many writes come before expired rows are removed, a thousand at a time. */
const PURGE_EVERY = 500;
/** How long, in seconds, before a connection that listened and was lost is replaced. */
const LISTEN_PAUSE = 1;
/** How often a statement is repeated that PostgreSQL has rolled back for the sake of another one. */
const MAX_ROLLBACKS = 10;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The codes of errors that are answers of a database which works. */
const SQLSTATE = /^(?:[0-9]{2}|F0|HV|P0|XX)[0-9A-Z]{3}$/;
const IS_DOWN = /^(?:08|53|57P|58)/;
const ROLLED_BACK = ["40001", "40P01"];

type Row = Readonly<Record<string, unknown>>;

/**
 * A store in a PostgreSQL database, through a driver of your choice: for several machines, and for jobs that are put in
 * the same transaction as the data they are about.
 *
 * Works with PostgreSQL 12 and later. Leases use `SKIP LOCKED`, times are those of the server. The tables are created
 * at first use, in a schema of their own. A connection pool is needed for concurrent calls; a pooler that works by
 * transaction is fine.
 *
 * @example With the driver `pg`
 * ```ts ignore
 * import pg from "npm:pg";
 * import { DurableQueue, PostgresStore } from "@asyncio/asyncio/durable";
 *
 * const pool = new pg.Pool();
 * const store = new PostgresStore((text, values) => pool.query(text, values));
 * const queue = new DurableQueue<{ order: number }>("mail", store);
 *
 * const client = await pool.connect();
 * await client.query("BEGIN");
 * await client.query("INSERT INTO orders VALUES (17)");
 * await queue.put({ order: 17 }, {
 *   within: (text, values) => client.query(text, values),
 * });
 * await client.query("COMMIT"); // both or neither
 * client.release();
 * ```
 *
 * @category Durable queues
 */
export class PostgresStore implements Store, AsyncDisposable {
  /** The guarantees of the store: all of them. */
  readonly guarantees: Guarantees = {
    fencing: true,
    delays: true,
    keys: true,
    results: true,
    transactions: true,
    records: true,
  };
  /** How often, in seconds, to look again. */
  readonly poll: number;
  readonly #query: PostgresQuery;
  readonly #sql: Statements;
  readonly #channel: string;
  readonly #notifies: boolean;
  readonly #listen: PostgresListen | null;
  readonly #watchers = new Map<string, Set<() => void>>();
  #migrated: Promise<void> | null = null;
  /** The function that ends the listening; `null` while not listening. */
  #unlisten: Promise<() => unknown> | null = null;
  /** The timer before it listens again. */
  #pause: ReturnType<typeof setTimeout> | undefined = undefined;
  #isClosed = false;
  #writes = 0;

  static {
    inspectAsText(this);
  }

  /**
   * Constructs a new instance. It does not connect.
   *
   * @param query Sends a query by a driver: `(text, values) => pool.query(text, values)`.
   * @param options The schema, and how workers learn of new jobs.
   * @throws {RangeError} If the schema is not a plain name.
   * @throws {TypeError} If an argument has the wrong type.
   */
  constructor(query: PostgresQuery, options: PostgresStoreOptions = {}) {
    assertFunction("The query of a PostgresStore", query);
    assertOptions("PostgresStore", options);
    const { schema = "durable", listen, notify = true } = options;
    assertSchema(schema);
    if (listen !== undefined) {
      assertFunction("The listen option of PostgresStore()", listen);
    }
    assertBoolean("The notify option of PostgresStore()", notify);
    const { poll = listen === undefined ? 1 : 10 } = options;
    assertPositive("The poll option of PostgresStore()", poll);
    this.poll = poll;
    this.#query = query;
    this.#listen = listen ?? null;
    this.#channel = schema;
    this.#sql = statementsIn(schema);
    this.#notifies = notify;
  }

  /**
   * Creates the tables, or migrates them. Every other method does so at first; a program whose pool has one connection
   * must do so before it puts a job within a transaction.
   *
   * @returns A promise that resolves when the tables are there.
   * @throws {RuntimeError} If a later version of the library has created the tables.
   */
  migrate(): Promise<void> {
    this.#migrated ??= this.#migrate().catch((error) => {
      this.#migrated = null;
      throw error;
    });
    return this.#migrated;
  }

  /** Puts jobs, as {@linkcode Store.put} requires; `within` is a function as the store's `query`. */
  async put(
    queue: string,
    jobs: readonly NewJob[],
    within?: unknown,
  ): Promise<string[]> {
    if (within !== undefined) {
      assertFunction("The within option of put()", within);
    }
    await this.migrate();
    const input = JSON.stringify(jobs.map((job, n) => ({ n, ...job })));
    const hasKeys = jobs.some(({ key }) => key !== null);
    const rows = await this.#ask(
      this.#sql.put,
      [queue, input, hasKeys ? crypto.randomUUID() : "", this.#tells],
      within,
    );
    // Within a transaction, the workers learn of it from the commit.
    if (within === undefined) this.#tell(queue);
    await this.#purge(hasKeys && within === undefined ? jobs.length : 0);
    return hasKeys
      ? rows.map(({ id }) => id as string)
      : jobs.map((job) => job.id);
  }

  /** Leases jobs, as {@linkcode Store.lease} requires. */
  async lease(queue: string, count: number, seconds: number): Promise<Leases> {
    await this.migrate();
    const rows = await this.#ask(this.#sql.lease, [queue, count, seconds]);
    const [first] = rows;
    if (first?.id != null) return { leases: rows.map(leaseOf), next: null };
    const next = first?.next ?? null;
    return {
      leases: [],
      next: next === null ? null : Math.max(0.001, Number(next)),
    };
  }

  /** Renews leases, as {@linkcode Store.renew} requires. */
  async renew(
    queue: string,
    leases: readonly LeaseToken[],
    seconds: number,
  ): Promise<boolean[]> {
    await this.migrate();
    const input = inputOf(leases, ({ id, token }) => ({ id, token }));
    const rows = await this.#ask(this.#sql.renew, [queue, input, seconds]);
    return heldOf(leases, rows);
  }

  /** Ends leases, as {@linkcode Store.settle} requires. */
  async settle(
    queue: string,
    settlements: readonly Settlement[],
  ): Promise<boolean[]> {
    await this.migrate();
    const input = inputOf(settlements, ({ id, token, outcome }) => ({
      id,
      token,
      ...outcome,
      error: "error" in outcome ? JSON.stringify(outcome.error) : null,
    }));
    const isAnyBack = settlements.some(({ outcome }) =>
      outcome.kind === "retry" || outcome.kind === "release"
    );
    const tells = isAnyBack ? this.#tells : "false";
    const rows = await this.#ask(this.#sql.settle, [queue, input, tells]);
    this.#tell(queue);
    await this.#purge(settlements.length);
    return heldOf(settlements, rows);
  }

  /** Counts jobs, as {@linkcode Store.counts} requires. */
  async counts(queue: string): Promise<Counts> {
    await this.migrate();
    const [row] = await this.#ask(this.#sql.counts, [queue]);
    return countsOf(row!);
  }

  /** Returns a result, as {@linkcode Store.result} requires. */
  async result(queue: string, id: string): Promise<StoredResult | null> {
    await this.migrate();
    if (!UUID.test(id)) return null;
    const [row] = await this.#ask(this.#sql.result, [queue, id]);
    return row === undefined ? null : { result: row.result as string | null };
  }

  /** Lists dead letters, as {@linkcode Store.dead} requires. */
  async dead(
    queue: string,
    after: string | null,
    count: number,
  ): Promise<DeadLetter[]> {
    await this.migrate();
    const first = after ?? "00000000-0000-0000-0000-000000000000";
    const rows = await this.#ask(this.#sql.dead, [queue, first, count]);
    return rows.map((row) => ({
      id: row.id as string,
      value: row.value as string,
      key: row.key as string | null,
      attempts: row.attempt as number,
      errors: JSON.parse(`[${row.errors}]`),
    }));
  }

  /** Puts a dead letter back, as {@linkcode Store.putBack} requires. */
  async putBack(queue: string, id: string): Promise<boolean> {
    await this.migrate();
    if (!UUID.test(id)) return false;
    const rows = await this.#ask(this.#sql.putBack, [queue, id, this.#tells]);
    this.#tell(queue);
    return rows.length > 0;
  }

  /** Lists the queues, as {@linkcode Store.queues} requires. */
  async queues(): Promise<QueueState[]> {
    await this.migrate();
    const rows = await this.#ask(this.#sql.queues, []);
    return rows.map((row) => ({
      name: row.name as string,
      ...countsOf(row),
      oldest: row.oldest === null ? null : Number(row.oldest),
      rate: Number(row.rate),
    }));
  }

  /** Calls a function at each change, as {@linkcode Store.watch} requires. */
  watch(queue: string, changed: () => void): Disposable {
    const watchers = this.#watchers.get(queue) ?? new Set();
    this.#watchers.set(queue, watchers);
    const watcher = () => changed();
    watchers.add(watcher);
    this.#startListening();
    return {
      [Symbol.dispose]: () => {
        watchers.delete(watcher);
        if (watchers.size === 0) this.#watchers.delete(queue);
      },
    };
  }

  /**
   * Stops listening, so that the driver can be closed. The queues of the store must be shut down before.
   *
   * @returns A promise that resolves when the connection that listened is released.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#pause);
    await this.#endListening();
  }

  /** Stops listening, as {@linkcode PostgresStore.close} does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Returns a description for logs and error messages: `<PostgresStore schema=durable>`.
   *
   * @returns The description.
   */
  toString(): string {
    return `<PostgresStore schema=${this.#channel}>`;
  }

  /** Whether a write notifies, as a value of a query. */
  get #tells(): string {
    return String(this.#notifies);
  }

  async #migrate(): Promise<void> {
    let version = await this.#version();
    if (version === null) {
      await this.#ask(this.#sql.create, []);
      version = await this.#version();
    }
    if (version === POSTGRES_VERSION) return;
    throw new RuntimeError(
      `Cannot use the schema ${this.#channel} as its tables are of version ${version}: this library knows version ${POSTGRES_VERSION}`,
    );
  }

  /** Returns the version of the tables; `null` if there are none. */
  async #version(): Promise<number | null> {
    const [found] = await this.#ask(this.#sql.exists, []);
    if (!found?.found) return null;
    const [row] = await this.#ask(this.#sql.version, []);
    return row === undefined ? null : Number(row.version);
  }

  async #ask(
    text: string,
    values: (string | number)[],
    within?: unknown,
  ): Promise<readonly Row[]> {
    const query = within as PostgresQuery | undefined;
    for (let rollbacks = 0;; rollbacks++) {
      try {
        return rowsOf(await (query ?? this.#query)(text, values));
      } catch (error) {
        // The transaction of user code is for user code to repeat.
        if (query !== undefined) throw error;
        const code = textAt(error, "code", textAt(fieldsOf(error), "code"));
        const isRepeated = ROLLED_BACK.includes(code) &&
          rollbacks < MAX_ROLLBACKS;
        if (!isRepeated) throw asDown(error, code);
      }
    }
  }

  /** Removes what has expired, once in a while. */
  async #purge(writes: number): Promise<void> {
    this.#writes += writes;
    if (this.#writes < PURGE_EVERY) return;
    this.#writes = 0;
    try {
      await this.#ask(this.#sql.purgeJobs, []);
      await this.#ask(this.#sql.purgeKeys, []);
    } catch {
      // The write itself has succeeded; the rest can wait.
    }
  }

  #startListening(): void {
    if (this.#listen === null || this.#unlisten !== null) return;
    if (this.#isClosed) return;
    const lost = () => {
      if (this.#unlisten !== listening) return;
      clearTimeout(this.#pause);
      this.#pause = setTimeout(() => {
        if (this.#unlisten !== listening) return;
        // The driver may count the connection as in use until then.
        this.#endListening();
        // What was put in the meantime was not notified.
        this.#tellAll();
        if (this.#watchers.size > 0) this.#startListening();
      }, LISTEN_PAUSE * 1000);
    };
    const listening: Promise<() => unknown> = Promise.resolve(
      this.#listen(this.#channel, (queue) => this.#tell(queue ?? ""), lost),
    );
    this.#unlisten = listening;
    listening.then(() => this.#tellAll(), lost);
  }

  /** Never rejects. */
  async #endListening(): Promise<void> {
    const unlisten = this.#unlisten;
    this.#unlisten = null;
    try {
      await (await unlisten)?.();
    } catch {
      // The connection is lost.
    }
  }

  /** Calls the watchers of a queue; those of all, if the name was too long for a notification. */
  #tell(queue: string): void {
    if (queue === "") return this.#tellAll();
    for (const changed of [...this.#watchers.get(queue) ?? []]) changed();
  }

  #tellAll(): void {
    for (const name of [...this.#watchers.keys()]) this.#tell(name);
  }
}

function assertSchema(schema: unknown): void {
  if (typeof schema !== "string") {
    throw wrongType(
      "The schema option of PostgresStore()",
      "a string",
      schema,
    );
  }
  if (/^[a-z_][a-z0-9_]{0,50}$/.test(schema)) return;
  throw outOfRange(
    "The schema option of PostgresStore()",
    "a name of lower-case letters, digits and underscores",
    schema,
  );
}

/** Returns the input of a statement, in the order of the ids: two statements that lock the same rows do so in turn. */
function inputOf<T extends LeaseToken>(
  items: readonly T[],
  rowOf: (item: T) => object,
): string {
  return JSON.stringify(
    items.toSorted((a, b) => a.id < b.id ? -1 : 1).map(rowOf),
  );
}

/** Returns for each lease whether its id is among the rows. */
function heldOf(
  leases: readonly LeaseToken[],
  rows: readonly Row[],
): boolean[] {
  const held = new Set(rows.map(({ id }) => id));
  return leases.map(({ id }) => held.has(id));
}

function rowsOf(answer: unknown): readonly Row[] {
  const rows = Array.isArray(answer) ? answer : propertyOf(answer, "rows");
  if (Array.isArray(rows)) return rows;
  throw wrongType(
    "What the query of a PostgresStore returns",
    "an array of rows, or an object with rows",
    answer,
  );
}

/** The fields of an error, where a driver keeps them apart. */
function fieldsOf(error: unknown): unknown {
  return propertyOf(error, "fields");
}

/** Errors of the program, which do not show that the server is down. */
const MISTAKES = [TypeError, ReferenceError, SyntaxError, RangeError];

/** Returns a `StoreDown` for an error that is not an answer of the database. */
function asDown(error: unknown, code: string): unknown {
  if (SQLSTATE.test(code) && !IS_DOWN.test(code)) return error;
  if (MISTAKES.some((type) => isInstance(error, type))) return error;
  return new StoreDown(`The database does not answer: ${textOf(error)}`, {
    cause: error,
  });
}

function leaseOf(row: Row): Lease {
  return {
    id: row.id as string,
    token: row.token as string,
    value: row.value as string,
    key: row.key as string | null,
    attempt: row.attempt as number,
    errors: JSON.parse(`[${row.errors}]`),
  };
}

function countsOf(row: Row): Counts {
  return {
    ready: Number(row.ready),
    delayed: Number(row.delayed),
    leased: Number(row.leased),
    dead: Number(row.dead),
  };
}
