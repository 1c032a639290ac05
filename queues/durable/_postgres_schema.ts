// Copyright 2026 the asyncio for Deno authors. MIT license.

/** The version of the schema, which a later version of the library migrates. */
export const POSTGRES_VERSION = 1;

// The states of a job. An open job is one that waits or is leased: `at` is when it can be leased.
const WAITING = 0;
const LEASED = 1;
const DEAD = 2;
const DONE = 3;

/** How long a job that is done is known, at least, in seconds, so that a repeated settlement finds it. */
const KEEP_DONE = 60;
/** The window of the rate, in seconds. */
const RATE_WINDOW = 60;
/** How many expired rows are removed at a time. */
const PURGE = 1000;

/** The statements of a store. Each is one transaction. */
export interface Statements {
  readonly put: string;
  readonly lease: string;
  readonly renew: string;
  readonly settle: string;
  readonly counts: string;
  readonly result: string;
  readonly dead: string;
  readonly putBack: string;
  readonly queues: string;
  readonly purgeJobs: string;
  readonly purgeKeys: string;
  readonly exists: string;
  readonly version: string;
  readonly create: string;
}

/**
 * Returns the statements for a schema.
 *
 * The frequent ones call functions, whose plans PostgreSQL keeps: planning them takes longer than running them, and not
 * every driver prepares statements. Many rows are passed as one JSON text, which every driver can send.
 */
export function statementsIn(schema: string): Statements {
  const jobs = `${schema}.jobs`;
  const keys = `${schema}.keys`;
  return {
    put: `SELECT id FROM ${schema}.put($1::text, $2::text::json,
      nullif($3::text, '')::uuid, $4::text::boolean) AS id`,

    lease: `SELECT id, token, value, key, attempt, errors, next
      FROM ${schema}.lease($1::text, $2::int, $3::float8)`,

    renew: `SELECT id
      FROM ${schema}.renew($1::text, $2::text::json, $3::float8) AS id`,

    settle: `SELECT id FROM ${schema}.settle($1::text, $2::text::json,
      $3::text::boolean) AS id`,

    counts: `SELECT ${COUNTS} FROM ${jobs}
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
      SELECT id, ${schema}.tell($1::text, $3::text::boolean) FROM back`,

    queues: `
      SELECT queue AS name, ${COUNTS},
        extract(epoch FROM now() - min(due) FILTER (
          WHERE state < ${DEAD} AND due <= now()))::float8 AS oldest,
        (count(*) FILTER (WHERE state = ${DONE}
          AND at > now() - ${seconds(`${RATE_WINDOW}`)})
          / ${RATE_WINDOW}.0)::float8 AS rate
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
        ${tablesIn(schema)}
        ${functionsIn(schema)}
        INSERT INTO ${schema}.version VALUES (${POSTGRES_VERSION});
      END $create$`,
  };
}

const COUNTS = `
  count(*) FILTER (WHERE state < ${DEAD} AND at <= now())::int AS ready,
  count(*) FILTER (WHERE state = ${WAITING} AND at > now())::int AS delayed,
  count(*) FILTER (WHERE state = ${LEASED} AND at > now())::int AS leased,
  count(*) FILTER (WHERE state = ${DEAD})::int AS dead`;

/** Returns the interval of a number of seconds. */
function seconds(number: string): string {
  return `make_interval(secs => greatest(0, ${number})::float8)`;
}

function tablesIn(schema: string): string {
  const jobs = `${schema}.jobs`;
  const keys = `${schema}.keys`;
  return `
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
    CREATE INDEX keys_expires ON ${keys} (expires);`;
}

/** The functions; the names of their variables begin with an underscore. */
function functionsIn(schema: string): string {
  const jobs = `${schema}.jobs`;
  const keys = `${schema}.keys`;
  const insert = `
    INSERT INTO ${jobs} (id, queue, state, due, at, key, value)
    SELECT i.id, _queue, ${WAITING}, now() + ${seconds("i.delay")},
      now() + ${seconds("i.delay")}, i.key, i.value`;
  const input = `json_to_recordset(_input) AS i(
    n int, id uuid, key text, value text, delay float8, "keepKey" float8)`;
  return `
    -- A payload has less than 8,000 bytes.
    CREATE FUNCTION ${schema}.tell(_queue text, _tell boolean)
    RETURNS void LANGUAGE sql AS $f$
      SELECT pg_notify('${schema}',
        CASE WHEN octet_length(_queue) < 8000 THEN _queue ELSE '' END)
      WHERE _tell
    $f$;

    -- Returns ids if there is a _call, which is for jobs with keys: it tells which keys this call has written.
    CREATE FUNCTION ${schema}.put(
      _queue text, _input json, _call uuid, _tell boolean
    ) RETURNS SETOF text LANGUAGE plpgsql AS $f$
    #variable_conflict use_column
    BEGIN
      PERFORM ${schema}.tell(_queue, true) WHERE _tell;
      IF _call IS NULL THEN
        ${insert} FROM ${input} ON CONFLICT (id) DO NOTHING;
        RETURN;
      END IF;
      RETURN QUERY WITH keyed AS (
        INSERT INTO ${keys} AS k (queue, key, id, expires, call)
        SELECT _queue, i.key, i.id, now() + ${seconds('i."keepKey"')}, _call
        FROM ${input} WHERE i.key IS NOT NULL ORDER BY i.key
        ON CONFLICT (queue, key) DO UPDATE SET
          id = CASE WHEN k.expires <= now() THEN excluded.id ELSE k.id END,
          call = CASE WHEN k.expires <= now()
            THEN excluded.call ELSE k.call END,
          expires = CASE WHEN k.expires <= now()
            THEN excluded.expires ELSE k.expires END
        RETURNING k.key, k.id, k.call
      ), added AS (
        ${insert} FROM ${input} LEFT JOIN keyed AS k ON k.key = i.key
        WHERE i.key IS NULL OR k.call = _call
        ON CONFLICT (id) DO NOTHING
      )
      SELECT coalesce(k.id, i.id)::text
      FROM ${input} LEFT JOIN keyed AS k ON k.key = i.key ORDER BY i.n;
    END $f$;

    -- Returns one row with the time until the next job if there is none now.
    CREATE FUNCTION ${schema}.lease(_queue text, _count int, _seconds float8)
    RETURNS TABLE (
      id text, token text, value text, key text, attempt int, errors text,
      next float8
    ) LANGUAGE plpgsql AS $f$
    #variable_conflict use_column
    BEGIN
      RETURN QUERY WITH picked AS MATERIALIZED (
        SELECT j.id FROM ${jobs} AS j
        WHERE j.queue = _queue AND j.state < ${DEAD} AND j.at <= now()
        ORDER BY j.at, j.id LIMIT _count FOR UPDATE SKIP LOCKED
      ), leased AS (
        UPDATE ${jobs} AS j SET state = ${LEASED},
          at = now() + ${seconds("_seconds")},
          attempt = j.attempt + 1, leases = j.leases + 1
        -- Not a join, whose plan may look at every job.
        WHERE j.id = ANY (ARRAY(SELECT picked.id FROM picked))
        RETURNING j.*
      )
      SELECT l.id::text, l.leases::text, l.value, l.key, l.attempt, l.errors,
        NULL::float8
      FROM leased AS l ORDER BY l.due, l.id;
      IF FOUND THEN RETURN; END IF;
      RETURN QUERY SELECT NULL::text, NULL::text, NULL::text, NULL::text,
        NULL::int, NULL::text, extract(epoch FROM min(j.at) - now())::float8
      FROM ${jobs} AS j WHERE j.queue = _queue AND j.state < ${DEAD};
    END $f$;

    -- Returns the ids of the jobs whose leases are held. One by one, so that no plan can look at other jobs.
    CREATE FUNCTION ${schema}.renew(_queue text, _input json, _seconds float8)
    RETURNS SETOF text LANGUAGE plpgsql AS $f$
    DECLARE
      _i record;
    BEGIN
      FOR _i IN SELECT * FROM json_to_recordset(_input)
        AS i(id uuid, token bigint)
      LOOP
        UPDATE ${jobs} AS j SET at = now() + ${seconds("_seconds")}
        WHERE j.id = _i.id AND j.queue = _queue AND j.leases = _i.token
          AND j.state = ${LEASED} AND j.at > now();
        IF FOUND THEN RETURN NEXT _i.id::text; END IF;
      END LOOP;
    END $f$;

    -- The same for leases that end, or have been ended by the same call before.
    CREATE FUNCTION ${schema}.settle(_queue text, _input json, _tell boolean)
    RETURNS SETOF text LANGUAGE plpgsql AS $f$
    DECLARE
      _i record;
      _at timestamptz;
    BEGIN
      PERFORM ${schema}.tell(_queue, true) WHERE _tell;
      FOR _i IN SELECT * FROM json_to_recordset(_input) AS i(
        id uuid, token bigint, kind text, result text, keep float8,
        delay float8, error text)
      LOOP
        _at := now() + ${seconds("coalesce(_i.delay, 0)")};
        IF _i.kind = 'done' THEN
          UPDATE ${jobs} AS j SET state = ${DONE}, at = _at, errors = '',
            result = _i.result, result_until = _at + ${seconds("_i.keep")},
            forget = _at + ${
    seconds(`CASE WHEN _i.result IS NULL THEN ${KEEP_DONE}
              ELSE greatest(_i.keep, ${KEEP_DONE}) END`)
  }
          WHERE j.id = _i.id AND j.queue = _queue AND j.leases = _i.token
            AND j.state = ${LEASED};
        ELSIF _i.kind = 'release' THEN
          UPDATE ${jobs} AS j SET state = ${WAITING}, at = j.due,
            attempt = j.attempt - 1
          WHERE j.id = _i.id AND j.queue = _queue AND j.leases = _i.token
            AND j.state = ${LEASED};
        ELSE
          UPDATE ${jobs} AS j SET
            state = CASE _i.kind WHEN 'dead' THEN ${DEAD} ELSE ${WAITING} END,
            due = _at, at = _at,
            errors = concat_ws(',', nullif(j.errors, ''), _i.error)
          WHERE j.id = _i.id AND j.queue = _queue AND j.leases = _i.token
            AND j.state = ${LEASED};
        END IF;
        IF FOUND OR EXISTS (
          SELECT FROM ${jobs} AS j
          WHERE j.id = _i.id AND j.queue = _queue AND j.leases = _i.token
            AND j.state <> ${LEASED}
        ) THEN RETURN NEXT _i.id::text; END IF;
      END LOOP;
    END $f$;`;
}
