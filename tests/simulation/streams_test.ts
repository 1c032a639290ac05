// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import {
  CancelledError,
  createTask,
  openConnection,
  type Server,
  startServer,
  timeout,
  TimeoutError,
  wait,
} from "../../mod.ts";
import { explore, MemoryNetwork } from "../../testing/mod.ts";
import {
  Account,
  assertConsistent,
  type Chance,
  isOfNetwork,
  type Manners,
  talk,
} from "./talk.ts";

/** For how long, in seconds, a conversation goes on at most. */
const PATIENCE = 3600;

/** A network of a kind that the seed decides. */
function networkOf(seed: number): MemoryNetwork {
  const latencies = [0, 0.001, [0, 1], [0, 30]] as const;
  return new MemoryNetwork({
    seed,
    latency: latencies[seed % 4]!,
    bandwidth: seed % 3 === 0 ? 10_000 : Infinity,
  });
}

/** A server, and some clients that talk with it; returns the two accounts of each conversation. */
async function converse(
  network: MemoryNetwork,
  { clients, server: host = "server", manners, mayCancel }: {
    clients: number;
    server?: string;
    manners: Manners;
    mayCancel?: (task: ReturnType<typeof createTask>) => void;
  },
): Promise<[Account, Account][]> {
  const accounts = Array.from(
    { length: clients },
    (_, i): [Account, Account] => [new Account(i), new Account(i + 1000)],
  );
  const server = await network.at(
    host,
    () =>
      startServer(
        async (reader, writer) => {
          let who;
          try {
            [who] = await timeout(PATIENCE, () => reader.readExactly(1));
            const [client, own] = accounts[who!]!;
            await timeout(
              PATIENCE,
              () => talk([reader, writer], [own, client], manners),
            );
          } catch (error) {
            // A client that is cancelled may have said nothing at all.
            if (who !== undefined && !isExpected(error)) throw error;
          } finally {
            writer.close();
          }
        },
        null,
        7,
      ),
  );
  const tasks = accounts.map(([own, other], who) =>
    network.at(`client-${who}`, () =>
      createTask(async () => {
        const [reader, writer] = await openConnection(host, 7);
        try {
          writer.write(new Uint8Array([who]));
          await timeout(
            PATIENCE,
            () => talk([reader, writer], [own, other], manners),
          );
        } finally {
          writer.close();
        }
      }))
  );
  for (const task of tasks) mayCancel?.(task);
  await wait(tasks);
  for (const [i, task] of tasks.entries()) {
    if (task.cancelled()) continue;
    const error = task.exception();
    accounts[i]![0].error ??= error;
    if (error !== null && !isExpected(error)) throw error;
  }
  await shutDown(server);
  for (const pair of accounts) assertConsistent(...pair);
  assertEquals(network.connections, 0);
  return accounts;
}

function isExpected(error: unknown): boolean {
  return isOfNetwork(error) || error instanceof TimeoutError ||
    error instanceof CancelledError;
}

async function shutDown(server: Server): Promise<void> {
  server.close();
  await wait([server.waitClosed()], { timeout: 2 * PATIENCE });
  server.abortClients();
  await server.waitClosed();
}

Deno.test("Streams carry every byte both ways, in order, on any network and schedule", async () => {
  let network: MemoryNetwork;
  const { schedules } = await explore(async (trial) => {
    const random: Chance = () => trial.random();
    const accounts = await converse(network, {
      clients: 3,
      manners: { chance: random, pieces: 10 },
    });
    for (const account of accounts.flat()) {
      assertEquals(account.error, null);
      assert(account.isComplete);
    }
  }, {
    network: (seed) => network = networkOf(seed),
    timeouts: false,
    schedules: 150,
    seconds: 30,
    maxSteps: 1e6,
    seed: 1,
  });
  assert(schedules > 20);
});

Deno.test("Streams never end as if nothing was missing, whatever befalls them", async () => {
  let network: MemoryNetwork;
  const outcomes = { complete: 0, failed: 0 };
  await explore(async (trial) => {
    const random: Chance = () => trial.random();
    using _ = network.injectFaults({
      every: 5 + random() * 30,
      lasting: 10 ** (random() * 3),
    });
    const accounts = await converse(network, {
      clients: 3,
      manners: { chance: random, pieces: 10, isRude: random() < 0.3 },
    });
    for (const { isComplete, error } of accounts.flat()) {
      if (isComplete) outcomes.complete++;
      if (error !== null) outcomes.failed++;
    }
  }, {
    network: (seed) => network = networkOf(seed),
    timeouts: false,
    schedules: 300,
    seconds: 30,
    maxSteps: 1e6,
    seed: 2,
  });
  // Both happens.
  assert(outcomes.complete > 50, String(outcomes.complete));
  assert(outcomes.failed > 50, String(outcomes.failed));
});

Deno.test("Streams stay consistent when their tasks are cancelled at any step", async () => {
  let network: MemoryNetwork;
  await explore(async (trial) => {
    await converse(network, {
      clients: 2,
      manners: { chance: () => trial.random(), pieces: 6, size: 60_000 },
      mayCancel: (task) => trial.mayCancel(task),
    });
  }, {
    network: (seed) => network = networkOf(seed),
    timeouts: false,
    cancellations: 2,
    schedules: 300,
    seconds: 30,
    maxSteps: 1e6,
    seed: 3,
  });
});
