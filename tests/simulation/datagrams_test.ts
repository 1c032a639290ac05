// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import {
  createTask,
  DatagramProtocol,
  type DatagramTransport,
  Future,
  gather,
  getRunningLoop,
  sleep,
  timeout,
  TimeoutError,
} from "../../mod.ts";
import { explore, MemoryNetwork } from "../../testing/mod.ts";
import { textOf } from "../doubles/text.ts";

/** Sees that its transport calls it as asyncio's pages promise. */
class StrictProtocol extends DatagramProtocol {
  state: "new" | "open" | "lost" = "new";
  transport!: DatagramTransport;

  override connectionMade(transport: DatagramTransport): void {
    assertEquals(this.state, "new");
    this.state = "open";
    this.transport = transport;
  }

  override datagramReceived(_data: Uint8Array, _addr: Deno.Addr): void {
    assertEquals(this.state, "open");
    assert(!this.transport.isClosing());
  }

  override errorReceived(error: Error): void {
    throw error;
  }

  override connectionLost(error: Error | null): void {
    assertEquals([this.state, error], ["open", null]);
    this.state = "lost";
  }
}

/** Answers each question, and counts it once however often it comes. */
class Answerer extends StrictProtocol {
  readonly counted = new Set<string>();

  override datagramReceived(data: Uint8Array, addr: Deno.Addr): void {
    super.datagramReceived(data, addr);
    this.counted.add(textOf(data));
    this.transport.sendTo(`re: ${textOf(data)}`, addr as Deno.NetAddr);
  }
}

/** Asks until it is answered. */
class Asker extends StrictProtocol {
  readonly #answers = new Map<string, Future<void>>();

  override datagramReceived(data: Uint8Array, addr: Deno.Addr): void {
    super.datagramReceived(data, addr);
    const answer = this.#answers.get(textOf(data).slice(4));
    if (answer !== undefined && !answer.done()) answer.setResult();
  }

  async ask(question: string): Promise<void> {
    while (true) {
      const answer = new Future<void>();
      this.#answers.set(question, answer);
      this.transport.sendTo(question);
      try {
        return await timeout(5, () => answer);
      } catch (error) {
        if (!(error instanceof TimeoutError)) throw error;
      }
    }
  }
}

Deno.test("Endpoints get answers although datagrams are lost, doubled and late", async () => {
  let network: MemoryNetwork;
  await explore(async (trial) => {
    const loop = getRunningLoop();
    const [server, answerer] = await loop.createDatagramEndpoint(
      () => new Answerer(),
      { localAddr: { hostname: "server", port: 53 } },
    );
    using _ = network.injectFaults({
      every: 20,
      lasting: 20,
      kinds: ["cut"],
    });
    const work = async (who: number) => {
      const [transport, asker] = await network.at(
        `client-${who}`,
        () =>
          loop.createDatagramEndpoint(
            () => new Asker(),
            { remoteAddr: { hostname: "server", port: 53 } },
          ),
      );
      try {
        await gather(
          [0, 1, 2].map((i) => () => asker.ask(`question ${who}.${i}`)),
        );
      } finally {
        // Later datagrams find no socket.
        if (trial.random() < 0.5) transport.close();
        else transport.abort();
      }
      await sleep(100);
      assertEquals(asker.state, "lost");
    };
    const tasks = [0, 1, 2].map((who) => createTask(() => work(who)));
    await gather(tasks);
    assertEquals(answerer.counted.size, 9);
    server.close();
    await sleep(0);
    await sleep(100);
    assertEquals(answerer.state, "lost");
  }, {
    network: (seed) =>
      network = new MemoryNetwork({
        seed,
        latency: [0, 2],
        loss: 0.3,
        duplication: 0.2,
      }),
    timeouts: false,
    schedules: 100,
    seconds: 20,
    maxSteps: 1e6,
    seed: 1,
  });
});
