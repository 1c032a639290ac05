// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  createTask,
  Future,
  getRunningLoop,
  IncompleteReadError,
  openConnection,
  type Server,
  sleep,
  startServer,
  type StreamReader,
  type StreamWriter,
  timeout,
  TimeoutError,
} from "../../mod.ts";
import { MemoryNetwork } from "../../testing/mod.ts";
import { runOn } from "../doubles/in_memory.ts";

type Stream = [reader: StreamReader, writer: StreamWriter];

/** Runs a test with a connection from the host `"client"` to the host `"server"`, and closes both ends. */
function withStreams(
  network: MemoryNetwork,
  body: (client: Stream, server: Stream) => Promise<void>,
  limit?: number,
): Promise<void> {
  return runOn(network, async () => {
    const accepted = new Future<Stream>();
    const server: Server = await network.at(
      "server",
      () =>
        startServer((...stream) => accepted.setResult(stream), null, 7, {
          limit,
        }),
    );
    const client = await network.at(
      "client",
      () => openConnection("server", 7),
    );
    const peer = await accepted;
    await body(client, peer);
    for (const [, writer] of [client, peer]) writer.transport.abort();
    server.close();
    await server.waitClosed();
    await sleep(1);
  });
}

const now = () => getRunningLoop().time();

/** More than a connection, a transport and a reader take together. */
const MUCH = new Uint8Array(1_000_000);

Deno.test("drain() waits for a peer that does not read, for as long as it takes", () =>
  withStreams(new MemoryNetwork({ latency: 0 }), async (client, server) => {
    client[1].write(MUCH);
    const draining = createTask(() => client[1].drain());
    await sleep(3600);
    assertEquals(draining.done(), false);
    // It holds what the limit lets it, and no more.
    const held = MUCH.length - client[1].transport.getWriteBufferSize();
    assert(held <= 64 * 1024 + 3 * 64 * 1024, String(held));
    await server[0].readExactly(MUCH.length);
    await draining;
    assertEquals(now(), 3600);
  }));

Deno.test("drain() continues when a cut is mended, and fails after 15 minutes otherwise", async () => {
  const network = new MemoryNetwork({ latency: 0 });
  await withStreams(network, async (client, server) => {
    const reading = createTask(() => server[0].readExactly(2 * MUCH.length));
    const cut = network.cut("client");
    client[1].write(MUCH);
    const draining = createTask(() => client[1].drain());
    await sleep(800);
    cut[Symbol.dispose]();
    await draining;
    assertEquals(now(), 800);

    using _ = network.cut("client");
    client[1].write(MUCH);
    await assertRejects(() => client[1].drain(), Deno.errors.TimedOut);
    assertEquals(now(), 1700);
    await assertRejects(() => client[1].waitClosed(), Deno.errors.TimedOut);
    await assertRejects(() => client[0].read(), Deno.errors.TimedOut);
    assertEquals(reading.done(), false);
    server[1].close();
    await assertRejects(() => reading, IncompleteReadError);
  });
});

Deno.test("drain() fails for every waiter when the peer is gone", async () => {
  const network = new MemoryNetwork({ latency: 0 });
  await withStreams(network, async (client) => {
    client[1].write(MUCH);
    const drains = [1, 2, 3].map(() => createTask(() => client[1].drain()));
    await sleep(10);
    network.crash("server");
    for (const drain of drains) {
      await assertRejects(() => drain, Deno.errors.ConnectionReset);
    }
  });
});

Deno.test("read() from a vanished peer waits until its time limit", async () => {
  const network = new MemoryNetwork();
  await withStreams(network, async (client, server) => {
    network.crash("server");
    await assertRejects(() => server[0].read(), Deno.errors.ConnectionReset);
    await assertRejects(
      () => timeout(86_400, () => client[0].readLine()),
      TimeoutError,
    );
    // What it says then is answered.
    client[1].write("still there?\n");
    await assertRejects(
      () => client[0].readLine(),
      Deno.errors.ConnectionReset,
    );
  });
});

Deno.test("A slow reader receives everything while its transport is paused", () =>
  withStreams(
    new MemoryNetwork({ bandwidth: 1e6, latency: 0.1 }),
    async ([, writer], [reader]) => {
      const sending = createTask(async () => {
        for (let i = 0; i < 100; i++) {
          writer.write(new Uint8Array(10_000).fill(i));
          await writer.drain();
        }
        writer.writeEof();
      });
      let count = 0;
      for (let i = 0; i < 100; i++) {
        const chunk = await reader.readExactly(10_000);
        assert(chunk.every((byte) => byte === i));
        count += chunk.length;
        await sleep(1);
      }
      assertEquals(count, MUCH.length);
      assertEquals((await reader.read()).length, 0);
      await sending;
    },
    1000,
  ));

Deno.test("close() sends buffered data even over a slow network", () =>
  withStreams(
    new MemoryNetwork({ bandwidth: 1000, latency: 10 }),
    async ([, writer], [reader]) => {
      writer.write(MUCH);
      writer.close();
      const closed = createTask(() => writer.waitClosed());
      assertEquals((await reader.read()).length, MUCH.length);
      assert(now() >= 1000);
      await closed;
    },
  ));
