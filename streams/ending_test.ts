// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  createTask,
  Event,
  getRunningLoop,
  openConnection,
  openUnixConnection,
  Protocol,
  run,
  type Server,
  sleep,
  startServer,
  startUnixServer,
  type StreamReader,
  type StreamWriter,
} from "../mod.ts";
import { withDirectory } from "../tests/doubles/directory.ts";
import { recordExceptions } from "../tests/doubles/exceptions.ts";
import { TLS_PAIRS, type TlsPair } from "../tests/doubles/tls.ts";

type Streams = [reader: StreamReader, writer: StreamWriter];
type OnClient = (reader: StreamReader, writer: StreamWriter) => unknown;

/** A kind of server, and of the clients that connect to it. */
interface Kind {
  readonly name: string;
  readonly ignore?: boolean;
  start(onClient: OnClient, path: string): Promise<Server>;
  connect(addr: Deno.Addr): Promise<Streams>;
}

function tcpKind(name: string, pair?: TlsPair): Kind {
  return {
    name,
    start: (onClient) =>
      startServer(onClient, "127.0.0.1", 0, pair && { tls: pair.server }),
    connect: (addr) => {
      const { hostname, port } = addr as Deno.NetAddr;
      return openConnection(hostname, port, pair && { tls: pair.client });
    },
  };
}

const KINDS: readonly Kind[] = [
  tcpKind("TCP"),
  tcpKind("TLS", TLS_PAIRS[0]),
  {
    name: "Unix sockets",
    ignore: Deno.build.os === "windows",
    start: (onClient, path) => startUnixServer(onClient, path),
    connect: (addr) => openUnixConnection((addr as Deno.UnixAddr).path),
  },
];

/** How many times the program of the server runs. */
const ROUNDS = 8;

for (const kind of KINDS) {
  Deno.test(
    `run() cleans up connections by ${kind.name} that arrive while it ends`,
    { ignore: kind.ignore ?? false },
    () =>
      withDirectory(async (directory) => {
        for (let i = 0; i < ROUNDS; i++) {
          const counts = await endAmongClients(kind, `${directory}/${i}`);
          assert(counts.begun > 0);
          assertEquals(counts.ended, counts.begun);
        }
      }),
  );
}

/** Ends a server's program while clients connect, on a loop of their own. */
async function endAmongClients(kind: Kind, path: string) {
  const counts = { begun: 0, ended: 0 };
  const address = Promise.withResolvers<Deno.Addr>();
  let isOver = false;
  const serving = run(async () => {
    const reports = recordExceptions(getRunningLoop());
    const enough = new Event();
    const server = await kind.start(async (reader, writer) => {
      counts.begun++;
      enough.set();
      try {
        await reader.read();
      } finally {
        await sleep(0.001);
        writer.close();
        counts.ended++;
      }
    }, path);
    address.resolve(server.sockets[0]!.addr);
    await enough.wait();
    return reports;
  }).finally(() => isOver = true);
  const clients = run(async () => {
    const addr = await address.promise;
    const ends: Promise<void>[] = [];
    while (!isOver) {
      try {
        ends.push(endOf(await kind.connect(addr)));
      } catch {
        await sleep(0); // It is too late.
      }
    }
    await Promise.all(ends);
  });
  const [reports] = await Promise.all([serving, clients]);
  assertEquals(reports, []);
  return counts;
}

async function endOf([reader, writer]: Streams): Promise<void> {
  await reader.read().catch(() => {});
  writer.close();
  await writer.waitClosed().catch(() => {});
}

/** Connects until that is refused: Deno closes a listener a moment after it is told to. */
async function refusal(hostname: string, port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      const [, writer] = await openConnection(hostname, port);
      writer.close();
      await writer.waitClosed().catch(() => {});
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) return;
      assertInstanceOf(error, Deno.errors.ConnectionReset);
    }
  }
  throw new Error("The server still takes connections");
}

Deno.test("run() has servers refuse connections while it ends, and they can be closed then", async () => {
  const log: string[] = [];
  await run(async () => {
    const reports = recordExceptions(getRunningLoop());
    const serving = new Event();
    createTask(async () => {
      const server = await startServer(() => {}, "127.0.0.1", 0);
      const { hostname, port } = server.sockets[0]!.addr;
      serving.set();
      try {
        await sleep(3600);
      } finally {
        assertEquals(server.sockets[0]!.addr.port, port);
        await refusal(hostname, port);
        server.close();
        await server.waitClosed();
        assertEquals(reports, []);
        log.push("closed");
      }
    });
    await serving.wait();
  });
  assertEquals(log, ["closed"]);
});

Deno.test("run() cancels the tasks of protocols that are created while it ends", async () => {
  const log: string[] = [];
  const reports = await run(async () => {
    const loop = getRunningLoop();
    const reports = recordExceptions(loop);
    const [made, lost] = [new Event(), new Event()];
    class Server extends Protocol {
      override connectionMade() {
        made.set();
      }

      override connectionLost() {
        lost.set();
        createTask(async () => {
          try {
            await sleep(3600);
          } finally {
            await sleep(0.001);
            log.push("cleaned up");
          }
        });
      }
    }
    const server = await loop.createServer(() => new Server(), "127.0.0.1", 0);
    const { port } = server.sockets[0]!.addr;
    const [transport] = await loop.createConnection(
      () => new Protocol(),
      "127.0.0.1",
      port,
    );
    await made.wait();
    createTask(async () => {
      try {
        await sleep(3600);
      } finally {
        transport.close();
        await lost.wait();
      }
    });
    await sleep(0);
    return reports;
  });
  assertEquals(log, ["cleaned up"]);
  assertEquals(reports, []);
});
