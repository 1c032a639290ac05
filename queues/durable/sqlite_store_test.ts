// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { createTask, gather, run, RuntimeError, sleep } from "../../mod.ts";
import { checkStore } from "../../testing/mod.ts";
import { DurableQueue, SqliteStore, StoreDown, worker } from "./mod.ts";

/** Runs a test with the path of a database that does not exist yet. */
function withPath(
  test: (path: string) => unknown,
): () => Promise<void> {
  return async () => {
    const folder = await Deno.makeTempDir();
    try {
      await run(async () => await test(`${folder}/jobs.db`));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  };
}

Deno.test(
  "SqliteStore keeps what it declares",
  withPath(async (path) => {
    const checks = await checkStore(() => new SqliteStore(path), {
      lease: 0.2,
      close: (store) => (store as SqliteStore).close(),
    });
    assert(checks.includes("fencing"));
  }),
);

Deno.test(
  "SqliteStore keeps jobs when it is closed and opened again",
  withPath(async (path) => {
    {
      using store = new SqliteStore(path);
      const queue = new DurableQueue<string>("mail", store);
      await queue.put("a", { key: "k" });
      await queue.put("b", { delay: 3600 });
    }
    using store = new SqliteStore(path);
    const queue = new DurableQueue<string>("mail", store);
    await queue.put("again", { key: "k" });
    const { ready, delayed } = await queue.counts();
    assertEquals([ready, delayed], [1, 1]);
    const job = await queue.get();
    assertEquals([job.value, job.key], ["a", "k"]);
    await job.done();
  }),
);

Deno.test(
  "SqliteStore tells a waiting get() of another object by polling",
  withPath(async (path) => {
    using store = new SqliteStore(path, { poll: 0.01 });
    using other = new SqliteStore(path);
    const queue = new DurableQueue<string>("mail", store);
    const got = createTask(() => queue.get());
    await sleep(0.02);
    await new DurableQueue<string>("mail", other).put("hello");
    const job = await got;
    assertEquals(job.value, "hello");
    await job.done();
  }),
);

Deno.test(
  "SqliteStore waits for the lock without stopping the loop",
  withPath(async (path) => {
    using store = new SqliteStore(path, { patience: 0.3 });
    const queue = new DurableQueue<string>("mail", store, {
      whenDown: "throw",
    });
    const blocker = new DatabaseSync(path);
    blocker.exec("BEGIN IMMEDIATE");
    const put = createTask(() => queue.put("a"));
    let turns = 0;
    while (!put.done() && turns < 5) {
      await sleep(0.01);
      turns++;
    }
    assert(!put.done());
    blocker.exec("COMMIT");
    await put;
    blocker.exec("BEGIN IMMEDIATE");
    await assertRejects(async () => await queue.put("b"), StoreDown);
    blocker.exec("ROLLBACK");
    blocker.close();
    assertEquals((await queue.counts()).ready, 1);
  }),
);

Deno.test(
  "SqliteStore forgets what is done, and keys that have expired",
  withPath(async (path) => {
    using store = new SqliteStore(path);
    const queue = new DurableQueue<number>("n", store, { keepKeys: 0 });
    for (let i = 0; i < 20; i++) {
      await queue.put(i, { key: `${i}` });
      await (await queue.get()).done();
    }
    const database = new DatabaseSync(path);
    database.exec("UPDATE durable_jobs SET forget = 0");
    await queue.put(1);
    await (await queue.get()).done();
    await queue.put(2);
    await (await queue.get()).done();
    const count = (table: string) =>
      database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n;
    assertEquals(count("durable_jobs"), 2);
    assert(count("durable_keys") as number <= 2);
    database.close();
  }),
);

Deno.test(
  "SqliteStore shares its file among processes",
  withPath(async (path) => {
    using store = new SqliteStore(path);
    const queue = new DurableQueue<number>("n", store);
    const ids = await queue.putMany(Array.from({ length: 300 }, (_, i) => i));
    const program = `
      import { run } from ${
      JSON.stringify(new URL("../../mod.ts", import.meta.url).href)
    };
      import { DurableQueue, SqliteStore, worker } from ${
      JSON.stringify(new URL("mod.ts", import.meta.url).href)
    };
      await run(async () => {
        const queue = new DurableQueue("n", new SqliteStore(Deno.args[0]));
        let n = 0;
        const done = queue.join();
        const working = worker(queue, (value) => { n++; return [Deno.pid, value]; }, { concurrency: 4 });
        await done;
        await queue.shutdown();
        await working;
      });
    `;
    const processes = Array.from(
      { length: 2 },
      () =>
        new Deno.Command(Deno.execPath(), {
          args: ["run", "-A", "-", path],
          stdin: "piped",
          stdout: "null",
        }).spawn(),
    );
    for (const process of processes) {
      const writer = process.stdin.getWriter();
      await writer.write(new TextEncoder().encode(program));
      await writer.close();
    }
    const working = createTask(() =>
      worker(queue, (value) => [Deno.pid, value], { concurrency: 4 })
    );
    await queue.join();
    await queue.shutdown();
    await working;
    for (const process of processes) assert((await process.status).success);
    const reader = new DurableQueue<number>("n", store);
    const results = await gather(ids.map((id) => reader.result(id)));
    const values = results.map((each) => (each as [number, number])[1]);
    assertEquals(values, Array.from({ length: 300 }, (_, i) => i));
  }),
);

Deno.test(
  "SqliteStore refuses tables of a later version",
  withPath((path) => {
    new SqliteStore(path).close();
    const database = new DatabaseSync(path);
    database.exec("UPDATE durable_version SET version = 99");
    database.close();
    assertThrows(() => new SqliteStore(path), RuntimeError, "version 99");
  }),
);

Deno.test("SqliteStore refuses wrong arguments", () => {
  assertThrows(
    () => new SqliteStore(1 as unknown as string),
    TypeError,
    "The path of a SqliteStore must be a string or a file: URL: received 1",
  );
  // To SQLite it would be a database that is deleted at the end.
  assertThrows(
    () => new SqliteStore(""),
    RangeError,
    'The path of a SqliteStore must be a path that is not empty: received ""',
  );
  assertThrows(
    () => new SqliteStore(":memory:", { poll: 0 }),
    RangeError,
    "received 0",
  );
  assertThrows(() => new SqliteStore("/nowhere/jobs.db"), Error, "/nowhere");
  const store = new SqliteStore(":memory:");
  store.close();
  assertThrows(() => store.counts("x"), RuntimeError, "it is closed");
});
