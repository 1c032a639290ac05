// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import {
  CancelledError,
  createTask,
  getRunningLoop,
  RuntimeError,
  type Server,
  sleep,
  type Task,
  wait,
} from "../../mod.ts";
import { explore, MemoryNetwork, type Trial } from "../../testing/mod.ts";
import { StrictProtocol } from "./strict_protocol.ts";
import { type Chance, isOfNetwork } from "./talk.ts";

/** Calls a random method of a transport. */
function stir({ transport }: StrictProtocol, chance: Chance): void {
  switch (Math.floor(chance() * 12)) {
    case 0:
      return transport.close();
    case 1:
      return transport.abort();
    case 2:
      return transport.pauseReading();
    case 3:
    case 4:
      return transport.resumeReading();
    case 5:
      return transport.setWriteBufferLimits(Math.floor(chance() * 1e5));
    case 6:
      return transport.writeEof();
    default:
      // It says so when that is done too often.
      if (transport.isClosing()) return;
      try {
        transport.write(new Uint8Array(Math.floor(chance() ** 2 * 1e5)));
      } catch (error) {
        // After its end is written.
        if (!(error instanceof RuntimeError)) throw error;
      }
  }
}

/** Stirs a connection now and then. */
async function keepStirring(
  protocol: StrictProtocol,
  chance: Chance,
): Promise<void> {
  for (let i = 0; i < 10 && !protocol.isLost; i++) {
    // Whole numbers, so that much of it comes together.
    await sleep(Math.floor(chance() * 3));
    while (!protocol.isLost && chance() < 0.7) stir(protocol, chance);
  }
}

/** Calls a random method of a server other than close(). */
function stirServer(server: Server, chance: Chance): void {
  const way = chance();
  if (way < 0.3) server.closeClients();
  else if (way < 0.5) server.abortClients();
  else void server.startServing().catch(() => {});
}

async function visit(chance: Chance): Promise<StrictProtocol | null> {
  await sleep(Math.floor(chance() * 10));
  let protocol;
  try {
    [, protocol] = await getRunningLoop().createConnection(
      () => new StrictProtocol(),
      "server",
      7,
    );
  } catch (error) {
    if (isOfNetwork(error)) return null;
    throw error;
  }
  try {
    await keepStirring(protocol, chance);
  } finally {
    protocol.transport.close();
  }
  return protocol;
}

async function play(trial: Trial, network: MemoryNetwork): Promise<void> {
  const chance: Chance = () => trial.random();
  const accepted: StrictProtocol[] = [];
  const stirring: Task<void>[] = [];
  const server = await network.at("server", () =>
    getRunningLoop().createServer(
      () => {
        // One that is refused by the program is closed, and said so.
        if (chance() < 0.05) throw new Deno.errors.ConnectionRefused("Full");
        return new StrictProtocol((protocol) => {
          accepted.push(protocol);
          stirring.push(createTask(() => keepStirring(protocol, chance)));
        });
      },
      null,
      7,
      { startServing: chance() < 0.8 },
    ));
  using faults = network.injectFaults({ every: 2 + chance() * 30, lasting: 5 });
  const visitors = Array.from(
    { length: 4 },
    (_, i) => network.at(`client-${i}`, () => createTask(() => visit(chance))),
  );
  for (const visitor of visitors) trial.mayCancel(visitor);
  const closed = createTask(() => server.waitClosed());
  for (let i = 0; i < 3; i++) {
    await sleep(Math.floor(chance() * 4));
    stirServer(server, chance);
  }
  server.close();
  if (chance() < 0.5) server.close();
  await wait([...visitors, ...stirring]);
  faults[Symbol.dispose]();
  server.closeClients();
  await wait([closed], { timeout: 2000 });
  server.abortClients();
  await closed;
  assertEquals(accepted.filter(({ isLost }) => !isLost), []);
  const protocols = visitors.filter((visitor) => !visitor.cancelled())
    .map((visitor) => visitor.result()).filter((protocol) => protocol !== null);
  for (const { transport } of protocols) transport.abort();
  for (const task of stirring) task.result();
  // What is under way may take that long.
  await sleep(1e9);
  assertEquals(protocols.filter(({ isLost }) => !isLost), []);
  assertEquals(network.connections, 0);
}

const LATENCIES = [0, 1, [0, 3]] as const;

Deno.test("Servers and transports keep their promises in any order, under faults", async () => {
  let network: MemoryNetwork;
  let schedules = 0;
  await explore(async (trial) => {
    const loop = getRunningLoop();
    const unexpected: unknown[] = [];
    // As explore() would have it, but for what the program itself threw.
    loop.setExceptionHandler((_, { exception, message }) => {
      if (message !== "The protocol factory of a server failed") {
        unexpected.push(exception);
      }
    });
    await play(trial, network);
    assertEquals(unexpected, []);
    schedules++;
  }, {
    network: (seed) =>
      network = new MemoryNetwork({
        seed,
        latency: LATENCIES[seed % 3]!,
        bandwidth: seed % 2 === 0 ? 20_000 : Infinity,
      }),
    timeouts: false,
    schedules: 1500,
    seconds: 30,
    maxSteps: 1e6,
    seed: 1,
  });
  assert(schedules > 100);
});

Deno.test("serveForever() that is cancelled ends when its clients do", async () => {
  let network: MemoryNetwork;
  await explore(async (trial) => {
    const server = await network.at(
      "server",
      () => getRunningLoop().createServer(() => new StrictProtocol(), null, 7),
    );
    const serving = trial.mayCancel(createTask(() => server.serveForever()));
    const visitors = ["a", "b"].map((host) =>
      network.at(host, () => createTask(() => visit(() => trial.random())))
    );
    await wait(visitors);
    await sleep(1000);
    if (!serving.done() && trial.random() < 0.5) server.close();
    else serving.cancel();
    server.closeClients();
    await wait([serving]);
    assert(
      serving.cancelled() || serving.exception() instanceof CancelledError,
    );
    // It may have been cancelled before it began.
    server.close();
    await server.waitClosed();
  }, {
    network: (seed) => network = new MemoryNetwork({ seed, latency: [0, 1] }),
    timeouts: false,
    schedules: 200,
    seconds: 10,
    maxSteps: 1e5,
    seed: 1,
  });
});
