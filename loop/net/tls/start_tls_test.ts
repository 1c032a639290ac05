// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import {
  CancelledError,
  createTask,
  Future,
  getRunningLoop,
  openConnection,
  openUnixConnection,
  run,
  RuntimeError,
  sleep,
  startServer,
  startUnixServer,
  type StreamReader,
  type StreamWriter,
  type TlsInfo,
  Transport,
} from "../../../mod.ts";
import {
  AUTHORITY,
  LOCALHOST,
} from "../../../tests/certificates/certificates.ts";
import { FakeConn } from "../../../tests/doubles/conn.ts";
import { pair, Recorder, turns } from "../../../tests/doubles/recorder.ts";
import { textOf } from "../../../tests/doubles/text.ts";
import { portOf } from "../../../tests/doubles/server_port.ts";

const CLIENT = { caCerts: [AUTHORITY], serverName: "localhost" };

/** Echoes lines in plain text, and starts TLS on request. */
async function upgradable(
  reader: StreamReader,
  writer: StreamWriter,
): Promise<void> {
  for await (const line of reader) {
    if (textOf(line) === "STARTTLS\n") {
      writer.write("GO\n");
      await writer.startTls(LOCALHOST);
    } else {
      writer.write(line);
    }
  }
  writer.close();
}

async function upgrade(
  reader: StreamReader,
  writer: StreamWriter,
): Promise<void> {
  writer.write("hello\n");
  assertEquals(textOf(await reader.readLine()), "hello\n");
  writer.write("STARTTLS\n");
  assertEquals(textOf(await reader.readLine()), "GO\n");
  const plain = writer.transport;
  await writer.startTls(CLIENT);
  assert(writer.transport !== plain);
  assert(plain.isClosing());
  assertEquals(writer.canWriteEof(), false);
  const info = writer.getExtraInfo("sslobject") as TlsInfo;
  assert(info.isAuthorized);
  writer.write("secret\n");
  assertEquals(textOf(await reader.readLine()), "secret\n");
}

Deno.test("StreamWriter.startTls() encrypts both sides of a connection", () =>
  run(async () => {
    await using server = await startServer(upgradable, "127.0.0.1", 0);
    const [reader, writer] = await openConnection("127.0.0.1", portOf(server));
    await upgrade(reader, writer);
    writer.close();
    await writer.waitClosed();
    assertEquals((await reader.read()).length, 0);
  }));

Deno.test(
  "StreamWriter.startTls() encrypts a Unix connection",
  {
    ignore: Deno.build.os === "windows",
  },
  () =>
    run(async () => {
      const directory = await Deno.makeTempDir();
      try {
        const path = `${directory}/socket`;
        await using _ = await startUnixServer(upgradable, path);
        const [reader, writer] = await openUnixConnection(path);
        await upgrade(reader, writer);
        writer.close();
        await writer.waitClosed();
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    }),
);

Deno.test("StreamWriter.startTls() encrypts a TLS connection again", () =>
  run(async () => {
    await using server = await startServer(upgradable, "localhost", 0, {
      tls: LOCALHOST,
    });
    const [reader, writer] = await openConnection("localhost", portOf(server), {
      tls: { caCerts: [AUTHORITY] },
    });
    await upgrade(reader, writer);
    writer.close();
    await writer.waitClosed();
  }));

Deno.test("StreamWriter.startTls() decrypts data that the reader has buffered", () =>
  run(async () => {
    const served = new Future<string>();
    await using server = await startServer(
      async (reader, writer) => {
        assertEquals(textOf(await reader.readLine()), "STARTTLS\n");
        // The client did not wait for an answer: its ClientHello has arrived.
        while (reader.exception() === null) {
          await turns();
          if (greeting.done()) break;
        }
        await sleep(0.01);
        await writer.startTls(LOCALHOST);
        served.setResult(textOf(await reader.readLine()));
        writer.close();
      },
      "127.0.0.1",
      0,
    );
    const greeting = new Future<void>();
    const [, writer] = await openConnection("127.0.0.1", portOf(server));
    writer.write("STARTTLS\n");
    const starting = createTask(() => writer.startTls(CLIENT));
    await turns();
    greeting.setResult();
    await starting;
    writer.write("secret\n");
    assertEquals(await served, "secret\n");
    writer.close();
    await writer.waitClosed();
  }));

Deno.test("StreamWriter.startTls() never delivers plain text as decrypted", () =>
  run(async () => {
    const failure = new Future<unknown>();
    const read = new Future<string>();
    await using server = await startServer(
      async (reader, writer) => {
        await reader.readLine();
        await sleep(0.01);
        try {
          await writer.startTls(LOCALHOST);
        } catch (error) {
          failure.setResult(error);
        }
        read.setResult(
          await reader.read().then(textOf, (error) => error.constructor.name),
        );
        writer.close();
      },
      "127.0.0.1",
      0,
    );
    const [reader, writer] = await openConnection("127.0.0.1", portOf(server));
    writer.write("STARTTLS\nINJECTED\n");
    assertInstanceOf(await failure, Deno.errors.InvalidData);
    assertEquals(await read, "InvalidData");
    await reader.read().catch(() => {});
    writer.close();
    await writer.waitClosed().catch(() => {});
  }));

Deno.test("StreamWriter.startTls() throws while a read is pending", () =>
  run(async () => {
    await using server = await startServer(upgradable, "127.0.0.1", 0);
    const [reader, writer] = await openConnection("127.0.0.1", portOf(server));
    writer.write("no end\n");
    assertEquals(textOf(await reader.readExactly(3)), "no ");
    const reading = createTask(() => reader.readExactly(100));
    await sleep(0);
    await assertRejects(() => writer.startTls(CLIENT), RuntimeError, "waits");
    reading.cancel();
    assertEquals(textOf(await reader.readLine()), "end\n");
    writer.close();
    await writer.waitClosed();
  }));

Deno.test("StreamWriter.startTls() lets the reader pause the new transport", () =>
  run(async () => {
    const size = 1_000_000;
    await using server = await startServer(
      async (reader, writer) => {
        await reader.readLine();
        await writer.startTls(LOCALHOST);
        writer.write(new Uint8Array(size));
        await writer.drain();
        writer.close();
      },
      "127.0.0.1",
      0,
    );
    const [reader, writer] = await openConnection("127.0.0.1", portOf(server), {
      limit: 1000,
    });
    writer.write("STARTTLS\n");
    await writer.startTls(CLIENT);
    while (writer.transport.isReading()) await sleep(0.001);
    // Not even the end has arrived.
    assertEquals(writer.transport.isClosing(), false);
    assertEquals((await reader.readExactly(size)).length, size);
    writer.close();
    await writer.waitClosed();
  }));

/** Two connected transports, one of them encrypted from a protocol's callbacks. */
async function upgradedPair(): Promise<
  [Recorder, Transport, Recorder, Transport]
> {
  const loop = getRunningLoop();
  const [client, server] = await pair();
  const accepting = createTask(() =>
    loop.startTls(server.transport, server, LOCALHOST, { serverSide: true })
  );
  const clientSide = await loop.startTls(client.transport, client, CLIENT);
  return [client, clientSide, server, await accepting];
}

Deno.test("loop.startTls() sets a new transport for the same protocol", () =>
  run(async () => {
    const [client, clientSide, server, serverSide] = await upgradedPair();
    assertStrictEquals(clientSide.getProtocol(), client);
    clientSide.write("hello");
    await server.got.wait();
    serverSide.close();
    assertEquals(await client.lost, null);
    assertEquals(await server.lost, null);
    assertEquals(client.events, ["made", "eof", "lost null"]);
    assertEquals(server.events, ["made", "hello", "lost null"]);
  }));

Deno.test("loop.startTls() keeps close() and abort() of the old transport working", () =>
  run(async () => {
    for (const end of ["close", "abort"] as const) {
      const [client, , server, serverSide] = await upgradedPair();
      client.transport[end]();
      assertEquals(await client.lost, null);
      serverSide.abort();
      await server.lost;
      assertEquals([client.losses, server.losses], [1, 1]);
    }
  }));

Deno.test("StreamWriter.startTls() sends earlier writes first", () =>
  run(async () => {
    const plain = "p".repeat(3_000_000);
    const received = new Future<string>();
    await using server = await startServer(
      async (reader, writer) => {
        await sleep(0.01);
        assertEquals(textOf(await reader.readExactly(plain.length)), plain);
        await writer.startTls(LOCALHOST);
        received.setResult(textOf(await reader.readLine()));
        writer.close();
      },
      "127.0.0.1",
      0,
    );
    const [, writer] = await openConnection("127.0.0.1", portOf(server));
    writer.transport.setWriteBufferLimits(plain.length);
    writer.write(plain);
    assert(writer.transport.getWriteBufferSize() > 0);
    await writer.startTls(CLIENT);
    writer.write("secret\n");
    assertEquals(await received, "secret\n");
    writer.close();
    await writer.waitClosed();
  }));

Deno.test("loop.startTls() validates its arguments first", () =>
  run(async () => {
    const loop = getRunningLoop();
    const [client, server] = await pair();
    const { transport } = client;
    const start = (...args: unknown[]) =>
      loop.startTls(...args as Parameters<typeof loop.startTls>);
    await assertRejects(
      () => start(new Transport(), client, CLIENT),
      TypeError,
      "must be that of a connection",
    );
    await assertRejects(
      () => start(transport, null, CLIENT),
      TypeError,
      "The protocol of startTls() must be a protocol: received null",
    );
    await assertRejects(
      () => start(transport, client, undefined),
      TypeError,
      "The tls must be true or TlsOptions: received undefined",
    );
    await assertRejects(
      () => start(transport, client, true),
      RangeError,
      "must include serverName",
    );
    await assertRejects(
      () => start(transport, client, {}, { serverSide: true }),
      RangeError,
      "must include cert and key",
    );
    transport.write("still here");
    await server.got.wait();
    transport.close();
    await assertRejects(
      () => start(transport, client, CLIENT),
      RuntimeError,
      "closed or closing",
    );
    await client.lost;
    server.transport.abort();
    await server.lost;
  }));

Deno.test("loop.startTls() calls connectionLost() when the handshake fails", () =>
  run(async () => {
    const loop = getRunningLoop();
    const conn = new FakeConn();
    const recorder = new Recorder();
    await loop.createConnection(() => recorder, { sock: conn });
    await turns();
    const starting = createTask(() =>
      loop.startTls(recorder.transport, recorder, CLIENT)
    );
    await sleep(0.01);
    conn.receive("no TLS here");
    const error = await assertRejects(
      () => starting,
      Deno.errors.InvalidData,
      "it does not speak TLS",
    );
    assertStrictEquals(await recorder.lost, error);
    assert(conn.isClosed);
    assertEquals(recorder.losses, 1);
  }));

Deno.test("loop.startTls() limits the time of the handshake", () =>
  run(async () => {
    const [client, server] = await pair();
    const error = await assertRejects(
      () =>
        getRunningLoop().startTls(client.transport, client, {
          ...CLIENT,
          handshakeTimeout: 0.02,
        }),
      Deno.errors.ConnectionAborted,
      "did not finish within 0.02 s",
    );
    assertStrictEquals(await client.lost, error);
    await server.lost;
  }));

Deno.test("loop.startTls() closes the connection when cancelled at any point", () =>
  run(async () => {
    const loop = getRunningLoop();
    let cancelled = 0;
    for (let steps = 0; steps < 40; steps += 2) {
      const [client, server] = await pair();
      const tasks = [
        createTask(() => loop.startTls(client.transport, client, CLIENT)),
        createTask(() =>
          loop.startTls(server.transport, server, LOCALHOST, {
            serverSide: true,
          })
        ),
      ];
      for (let i = 0; i < steps; i++) await sleep(i % 8 ? 0 : 0.0005);
      tasks[steps / 2 % 2]!.cancel();
      await turns();
      // If nothing had started, nothing is closed.
      client.transport.close();
      server.transport.close();
      for (const task of tasks) {
        await task.then(
          (transport) => transport.close(),
          (error) => {
            if (error instanceof CancelledError) cancelled++;
          },
        );
      }
      await client.lost;
      await server.lost;
      assertEquals([client.losses, server.losses], [1, 1]);
    }
    assert(cancelled > 0);
  }));

Deno.test("Server closes connections during their handshakes", () =>
  run(async () => {
    for (const end of ["closeClients", "abortClients"] as const) {
      const loop = getRunningLoop();
      const recorder = new Recorder();
      const begun = new Future<void>();
      let starting: Promise<unknown> = Promise.resolve();
      recorder.dataReceived = () => {
        starting = loop.startTls(recorder.transport, recorder, LOCALHOST, {
          serverSide: true,
        });
        starting.catch(() => {});
        begun.setResult();
      };
      const server = await loop.createServer(() => recorder, "127.0.0.1", 0);
      const [reader, writer] = await openConnection(
        "127.0.0.1",
        portOf(server),
      );
      writer.write("STARTTLS\n");
      await begun;
      await sleep(0.01);
      server.close();
      server[end]();
      await server.waitClosed();
      assertEquals(await recorder.lost, null);
      await assertRejects(() => starting, Deno.errors.ConnectionAborted);
      await reader.read().catch(() => {});
      writer.close();
      await writer.waitClosed().catch(() => {});
    }
  }));

Deno.test("run() closes a connection during its handshake", async () => {
  // The sanitizers detect leaks.
  await run(async () => {
    const [client] = await pair();
    createTask(() =>
      getRunningLoop().startTls(client.transport, client, CLIENT)
    );
    await sleep(0.01);
  });
});
