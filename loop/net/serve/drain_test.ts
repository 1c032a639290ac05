// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  CancelledError,
  createTask,
  Event,
  getRunningLoop,
  openConnection,
  Protocol,
  run,
  type Server,
  sleep,
  startServer,
  type StreamReader,
  type StreamWriter,
  type Transport,
} from "../../../mod.ts";
import {
  cancelEverywhere,
  MemoryNetwork,
  VirtualTimeLoop,
} from "../../../testing/mod.ts";
import { recordExceptions } from "../../../tests/doubles/exceptions.ts";
import { turns } from "../../../tests/doubles/recorder.ts";
import { textOf } from "../../../tests/doubles/text.ts";
import { LOCALHOST } from "../../../tests/certificates/certificates.ts";

/** Runs on a network in memory, in virtual time. */
const inMemory = (main: () => Promise<void>) =>
  run(main, {
    loopFactory: () => new VirtualTimeLoop({ network: new MemoryNetwork() }),
  });

/** A server with a handler for each connection, and clients. */
async function serving(
  handler: (reader: StreamReader, writer: StreamWriter) => unknown,
  clients = 1,
) {
  const server = await startServer(handler, "server", 80);
  const streams = [];
  for (let i = 0; i < clients; i++) {
    streams.push(await openConnection("server", 80));
  }
  await sleep(1);
  return { server, streams };
}

async function close(streams: [StreamReader, StreamWriter][]): Promise<void> {
  for (const [, writer] of streams) {
    writer.close();
    await writer.waitClosed();
  }
}

const now = () => getRunningLoop().time();

Deno.test("Server.drain() waits for the handlers, and no longer", () =>
  inMemory(async () => {
    const { server, streams } = await serving(async (_, writer) => {
      await sleep(3);
      writer.write("done\n");
      await writer.drain();
      writer.close();
    }, 2);
    const start = now();
    await server.drain(60);
    assertEquals(Math.round(now() - start), 2);
    assertEquals(server.isServing(), false);
    await assertRejects(() => openConnection("server", 80));
    for (const [reader] of streams) {
      assertEquals(await reader.readText(), "done\n");
    }
    await close(streams);
    await server.waitClosed();
  }));

Deno.test("Server.drain() cancels handlers when the time is up, and awaits them", () =>
  inMemory(async () => {
    const ends: string[] = [];
    const { server, streams } = await serving(async () => {
      try {
        await sleep(100);
      } finally {
        await sleep(2);
        ends.push("clean");
      }
    }, 3);
    const start = now();
    await server.drain(5);
    assertEquals([Math.round(now() - start), ends.length], [7, 3]);
    for (const [reader] of streams) assertEquals(await reader.readText(), "");
    await close(streams);
  }));

Deno.test("Server.drain() is not held up by a client that does not read", () =>
  inMemory(async () => {
    const { server, streams } = await serving(async (_, writer) => {
      await using _writer = writer;
      while (true) {
        writer.write(new Uint8Array(100_000));
        await writer.drain();
      }
    }, 2);
    const start = now();
    await server.drain(5);
    assertEquals(Math.round(now() - start), 7);
    await server.waitClosed();
    for (const [, writer] of streams) writer.transport.abort();
  }));

Deno.test("Server.drain() without a limit waits for any time", () =>
  inMemory(async () => {
    const { server, streams } = await serving(() => sleep(10_000));
    await server.drain(null);
    assertEquals(Math.round(now() / 100), 100);
    await close(streams);
  }));

Deno.test("Server.drain() of 0 and less cancels at once", () =>
  inMemory(async () => {
    for (const delay of [0, -1]) {
      const { server, streams } = await serving(() => sleep(100));
      const start = now();
      await server.drain(delay);
      assertEquals(now() - start, 0);
      await close(streams);
      await server.waitClosed();
    }
  }));

Deno.test("Server.drain() closes connections that their handlers left open", () =>
  inMemory(async () => {
    const { server, streams } = await serving((_, writer) => {
      writer.write("welcome\n");
    });
    await server.drain(5);
    assertEquals(await streams[0]![0].readText(), "welcome\n");
    await close(streams);
    await server.waitClosed();
  }));

Deno.test("Server.drain() that is cancelled cancels the handlers and awaits them", () =>
  inMemory(async () => {
    let isClean = false;
    const { server, streams } = await serving(async () => {
      try {
        await sleep(100);
      } finally {
        await sleep(3);
        isClean = true;
      }
    });
    const task = createTask(() => server.drain(50));
    await sleep(1);
    task.cancel();
    await sleep(1);
    task.cancel(); // does not disturb the clean-up
    const start = now();
    await assertRejects(() => task, CancelledError);
    assertEquals([isClean, Math.round(now() - start)], [true, 2]);
    await close(streams);
  }));

Deno.test("Server.drain() may be called again, with a shorter delay", () =>
  inMemory(async () => {
    let cancellations = 0;
    const { server, streams } = await serving(async () => {
      for (let i = 0; i < 2; i++) {
        try {
          await sleep(20);
        } catch (error) {
          assert(error instanceof CancelledError);
          cancellations++;
        }
      }
    });
    const start = now();
    const drains = [server.drain(30), server.drain(5), server.drain(10)];
    await Promise.all(drains);
    assertEquals([Math.round(now() - start), cancellations], [25, 1]);
    await server.drain(1);
    await close(streams);
  }));

Deno.test("Server.drain() does not wait for the handler that calls it", () =>
  inMemory(async () => {
    const { server, streams } = await serving(async (reader, writer) => {
      if (textOf(await reader.readLine()) === "stop\n") {
        await server.drain(5);
        writer.write("stopped\n");
        await writer.drain();
      }
      writer.close();
    }, 2);
    streams[1]![1].write("stop\n");
    assertEquals(textOf(await streams[1]![0].readLine()), "stopped\n");
    assertEquals(await streams[0]![0].readText(), "");
    await close(streams);
    await server.waitClosed();
  }));

Deno.test("Server.drain() ends at once without connections", () =>
  inMemory(async () => {
    const server = await startServer(() => {}, "server", 80);
    await server.drain(60);
    assertEquals(now(), 0);
    await server.waitClosed();
    await server.drain(null);
  }));

Deno.test("Server.drain() waits for connections of protocols, then aborts them", () =>
  inMemory(async () => {
    const losses: number[] = [];
    class Silent extends Protocol {
      override connectionMade(transport: Transport): void {
        transport.write(new Uint8Array(1_000_000)); // never read
      }
      override connectionLost(): void {
        losses.push(Math.round(now()));
      }
    }
    const loop = getRunningLoop();
    const server = await loop.createServer(() => new Silent(), "server", 80);
    const streams = [
      await openConnection("server", 80),
      await openConnection("server", 80),
    ];
    await sleep(1);
    const draining = server.drain(9);
    streams[0]![1].transport.abort();
    await draining;
    assertEquals(losses, [1, 10]);
    streams[1]![1].transport.abort();
    await server.waitClosed();
  }));

Deno.test("Server.drain() reports a handler that fails, and goes on", () =>
  inMemory(async () => {
    const contexts = recordExceptions(getRunningLoop());
    const { server, streams } = await serving(async () => {
      await sleep(2);
      throw new Error("broken");
    });
    await server.drain(5);
    await turns();
    assertEquals(contexts.length, 1);
    await close(streams);
  }));

Deno.test("Server.drain() ends the wait for clients in the middle of a TLS handshake", () =>
  run(async () => {
    await using server = await startServer(() => {}, "127.0.0.1", 0, {
      tls: LOCALHOST,
    });
    const { port } = server.sockets[0]!.addr;
    using silent = await Deno.connect({ hostname: "127.0.0.1", port });
    await silent.write(new Uint8Array([22]));
    await sleep(0.02);
    await server.drain(0.01);
    // It may have been closed or reset.
    assertEquals(await silent.read(new Uint8Array(1)).catch(() => null), null);
  }));

Deno.test("Server.drain() refuses what is not a delay", () =>
  run(async () => {
    await using server = await startServer(() => {}, "127.0.0.1", 0);
    assertThrows(
      () => server.drain("1" as never),
      TypeError,
      "The delay of drain() must be a number of seconds or a Temporal.Duration",
    );
    assertThrows(() => server.drain(NaN), RangeError);
    assert(server.isServing());
    await server.drain(Temporal.Duration.from({ seconds: 1 }));
  }));

Deno.test("Server.drain() leaves no handler wherever it is cancelled", async () => {
  const awaits = await cancelEverywhere(async () => {
    const handled = new Event();
    let running = 0;
    const server: Server = await startServer(
      async () => {
        running++;
        try {
          handled.set();
          await sleep(10);
        } finally {
          await sleep(1);
          running--;
        }
      },
      "server",
      80,
    );
    const [, writer] = await openConnection("server", 80);
    return {
      body: async () => {
        await handled.wait();
        try {
          await server.drain(5);
        } finally {
          assertEquals(running, 0);
        }
      },
      check: async () => {
        await server.drain(0);
        writer.close();
        await writer.waitClosed();
        await server.waitClosed();
      },
    };
  }, { network: () => new MemoryNetwork() });
  assert(awaits >= 1);
});
