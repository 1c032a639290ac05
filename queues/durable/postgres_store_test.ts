// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import pg from "npm:pg@^8";
import postgres from "npm:postgres@^3";
import { createTask, gather, run, RuntimeError, sleep } from "../../mod.ts";
import { checkStore } from "../../testing/mod.ts";
import {
  POSTGRES,
  startPostgres,
  type TestServer,
} from "../../tests/peers/servers.ts";
import {
  DurableQueue,
  PostgresStore,
  type PostgresStoreOptions,
  StoreDown,
  worker,
} from "./mod.ts";

type Listener = NonNullable<PostgresStoreOptions["listen"]>;

/** A pool of the driver `pg`, and a store that uses it. */
class Database implements AsyncDisposable {
  readonly pool: pg.Pool;
  readonly #stores: PostgresStore[] = [];

  constructor({ port }: TestServer) {
    this.pool = new pg.Pool({
      host: "127.0.0.1",
      port,
      user: "postgres",
      database: "postgres",
      max: 10,
    });
    // A connection that is lost while it is idle.
    this.pool.on("error", () => {});
  }

  store(options: PostgresStoreOptions = {}): PostgresStore {
    const store = new PostgresStore(
      (text, values) => this.pool.query(text, values),
      options,
    );
    this.#stores.push(store);
    return store;
  }

  readonly listen: Listener = async (channel, notify, lost) => {
    const client = await this.pool.connect();
    client.on(
      "notification",
      ({ payload }: pg.Notification) => notify(payload),
    );
    client.on("error", lost);
    try {
      await client.query(`LISTEN ${channel}`);
    } catch (error) {
      client.release(true);
      throw error;
    }
    return () => client.release(true);
  };

  readonly transaction = async (
    body: (within: unknown) => Promise<void>,
  ): Promise<void> => {
    const client = await this.pool.connect();
    try {
      await client.query("BEGIN");
      await body((text: string, values: unknown[]) =>
        client.query(text, values)
      );
      await client.query("COMMIT");
    } catch (error) {
      await client.query("ROLLBACK");
      throw error;
    } finally {
      client.release();
    }
  };

  async [Symbol.asyncDispose]() {
    for (const store of this.#stores) await store.close();
    await this.pool.end();
  }
}

const CASES: Readonly<Record<string, (server: TestServer) => Promise<void>>> = {
  async "PostgresStore keeps what it declares"(server) {
    await using database = new Database(server);
    const { transaction } = database;
    const checks = await checkStore(
      () => database.store({ listen: database.listen }),
      {
        lease: 0.3,
        transaction,
        close: (store) => (store as PostgresStore).close(),
      },
    );
    assert(checks.includes("transactions"));
  },

  async "PostgresStore works with another driver"({ port }) {
    const sql = postgres({
      host: "127.0.0.1",
      port,
      user: "postgres",
      max: 10,
      onnotice: () => {},
    });
    const stores: PostgresStore[] = [];
    const checks = await checkStore(() => {
      const store = new PostgresStore(
        (text, values) => sql.unsafe(text, values),
        {
          schema: "other_driver",
          listen: async (channel, notify) =>
            (await sql.listen(channel, notify)).unlisten,
        },
      );
      stores.push(store);
      return store;
    }, {
      lease: 0.3,
      close: (store) => (store as PostgresStore).close(),
      transaction: (body) =>
        sql.begin((tx) =>
          body((text: string, values: string[]) => tx.unsafe(text, values))
        ) as Promise<void>,
    });
    assert(checks.includes("transactions"));
    await sql.end();
  },

  async "PostgresStore creates its tables once, whoever comes first"(server) {
    await using database = new Database(server);
    const schema = "at_once";
    const stores = Array.from({ length: 5 }, () => database.store({ schema }));
    await gather(
      stores.map((store) => new DurableQueue<number>("n", store).put(1)),
    );
    assertEquals((await stores[0]!.counts("n")).ready, 5);
    await database.pool.query("UPDATE at_once.version SET version = 99");
    await assertRejects(
      () => database.store({ schema }).migrate(),
      RuntimeError,
      "version 99",
    );
  },

  async "PostgresStore tells a waiting get() by NOTIFY"(server) {
    await using database = new Database(server);
    const store = database.store({ listen: database.listen, poll: 60 });
    const queue = new DurableQueue<string>("notified", store);
    const got = createTask(() => queue.get());
    await sleep(0.2);
    const start = performance.now();
    await new DurableQueue<string>("notified", database.store()).put("hello");
    const job = await got;
    assert(performance.now() - start < 2000);
    await job.done();
    await queue.shutdown();
  },

  async "PostgresStore puts within a transaction"(server) {
    await using database = new Database(server);
    const queue = new DurableQueue<number>("within", database.store());
    await queue.put(0);
    await database.transaction(async (within) => {
      await queue.put(1, { within, key: "k" });
      await queue.putMany([2, 3], { within });
    });
    await assertRejects(
      () =>
        database.transaction(async (within) => {
          await queue.put(4, { within });
          throw new Error("no");
        }),
      Error,
      "no",
    );
    assertEquals((await queue.counts()).ready, 4);
    await queue.shutdown();
  },

  async "PostgresStore shares jobs among workers"(server) {
    await using database = new Database(server);
    const values = Array.from({ length: 500 }, (_, i) => i);
    const queue = new DurableQueue<number>("shared", database.store());
    await queue.putMany(values);
    const seen: number[] = [];
    const queues = [1, 2, 3].map(() =>
      new DurableQueue<number>("shared", database.store())
    );
    const workers = queues.map((each) =>
      createTask(() =>
        worker(each, (n) => void seen.push(n), { concurrency: 4 })
      )
    );
    await queue.join();
    for (const each of queues) await each.shutdown();
    await gather(workers);
    assertEquals(seen.toSorted((a, b) => a - b), values);
  },

  async "PostgresStore forgets what is done, and keys that have expired"(
    server,
  ) {
    await using database = new Database(server);
    const schema = "forgetful";
    const store = database.store({ schema });
    const queue = new DurableQueue<number>("n", store, { keepKeys: 0 });
    await queue.putMany(Array.from({ length: 600 }, (_, i) => i), {
      key: String,
    });
    for (let i = 0; i < 600; i += 100) {
      const { leases } = await store.lease("n", 100, 30);
      if (i === 400) {
        await database.pool.query(`UPDATE ${schema}.jobs SET forget = now()`);
      }
      await store.settle(
        "n",
        leases.map((lease) => ({
          ...lease,
          outcome: { kind: "done", result: null, keep: 0 },
        })),
      );
    }
    const { rows: [row] } = await database.pool.query(
      `SELECT (SELECT count(*) FROM ${schema}.jobs)::int AS jobs,
        (SELECT count(*) FROM ${schema}.keys)::int AS keys`,
    );
    assertEquals(row.keys, 0);
    assert(row.jobs <= 200, `${row.jobs}`);
  },

  async "PostgresStore waits for a server that is restarted"(server) {
    await using database = new Database(server);
    const store = database.store({ listen: database.listen });
    const queue = new DurableQueue<string>("restarted", store);
    const impatient = new DurableQueue<string>("restarted", store, {
      whenDown: "throw",
    });
    await queue.put("a", { key: "a" });
    const job = await queue.get();
    await server.kill();
    await assertRejects(async () => await impatient.put("b"), StoreDown);
    const put = createTask(() => queue.put("b", { key: "b" }));
    const done = createTask(() => job.done("sent"));
    const got = createTask(() => queue.get());
    await sleep(0.1);
    assert(!put.done() && !done.done() && !got.done());
    await server.restart();
    await put;
    await done;
    assertEquals(await queue.result(job.id), "sent");
    const next = await got;
    assertEquals(next.value, "b");
    await next.done();
    assertEquals(await queue.counts(), {
      ready: 0,
      delayed: 0,
      leased: 0,
      dead: 0,
    });
    await queue.shutdown();
  },
};

Deno.test({
  name: "PostgresStore on a server",
  ignore: POSTGRES === null,
  async fn(t) {
    await using server = await startPostgres();
    for (const [name, test] of Object.entries(CASES)) {
      await t.step(name, () => run(() => test(server)));
    }
  },
});

Deno.test("PostgresStore throws an answer of the database as it is", async () => {
  const refusal = Object.assign(new Error("no such role"), { code: "28000" });
  const queue = new DurableQueue<string>(
    "mail",
    new PostgresStore(() => Promise.reject(refusal)),
  );
  const error = await assertRejects(async () => await queue.put("a"), Error);
  assertEquals(error, refusal);
  const broken = new PostgresStore(() => Promise.resolve(undefined));
  await assertRejects(
    () => broken.migrate(),
    TypeError,
    "an array of rows, or an object with rows: received undefined",
  );
});

Deno.test("PostgresStore ends each listening, also one that was lost", async () => {
  const log: string[] = [];
  const again = Promise.withResolvers<void>();
  const store = new PostgresStore(() => Promise.resolve([]), {
    listen(_channel, _notify, lost) {
      const name = log.length === 0 ? "first" : "second";
      log.push(`begin ${name}`);
      if (name === "first") queueMicrotask(lost);
      else again.resolve();
      return Promise.resolve(() => log.push(`end ${name}`));
    },
  });
  const watch = store.watch("mail", () => {});
  await again.promise;
  watch[Symbol.dispose]();
  await store.close();
  assertEquals(log, ["begin first", "begin second", "end first", "end second"]);
});

Deno.test("PostgresStore refuses wrong arguments", () => {
  const query = () => Promise.resolve([]);
  for (
    const [make, message] of [
      [() => new PostgresStore({} as never), "must be a function: received"],
      [
        () => new PostgresStore(query, { schema: 'a"; DROP' }),
        "lower-case letters",
      ],
      [() => new PostgresStore(query, { poll: 0 }), "received 0"],
      [() => new PostgresStore(query, { listen: 1 as never }), "received 1"],
      [() => new PostgresStore(query, { notify: 1 as never }), "received 1"],
    ] as const
  ) assertThrows(make, Error, message);
});
