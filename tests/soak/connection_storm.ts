// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  openConnection,
  openUnixConnection,
  type Server,
  sleep,
  startServer,
  startUnixServer,
  type StreamReader,
  type StreamWriter,
  taskGroup,
  type TlsOptions,
} from "../../mod.ts";
import type { Activity } from "./activities.ts";
import { isOfConnection } from "./activities.ts";
import { moment } from "./chance.ts";

/** The bytes of every stream, again and again; a prime number of them, so that none is in another's place. */
const PERIOD = 251;
const PATTERN = new Uint8Array(PERIOD + 100_000).map((_, i) => i % PERIOD);

/**
 * Servers of every kind that come and go, with connections both of whose ends do random things at the same
 * time: what arrives must be what was sent.
 */
export function connectionStorm(
  tls: { server: TlsOptions; client: TlsOptions },
): Activity {
  return {
    name: "connection storm",
    count: 6,
    within: 0.1,
    isExpected: isOfConnection,
    async work() {
      const place = await listen(tls);
      try {
        await taskGroup((group) => {
          for (let i = 0; i < 5; i++) group.createTask(() => place.visit());
        });
      } finally {
        await place.end();
      }
    },
  };
}

interface Place {
  /** Connects, and does random things. */
  visit(): Promise<void>;
  end(): Promise<void>;
}

async function listen(
  tls: { server: TlsOptions; client: TlsOptions },
): Promise<Place> {
  const kind = Math.random();
  const onConnection = (reader: StreamReader, writer: StreamWriter) =>
    behave(reader, writer);
  if (kind < 0.3 && Deno.build.os !== "windows") {
    const directory = await Deno.makeTempDir();
    const remove = () => Deno.remove(directory, { recursive: true });
    let server: Server<Deno.Addr>;
    try {
      server = await startUnixServer(onConnection, `${directory}/socket`);
    } catch (error) {
      await remove();
      throw error;
    }
    return {
      async visit() {
        await behave(...await openUnixConnection(`${directory}/socket`));
      },
      async end() {
        await close(server);
        await remove();
      },
    };
  }
  const isEncrypted = kind < 0.5;
  const server = await startServer(
    onConnection,
    "127.0.0.1",
    0,
    isEncrypted ? { tls: tls.server } : {},
  );
  const { port } = server.sockets[0]!.addr;
  return {
    async visit() {
      if (Math.random() < 0.2) return await vanish(port);
      const options = isEncrypted
        ? { tls: { ...tls.client, serverName: "localhost" } }
        : {};
      await behave(...await openConnection("127.0.0.1", port, options));
    },
    end: () => close(server),
  };
}

async function close(server: Server<Deno.Addr>): Promise<void> {
  server.close();
  if (Math.random() < 0.5) server.closeClients();
  else server.abortClients();
  await sleep(moment(0.01));
  server.abortClients();
  await server.waitClosed();
}

/** A peer that sends something that no one asked for, and is gone before it has read the answer. */
async function vanish(port: number): Promise<void> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    if (Math.random() < 0.5) await conn.write(PATTERN.subarray(0, 10));
  } finally {
    conn.close();
  }
}

/** Does random things with one end of a connection, and both directions at the same time. */
async function behave(
  reader: StreamReader,
  writer: StreamWriter,
): Promise<void> {
  const { transport } = writer;
  try {
    if (Math.random() < 0.3) transport.setWriteBufferLimits(moment(10_000));
    await taskGroup((group) => {
      group.createTask(() => send(writer));
      group.createTask(() => receive(reader));
    });
  } catch (error) {
    if (!isOfConnection(error as Error)) throw error;
  } finally {
    if (Math.random() < 0.3) transport.abort();
    else writer.close();
  }
}

async function send(writer: StreamWriter): Promise<void> {
  let sent = 0;
  for (let i = 0; i < 10; i++) {
    const size = Math.ceil(moment(100_000));
    const start = sent % PERIOD;
    writer.write(PATTERN.subarray(start, start + size));
    sent += size;
    if (Math.random() < 0.7) await writer.drain();
    if (Math.random() < 0.1) await sleep(moment(0.01));
    if (writer.isClosing()) return;
  }
  // Without an end, both sides would wait for more.
  if (Math.random() < 0.5 && writer.canWriteEof()) writer.writeEof();
  else writer.close();
}

async function receive(reader: StreamReader): Promise<void> {
  let received = 0;
  while (!reader.atEof()) {
    const size = Math.ceil(moment(100_000));
    const data = Math.random() < 0.5
      ? await reader.read(size)
      : await reader.readExactly(size);
    for (const byte of data) {
      if (byte !== received % PERIOD) {
        throw new Error(
          `Expected ${received % PERIOD} at ${received}: received ${byte}`,
        );
      }
      received++;
    }
    if (Math.random() < 0.1) await sleep(moment(0.01));
  }
}
