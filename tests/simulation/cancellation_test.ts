// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import {
  DatagramProtocol,
  getRunningLoop,
  openConnection,
  type Server,
  sleep,
  startServer,
  startUnixServer,
  type StreamReader,
  type StreamWriter,
} from "../../mod.ts";
import { cancelEverywhere, MemoryNetwork } from "../../testing/mod.ts";
import { textOf } from "../doubles/text.ts";

// cancelEverywhere() itself sees that no task, transport, server or connection is left.

type Use = (reader: StreamReader, writer: StreamWriter) => Promise<unknown>;

/** Cancels a client at each of its awaits while the server plays its part. */
async function cancelClient(
  use: Use,
  serve: Use = echo,
  network = () => new MemoryNetwork({ latency: 1 }),
): Promise<number> {
  return await cancelEverywhere(async () => {
    const server = await startServer(
      async (reader, writer) => {
        try {
          await serve(reader, writer);
        } catch (error) {
          // A client that goes without a word has its connection reset.
          const isExpected = error instanceof Deno.errors.ConnectionReset ||
            error instanceof Deno.errors.BrokenPipe;
          if (!isExpected) throw error;
        } finally {
          writer.close();
        }
      },
      "server",
      7,
    );
    return {
      body: async () => {
        const [reader, writer] = await openConnection("server", 7);
        try {
          await use(reader, writer);
        } finally {
          writer.close();
        }
        await writer.waitClosed();
      },
      check: () => shutDown(server),
    };
  }, { network });
}

async function echo(reader: StreamReader, writer: StreamWriter): Promise<void> {
  for await (const line of reader) {
    writer.write(line);
    await writer.drain();
  }
}

async function shutDown(server: Server): Promise<void> {
  server.close();
  await server.waitClosed();
}

Deno.test("A client that is cancelled at any await leaves nothing, however it reads", async () => {
  const ways: Record<string, Use> = {
    read: (reader) => reader.read(5),
    readLine: (reader) => reader.readLine(),
    readExactly: (reader) => reader.readExactly(12),
    readUntil: (reader) => reader.readUntil(["!", "\n"]),
    iteration: async (reader, writer) => {
      let count = 0;
      for await (const _ of reader) if (++count === 2) writer.writeEof();
      assertEquals(count, 2);
    },
    readable: async (reader) => {
      for await (const _ of reader.readable) return;
    },
  };
  for (const [name, way] of Object.entries(ways)) {
    const awaits = await cancelClient(async (reader, writer) => {
      writer.write("hello\nworld\n");
      await writer.drain();
      await way(reader, writer);
    });
    assertEquals(awaits >= 3, true, `${name}: ${awaits}`);
  }
});

Deno.test("A client cancelled in drain() leaves nothing; its server gets all or an error", async () => {
  await cancelClient(async (_, writer) => {
    for (let i = 0; i < 4; i++) {
      writer.write(new Uint8Array(100_000));
      await writer.drain();
    }
    writer.writeEof();
  }, async (reader) => {
    await sleep(100);
    // In portions of 100,000 bytes, however many: what is closed is sent.
    assertEquals((await reader.read()).length % 100_000, 0);
  });
});

Deno.test("A server's task that is cancelled at any await closes its connection", async () => {
  await cancelEverywhere(() => {
    let server: Server;
    return {
      body: async () => {
        const stop = getRunningLoop().createFuture<void>();
        server = await startServer(
          async (reader, writer) => {
            await reader.readLine();
            writer.close();
            await writer.waitClosed();
            stop.setResult();
          },
          "server",
          7,
        );
        try {
          await stop;
        } finally {
          server.close();
          server.closeClients();
          await server.waitClosed();
        }
      },
      meanwhile: async () => {
        await sleep(1);
        try {
          const [reader, writer] = await openConnection("server", 7);
          writer.write("hello\n");
          assertEquals(textOf(await reader.read()), "");
          writer.close();
        } catch (error) {
          const isExpected = error instanceof Deno.errors.ConnectionRefused ||
            error instanceof Deno.errors.ConnectionReset;
          if (!isExpected) throw error;
        }
      },
    };
  }, { network: () => new MemoryNetwork({ latency: 1 }) });
});

Deno.test("serveForever(), waitClosed() and await using leave nothing when cancelled", async () => {
  const ways: ((server: Server) => Promise<unknown>)[] = [
    (server) => server.serveForever(),
    async (server) => {
      try {
        await server.waitClosed();
      } finally {
        server.close();
      }
    },
    async (server) => {
      await using _ = server;
      await sleep(10);
    },
  ];
  for (const way of ways) {
    await cancelEverywhere(async () => {
      let server: Server | undefined;
      const client = getRunningLoop().createFuture<void>();
      await sleep(0);
      return {
        body: async () => {
          server = await startServer(
            async (reader, writer) => {
              await reader.read();
              writer.close();
            },
            "server",
            7,
          );
          client.setResult();
          await way(server);
        },
        meanwhile: async () => {
          await sleep(0);
          if (!client.done()) await sleep(1);
          if (!client.done()) return;
          try {
            const [, writer] = await openConnection("server", 7);
            await sleep(5);
            writer.close();
          } catch (error) {
            if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
          }
          await sleep(20);
          server?.close();
          await server?.waitClosed();
        },
      };
    }, { network: () => new MemoryNetwork({ latency: 1 }) });
  }
});

Deno.test("Creating servers and connections leaves nothing open when cancelled", async () => {
  const loop = () => getRunningLoop();
  const makers: Record<string, () => Promise<{ close(): void }>> = {
    startServer: () => startServer(() => {}, ["a", "b", "localhost"], 7),
    async createDatagramEndpoint() {
      const [transport] = await loop().createDatagramEndpoint(
        () => new DatagramProtocol(),
        {
          localAddr: { hostname: "a", port: 0 },
          remoteAddr: { hostname: "b", port: 7 },
        },
      );
      return transport;
    },
    async happyEyeballs() {
      const [, writer] = await openConnection(null, 80, {
        happyEyeballsDelay: 0.1,
        localAddr: { hostname: "a", port: 1234 },
      });
      return writer;
    },
    sockConnect: () => loop().sockConnect({ hostname: "localhost", port: 80 }),
  };
  if (Deno.build.os !== "windows") {
    makers.startUnixServer = () => startUnixServer(() => {}, "/socket");
  }
  for (const make of Object.values(makers)) {
    await cancelEverywhere(async () => {
      const server = await startServer(
        async (reader, writer) => {
          await reader.read();
          writer.close();
        },
        null,
        80,
      );
      return {
        body: async () => {
          const made = await make();
          made.close();
        },
        check: async () => {
          await sleep(10);
          await shutDown(server);
        },
      };
    }, { network: () => new MemoryNetwork({ latency: 1 }) });
  }
});
