// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { connect } from "npm:nats@^2";
import { connect as connectNewly } from "npm:@nats-io/transport-node@^3";
import { createTask, run, sleep } from "../../mod.ts";
import { checkStore } from "../../testing/mod.ts";
import { NATS, startNats, type TestServer } from "../../tests/peers/servers.ts";
import {
  DurableQueue,
  JetStreamStore,
  type NatsConnection,
  StoreDown,
  worker,
} from "./mod.ts";

/** A connection by one of the drivers, which goes on through a restart of the server. */
async function connection(
  { port }: TestServer,
): Promise<NatsConnection & { close(): Promise<void> }> {
  return await connect({
    servers: `127.0.0.1:${port}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
  });
}

const CASES: Readonly<Record<string, (server: TestServer) => Promise<void>>> = {
  async "JetStreamStore keeps what it declares"(server) {
    const nats = await connection(server);
    const checks = await checkStore(() => new JetStreamStore(nats), {
      lease: 1,
      fixed: true,
    });
    assert(checks.includes("keys") && checks.includes("delays"));
    assert(!checks.includes("fencing"));
    await nats.close();
  },

  async "JetStreamStore works with another driver"({ port }) {
    const nats = await connectNewly({ servers: `127.0.0.1:${port}` });
    const store = new JetStreamStore(nats, { prefix: "other" });
    await checkStore(() => store, { lease: 1, fixed: true });
    await nats.close();
  },

  async "JetStreamStore does jobs, fails some and keeps dead letters"(server) {
    const nats = await connection(server);
    const queue = new DurableQueue<number>("jobs", new JetStreamStore(nats), {
      attempts: 2,
      delay: 0.05,
    });
    const values = Array.from({ length: 100 }, (_, i) => i);
    await queue.putMany(values);
    const done: number[] = [];
    const working = createTask(() =>
      worker(queue, (n, job) => {
        if (n === 13 || (n === 14 && job.attempt === 1)) {
          throw new Error(`no ${n}`);
        }
        done.push(n);
        return "a result, which JetStream does not keep";
      }, { concurrency: 4 })
    );
    await queue.join();
    await queue.shutdown();
    await working;
    assertEquals(
      done.toSorted((a, b) => a - b),
      values.filter((n) => n !== 13),
    );
    const other = new DurableQueue<number>("jobs", new JetStreamStore(nats));
    const letters = await Array.fromAsync(other.dead());
    assertEquals(letters.map(({ value }) => value), [13]);
    assertEquals(letters[0]?.errors[0]?.reason, "Error: no 13");
    await other.putBack(letters[0]!.id);
    const job = await other.get();
    assertEquals(job.value, 13);
    await job.done();
    await nats.close();
  },

  async "JetStreamStore tells a waiting get() at once"(server) {
    const nats = await connection(server);
    const store = new JetStreamStore(nats, { poll: 60 });
    const queue = new DurableQueue<string>("told", store);
    const got = createTask(() => queue.get());
    await sleep(0.2);
    const other = await connection(server);
    await new DurableQueue("told", new JetStreamStore(other)).put("hello");
    const job = await got;
    assertEquals(job.value, "hello");
    await job.done();
    await queue.shutdown();
    await nats.close();
    await other.close();
  },

  async "JetStreamStore waits for a server that is restarted"(server) {
    const nats = await connection(server);
    const store = new JetStreamStore(nats, { patience: 0.5 });
    const queue = new DurableQueue<string>("restarted", store);
    const impatient = new DurableQueue<string>("restarted", store, {
      whenDown: "throw",
    });
    await queue.put("a");
    // A server that is killed at once would lose it: NATS answers first.
    await sleep(0.5);
    await server.kill();
    await assertRejects(
      async () => await impatient.put("b", { key: "b" }),
      StoreDown,
    );
    const put = createTask(() => queue.put("b", { key: "b" }));
    await sleep(0.1);
    await server.restart();
    await put;
    for (const value of ["a", "b"]) {
      const job = await queue.get();
      assertEquals(job.value, value);
      await job.done();
    }
    await queue.shutdown();
    await nats.close();
  },
};

Deno.test({
  name: "JetStreamStore on a server",
  ignore: NATS === null,
  async fn(t) {
    await using server = await startNats();
    for (const [name, test] of Object.entries(CASES)) {
      await t.step(name, () => run(() => test(server)));
    }
  },
});

Deno.test("JetStreamStore refuses wrong arguments", () => {
  const connection: NatsConnection = {
    request: () => Promise.reject(new Error("closed")),
    publish() {},
    subscribe: () => ({ unsubscribe() {} }),
  };
  for (
    const [make, message] of [
      [
        () => new JetStreamStore({} as NatsConnection),
        "must be a connection to NATS: received an instance of Object",
      ],
      [
        () => new JetStreamStore(connection, { prefix: "a.b" }),
        "letters and digits",
      ],
      [
        () => new JetStreamStore(connection, { replicas: 0 }),
        "of at least 1: received 0",
      ],
      [() => new JetStreamStore(connection, { poll: 0 }), "received 0"],
    ] as const
  ) assertThrows(make, Error, message);
});
