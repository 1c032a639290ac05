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
 */
export type PostgresQuery = (
  text: string,
  values: (string | number)[],
) => PromiseLike<unknown>;

/**
 * Listens on a channel until the function that it returns is called. It calls `notify` with the payload of each
 * notification, and `lost` if the connection is lost.
 */
export type PostgresListen = (
  channel: string,
  notify: (payload?: string) => void,
  lost: () => void,
) => PromiseLike<() => unknown>;

/** The options of a {@linkcode PostgresStore}. */
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

/** The version of the schema, which a later version of the library migrates. */
const VERSION = 1;

// The states of a job. An open job is one that waits or is leased: `at` is when it can be leased.
const WAITING = 0;
const LEASED = 1;
const DEAD = 2;
const DONE = 3;

/** How long a job that is done is known, at least, in seconds, so that a repeated settlement finds it. */
const KEEP_DONE = 60;
/** The window of the rate, in seconds. */
const RATE_WINDOW = 60;
/** How many writes come before expired rows are removed, and how many of these at a time. */
const PURGE_EVERY = 500;
const PURGE = 1000;
/** How long, in seconds, before a connection that listened and was lost is replaced. */
const LISTEN_PAUSE = 1;
/** How often a statement is repeated that PostgreSQL has rolled back for the sake of another one. */
const MAX_ROLLBACKS = 10;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The classes of errors, by SQLSTATE, that are answers of a database which works. */
const SQLSTATE = /^(?:[0-9]{2}|F0|HV|P0|XX)[0-9A-Z]{3}$/;
const IS_DOWN = /^(?:08|53|57P|58)/;
const ROLLED_BACK = ["40001", "40P01"];

type Row = Readonly<Record<string, unknown>>;

/**
 * A store in a PostgreSQL database, through a driver of your choice: for several machines, and for jobs that are put in
 * the same transaction as the data they are about.
 *
 * Works with PostgreSQL 12 and later. Leases use `SKIP LOCKED`, times are those of the server. The tables are created
 * at first use, in a schema of their own. A connection pool is needed for concurrent calls; poolers that work by
 * transaction are fine.
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
 * @category Stores
 */
export class PostgresStore implements Store, AsyncDisposable {
  /** What the store guarantees: everything. */
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
    this.#sql = statementsIn(schema, notify);
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
    const rows = hasKeys
      ? await this.#ask(
        this.#sql.putWithKeys,
        [queue, input, crypto.randomUUID()],
        within,
      )
      : await this.#ask(this.#sql.put, [queue, input], within);
    // Within a transaction, the workers learn of it from the commit.
    if (within === undefined) this.#tell(queue);
    await this.#purge(hasKeys && within === undefined ? jobs.length : 0);
    return rows.map(({ id }) => id as string);
  }

  /** Leases jobs, as {@linkcode Store.lease} requires. */
  async lease(queue: string, count: number, seconds: number): Promise<Leases> {
    await this.migrate();
    const rows = await this.#ask(this.#sql.lease, [queue, count, seconds]);
    if (rows.length > 0) return { leases: rows.map(leaseOf), next: null };
    const [first] = await this.#ask(this.#sql.next, [queue]);
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
    return rows.map(({ held }) => held as boolean);
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
    const rows = await this.#ask(
      isAnyBack ? this.#sql.settleAndNotify : this.#sql.settle,
      [queue, input],
    );
    this.#tell(queue);
    await this.#purge(settlements.length);
    return rows.map(({ held }) => held as boolean);
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

  /** Makes a dead letter ready, as {@linkcode Store.putBack} requires. */
  async putBack(queue: string, id: string): Promise<boolean> {
    await this.migrate();
    if (!UUID.test(id)) return false;
    const rows = await this.#ask(this.#sql.putBack, [queue, id]);
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
    const unlisten = this.#unlisten;
    this.#unlisten = null;
    try {
      await (await unlisten)?.();
    } catch {
      // The connection is lost.
    }
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

  async #migrate(): Promise<void> {
    let version = await this.#version();
    if (version === null) {
      await this.#ask(this.#sql.create, []);
      version = await this.#version();
    }
    if (version === VERSION) return;
    throw new RuntimeError(
      `Cannot use the schema ${this.#channel} as its tables are of version ${version}: this library knows version ${VERSION}`,
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
    await this.#ask(this.#sql.purgeJobs, []);
    await this.#ask(this.#sql.purgeKeys, []);
  }

  #startListening(): void {
    if (this.#listen === null || this.#unlisten !== null) return;
    if (this.#isClosed) return;
    const lost = () => {
      if (this.#unlisten !== listening) return;
      clearTimeout(this.#pause);
      this.#pause = setTimeout(() => {
        if (this.#unlisten !== listening) return;
        this.#unlisten = null;
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
  const rows = items.map((item, n) => ({ n, ...rowOf(item) }));
  const isBefore = (a: number, b: number) => items[a]!.id < items[b]!.id;
  return JSON.stringify(
    rows.toSorted((a, b) => isBefore(a.n, b.n) ? -1 : 1),
  );
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

/** Errors of the program, which are no sign of a server that is down. */
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

type Statements = ReturnType<typeof statementsIn>;

/** The statements for a schema. Each is one transaction; many rows are passed as one JSON text, for any driver. */
function statementsIn(schema: string, notify: boolean) {
  const jobs = `${schema}.jobs`;
  const keys = `${schema}.keys`;
  // A payload has less than 8,000 bytes.
  const told = notify
    ? `, (SELECT pg_notify('${schema}', CASE WHEN octet_length($1::text) < 8000 THEN $1::text ELSE '' END)) AS told`
    : "";
  const counts = `
    count(*) FILTER (WHERE state < ${DEAD} AND at <= now())::int AS ready,
    count(*) FILTER (WHERE state = ${WAITING} AND at > now())::int AS delayed,
    count(*) FILTER (WHERE state = ${LEASED} AND at > now())::int AS leased,
    count(*) FILTER (WHERE state = ${DEAD})::int AS dead`;
  const seconds = (number: string) =>
    `make_interval(secs => greatest(0, ${number})::float8)`;
  const insert = (from: string) => `
    INSERT INTO ${jobs} (id, queue, state, due, at, key, value)
    SELECT i.id, $1::text, ${WAITING}, now() + ${seconds("i.delay")},
      now() + ${seconds("i.delay")}, i.key, i.value
    FROM ${from}
    ON CONFLICT (id) DO NOTHING`;
  const input = `
    input AS (
      SELECT * FROM json_to_recordset($2::text::json) AS input(
        n int, id uuid, key text, value text, delay float8, "keepKey" float8)
    )`;
  const settle = (told: string) => `
    WITH input AS (
      SELECT * FROM json_to_recordset($2::text::json) AS input(
        n int, id uuid, token bigint, kind text, result text, keep float8,
        delay float8, error text)
    ), ended AS (
      UPDATE ${jobs} AS j SET
        state = CASE i.kind
          WHEN 'done' THEN ${DONE} WHEN 'dead' THEN ${DEAD} ELSE ${WAITING} END,
        due = CASE i.kind
          WHEN 'retry' THEN now() + ${seconds("i.delay")} ELSE j.due END,
        at = CASE i.kind
          WHEN 'retry' THEN now() + ${seconds("i.delay")}
          WHEN 'release' THEN j.due ELSE now() END,
        attempt = CASE i.kind
          WHEN 'release' THEN j.attempt - 1 ELSE j.attempt END,
        errors = CASE WHEN i.error IS NULL THEN j.errors
          WHEN j.errors = '' THEN i.error ELSE j.errors || ',' || i.error END,
        result = i.result,
        result_until = now() + ${seconds("i.keep")},
        forget = now() + ${
    seconds(
      `CASE WHEN i.result IS NULL THEN ${KEEP_DONE} ELSE greatest(i.keep, ${KEEP_DONE}) END`,
    )
  }
      FROM input AS i
      WHERE j.id = i.id AND j.queue = $1::text AND j.leases = i.token
        AND j.state = ${LEASED}
      RETURNING j.id
    )
    SELECT (e.id IS NOT NULL OR EXISTS (
      -- Settled already, by this lease.
      SELECT FROM ${jobs} AS j WHERE j.id = i.id AND j.queue = $1::text
        AND j.leases = i.token AND j.state <> ${LEASED})) AS held${told}
    FROM input AS i LEFT JOIN ended AS e ON e.id = i.id ORDER BY i.n`;

  return {
    put: `
      WITH ${input}, added AS (${insert("input AS i")})
      SELECT id::text AS id${told} FROM input ORDER BY n`,

    // The row of a key tells by `call` whether this statement has written it.
    putWithKeys: `
      WITH ${input}, keyed AS (
        INSERT INTO ${keys} AS k (queue, key, id, expires, call)
        SELECT $1::text, key, id, now() + ${
      seconds(`"keepKey"`)
    }, $3::text::uuid
        FROM input WHERE key IS NOT NULL ORDER BY key
        ON CONFLICT (queue, key) DO UPDATE SET
          id = CASE WHEN k.expires <= now() THEN excluded.id ELSE k.id END,
          call = CASE WHEN k.expires <= now()
            THEN excluded.call ELSE k.call END,
          expires = CASE WHEN k.expires <= now()
            THEN excluded.expires ELSE k.expires END
        RETURNING k.key, k.id, k.call
      ), added AS (${
      insert(`input AS i LEFT JOIN keyed AS k ON k.key = i.key
        WHERE i.key IS NULL OR k.call = $3::text::uuid`)
    })
      SELECT coalesce(k.id, i.id)::text AS id${told}
      FROM input AS i LEFT JOIN keyed AS k ON k.key = i.key ORDER BY i.n`,

    lease: `
      WITH picked AS MATERIALIZED (
        SELECT id FROM ${jobs}
        WHERE queue = $1::text AND state < ${DEAD} AND at <= now()
        ORDER BY at, id LIMIT $2::int FOR UPDATE SKIP LOCKED
      ), leased AS (
        UPDATE ${jobs} AS j SET state = ${LEASED},
          at = now() + ${seconds("$3::float8")},
          attempt = j.attempt + 1, leases = j.leases + 1
        FROM picked WHERE j.id = picked.id
        RETURNING j.id, j.leases, j.value, j.key, j.attempt, j.errors, j.due
      )
      SELECT id::text AS id, leases::text AS token, value, key, attempt, errors
      FROM leased ORDER BY due, leased.id`,

    next: `
      SELECT extract(epoch FROM min(at) - now())::float8 AS next
      FROM ${jobs} WHERE queue = $1::text AND state < ${DEAD}`,

    renew: `
      WITH input AS (
        SELECT * FROM json_to_recordset($2::text::json)
          AS input(n int, id uuid, token bigint)
      ), renewed AS (
        UPDATE ${jobs} AS j SET at = now() + ${seconds("$3::float8")}
        FROM input AS i
        WHERE j.id = i.id AND j.queue = $1::text AND j.leases = i.token
          AND j.state = ${LEASED}
        RETURNING j.id
      )
      SELECT r.id IS NOT NULL AS held
      FROM input AS i LEFT JOIN renewed AS r ON r.id = i.id ORDER BY i.n`,

    settle: settle(""),
    settleAndNotify: settle(told),

    counts: `SELECT ${counts} FROM ${jobs}
      WHERE queue = $1::text AND state < ${DONE}`,

    result: `
      SELECT result FROM ${jobs}
      WHERE id = $2::text::uuid AND queue = $1::text AND state = ${DONE}
        AND result_until > now()`,

    dead: `
      SELECT id::text AS id, value, key, attempt, errors FROM ${jobs}
      WHERE queue = $1::text AND state = ${DEAD} AND id > $2::text::uuid
      ORDER BY jobs.id LIMIT $3::int`,

    putBack: `
      WITH back AS (
        UPDATE ${jobs} SET state = ${WAITING}, attempt = 0, errors = '',
          due = now(), at = now()
        WHERE id = $2::text::uuid AND queue = $1::text AND state = ${DEAD}
        RETURNING id
      )
      SELECT id${told} FROM back`,

    queues: `
      SELECT queue AS name, ${counts},
        extract(epoch FROM now() - min(due) FILTER (
          WHERE state < ${DEAD} AND due <= now()))::float8 AS oldest,
        (count(*) FILTER (WHERE state = ${DONE} AND at > now() - ${
      seconds(`${RATE_WINDOW}`)
    }) / ${RATE_WINDOW}.0)::float8 AS rate
      FROM ${jobs} GROUP BY queue ORDER BY queue`,

    purgeJobs: `
      DELETE FROM ${jobs} WHERE id IN (
        SELECT id FROM ${jobs} WHERE state = ${DONE} AND forget < now()
        LIMIT ${PURGE} FOR UPDATE SKIP LOCKED)`,

    purgeKeys: `
      DELETE FROM ${keys} WHERE (queue, key) IN (
        SELECT queue, key FROM ${keys} WHERE expires < now()
        LIMIT ${PURGE} FOR UPDATE SKIP LOCKED)`,

    exists: `SELECT to_regclass('${schema}.version') IS NOT NULL AS found`,

    version: `SELECT version FROM ${schema}.version`,

    // One statement, so that it is one transaction whatever connections the driver takes.
    create: `
      DO $create$ BEGIN
        PERFORM pg_advisory_xact_lock(hashtext('${schema}.version'));
        CREATE SCHEMA IF NOT EXISTS ${schema};
        CREATE TABLE IF NOT EXISTS ${schema}.version (version int NOT NULL);
        IF EXISTS (SELECT FROM ${schema}.version) THEN RETURN; END IF;
        CREATE TABLE ${jobs} (
          id uuid PRIMARY KEY,
          queue text NOT NULL,
          state smallint NOT NULL,
          due timestamptz NOT NULL,
          at timestamptz NOT NULL,
          attempt int NOT NULL DEFAULT 0,
          leases bigint NOT NULL DEFAULT 0,
          key text,
          value text NOT NULL,
          errors text NOT NULL DEFAULT '',
          result text,
          result_until timestamptz,
          forget timestamptz
        );
        CREATE INDEX jobs_open ON ${jobs} (queue, at, id) WHERE state < ${DEAD};
        CREATE INDEX jobs_dead ON ${jobs} (queue, id) WHERE state = ${DEAD};
        CREATE INDEX jobs_done ON ${jobs} (forget) WHERE state = ${DONE};
        CREATE TABLE ${keys} (
          queue text NOT NULL,
          key text NOT NULL,
          id uuid NOT NULL,
          expires timestamptz NOT NULL,
          call uuid NOT NULL,
          PRIMARY KEY (queue, key)
        );
        CREATE INDEX keys_expires ON ${keys} (expires);
        INSERT INTO ${schema}.version VALUES (${VERSION});
      END $create$`,
  };
}
