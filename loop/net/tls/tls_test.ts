// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
} from "@std/assert";
import {
  CancelledError,
  createTask,
  Future,
  gather,
  getRunningLoop,
  openConnection,
  openUnixConnection,
  run,
  sleep,
  startServer,
  startUnixServer,
  type StreamReader,
  type StreamWriter,
  TimeoutError,
  type TlsInfo,
  type TlsOptions,
  type Transport,
} from "../../../mod.ts";
import { recordExceptions } from "../../../tests/doubles/exceptions.ts";
import {
  AUTHORITY,
  CLIENT,
  EXAMPLE,
  EXPIRED,
  FUTURE,
  LOCALHOST,
  OTHER_AUTHORITY,
  STRANGER,
} from "../../../tests/certificates/certificates.ts";
import { runProgram } from "../../../tests/doubles/program.ts";
import { Recorder, turns } from "../../../tests/doubles/recorder.ts";
import { TLS_PAIRS } from "../../../tests/doubles/tls.ts";
import { textOf } from "../../../tests/doubles/text.ts";
import { portOf } from "../../../tests/doubles/server_port.ts";

type ErrorClass = new (message: string) => Error;

const TRUSTING: TlsOptions = { caCerts: [AUTHORITY] };

/** Replies with the server's information about the connection, as JSON, then echoes. */
async function tell(reader: StreamReader, writer: StreamWriter): Promise<void> {
  const info = writer.getExtraInfo("sslobject") as TlsInfo;
  const { subject = null } = info.peerCertificate ?? {};
  writer.write(JSON.stringify({ ...info, peerCertificate: subject }) + "\n");
  try {
    for await (const line of reader) writer.write(line);
  } catch {
    // From a client that rejects the certificate after the handshake.
  }
  writer.close();
}

/** Connects a client to a server, and returns the information that each has. */
async function meet(
  server: TlsOptions,
  client: TlsOptions,
  host = "127.0.0.1",
): Promise<{ server: TlsInfo; client: TlsInfo }> {
  await using listening = await startServer(tell, host, 0, { tls: server });
  const [reader, writer] = await openConnection(host, portOf(listening), {
    tls: client,
  });
  await using _ = writer;
  const line = await reader.readLine();
  if (line.length === 0) throw new Error("The server hung up");
  writer.write("hello\n");
  assertEquals(textOf(await reader.readLine()), "hello\n");
  const info = writer.getExtraInfo("sslobject") as TlsInfo;
  return { server: JSON.parse(textOf(line)), client: info };
}

/** Returns what a server reports in debug mode while the body runs. */
async function reportsOf(body: () => Promise<unknown>): Promise<unknown[]> {
  const loop = getRunningLoop();
  const reports = recordExceptions(loop);
  loop.setDebug(true);
  try {
    await body();
  } finally {
    loop.setDebug(false);
    loop.setExceptionHandler(null);
  }
  return reports.map(({ exception }) => exception);
}

for (const { name, server, client } of TLS_PAIRS) {
  Deno.test(`loop.createConnection() and createServer() encrypt with ${name}`, () =>
    run(async () => {
      for (const host of ["127.0.0.1", "localhost"]) {
        const infos = await meet(server, client, host);
        assertEquals(infos.client.serverName, host);
        assert(infos.client.isAuthorized);
      }
    }));

  Deno.test(`TlsOptions.alpnProtocols are negotiated with ${name}`, () =>
    run(async () => {
      const infos = await meet(
        { ...server, alpnProtocols: ["h2", "http/1.1"] },
        { ...client, alpnProtocols: ["nonsense", "http/1.1"] },
      );
      assertEquals(infos.client.alpnProtocol, "http/1.1");
      assertEquals(infos.server.alpnProtocol, "http/1.1");
      const oneSided = await meet({ ...server, alpnProtocols: ["h2"] }, client);
      assertEquals(oneSided.client.alpnProtocol, null);
      const different = await meet(
        { ...server, alpnProtocols: ["a", "c"] },
        { ...client, alpnProtocols: ["b"] },
      );
      assertEquals(different.client.alpnProtocol, null);
      assertEquals(different.server.alpnProtocol, null);
    }));

  Deno.test(`loop.createConnection() explains why a certificate is rejected with ${name}`, () =>
    run(async () => {
      const show = (pair: TlsOptions) => ({ ...server, ...pair });
      await assertRejects(
        () => meet(server, { ...client, caCerts: [OTHER_AUTHORITY] }),
        Deno.errors.InvalidData,
        "not signed by a trusted authority; caCerts can add one",
      );
      await assertRejects(
        () => meet(server, { ...client, caCerts: [] }),
        Deno.errors.InvalidData,
        "not signed by a trusted authority",
      );
      await assertRejects(
        () => meet(show(EXAMPLE), client, "localhost"),
        Deno.errors.InvalidData,
        "Cannot connect to localhost at 127.0.0.1:",
      );
      const error = await assertRejects(
        () => meet(show(EXAMPLE), client, "localhost"),
        Deno.errors.InvalidData,
        "its certificate is not valid for localhost, only for example.org",
      );
      assertInstanceOf(error.cause, Error);
      await assertRejects(
        () => meet(show(EXAMPLE), client, "127.0.0.1"),
        Deno.errors.InvalidData,
        "its certificate is not valid for 127.0.0.1, only for example.org",
      );
      await assertRejects(
        () => meet(server, { ...client, serverName: "example.org" }),
        Deno.errors.InvalidData,
        "its certificate is not valid for example.org, only for localhost",
      );
      await assertRejects(
        () => meet(show(EXPIRED), client),
        Deno.errors.InvalidData,
        "its certificate has expired",
      );
      await assertRejects(
        () => meet(show(FUTURE), { ...client, caCerts: [FUTURE.cert] }),
        Deno.errors.InvalidData,
        "its certificate is not valid yet",
      );
    }));

  Deno.test(`TlsOptions.serverName is what the certificate must be valid for with ${name}`, () =>
    run(async () => {
      const example = { ...server, ...EXAMPLE };
      for (const serverName of ["example.org", "www.example.org"]) {
        const infos = await meet(example, { ...client, serverName });
        assertEquals(infos.client.serverName, serverName);
      }
      await assertRejects(
        () => meet(example, { ...client, serverName: "a.b.example.org" }),
        Deno.errors.InvalidData,
      );
    }));

  Deno.test(`TlsOptions.unsafelyDisableHostnameVerification verifies all but the name with ${name}`, () =>
    run(async () => {
      const careless = {
        ...client,
        unsafelyDisableHostnameVerification: true,
      };
      await meet({ ...server, ...EXAMPLE }, careless);
      await assertRejects(
        () => meet({ ...server, ...EXPIRED }, careless),
        Deno.errors.InvalidData,
        "expired",
      );
      await assertRejects(
        () => meet(server, { ...careless, caCerts: [] }),
        Deno.errors.InvalidData,
      );
    }));

  Deno.test(`TlsOptions.unsafelyDisableCertificateVerification verifies nothing with ${name}`, () =>
    run(async () => {
      const reckless = {
        ...client,
        caCerts: [],
        unsafelyDisableCertificateVerification: true,
      };
      for (const pair of [LOCALHOST, EXAMPLE, EXPIRED]) {
        const infos = await meet({ ...server, ...pair }, reckless);
        assertEquals(infos.client.isAuthorized, false);
        assert(infos.client.peerCertificate !== null);
      }
    }));

  Deno.test(`Transport over TLS has no half-close with ${name}`, () =>
    run(async () => {
      const [one, other] = await pair(server, client);
      assertEquals(one.transport.canWriteEof(), false);
      try {
        one.transport.writeEof();
        assert(false);
      } catch (error) {
        assertInstanceOf(error, Deno.errors.NotSupported);
      }
      one.transport.write("bye");
      one.transport.close();
      assertEquals(await other.lost, null);
      assertEquals(await one.lost, null);
      assertEquals(one.events, ["made", "lost null"]);
      assertEquals(other.events, ["made", "bye", "eof", "lost null"]);
    }));

  Deno.test(`Transport over TLS closes after eofReceived() with ${name}`, async () => {
    const warn = console.warn;
    const warnings: string[] = [];
    console.warn = (message) => warnings.push(message);
    try {
      await run(async () => {
        const [one, other] = await pair(server, client);
        other.keepOpen = true;
        one.transport.close();
        assertEquals(await other.lost, null);
        await one.lost;
      });
    } finally {
      console.warn = warn;
    }
    assertEquals(warnings.length, 1);
    assertMatch(warnings[0]!, /eofReceived/);
  });

  Deno.test(`Transport over TLS can be closed in every order with ${name}`, () =>
    run(async () => {
      const ends = ["close", "abort"] as const;
      for (const first of ends) {
        for (const second of ends) {
          const [one, other] = await pair(server, client);
          one.transport.write("x".repeat(100_000));
          one.transport[first]();
          other.transport[second]();
          other.transport.abort();
          one.transport.close();
          await one.lost;
          await other.lost;
          assertEquals([one.losses, other.losses], [1, 1]);
        }
      }
    }));

  Deno.test(`Transport over TLS ends without close_notify with ${name}`, () =>
    run(async () => {
      const [one, other] = await pair(server, client, true);
      one.transport.write("x");
      assertEquals(await other.lost, null);
      assertEquals(other.events, ["made", "eof", "lost null"]);
      one.transport.abort();
      await one.lost;
    }));

  Deno.test(`TlsOptions.shutdownTimeout limits how long closing waits for the peer with ${name}`, () =>
    run(async () => {
      const [one, other] = await pair(server, {
        ...client,
        shutdownTimeout: 0.05,
      });
      // It does not read, so it does not answer close_notify.
      other.transport.pauseReading();
      one.transport.write("x".repeat(1_000_000));
      await turns();
      one.transport.close();
      const error = await one.lost;
      assertInstanceOf(error, TimeoutError);
      assertMatch(error.message, /within 0.05 s/);
      other.transport.abort();
      await other.lost;
    }));

  Deno.test(`Transport over TLS applies back-pressure in both directions with ${name}`, () =>
    run(async () => {
      const size = 3_000_000;
      await using listening = await startServer(
        async (reader, writer) => {
          for (let count = 0; count < size;) {
            const chunk = await reader.read(100_000);
            count += chunk.length;
            writer.write(chunk);
            await writer.drain();
          }
          writer.close();
        },
        "127.0.0.1",
        0,
        { tls: server },
      );
      const [reader, writer] = await openConnection(
        "127.0.0.1",
        portOf(listening),
        { tls: client },
      );
      let mostBuffered = 0;
      const sending = createTask(async () => {
        const line = `${"0123456789".repeat(100)}`;
        for (let count = 0; count < size; count += line.length) {
          writer.write(line);
          mostBuffered = Math.max(
            mostBuffered,
            writer.transport.getWriteBufferSize(),
          );
          await writer.drain();
        }
      });
      const received = await reader.read();
      await sending;
      writer.close();
      await writer.waitClosed();
      assertEquals(received.length, size);
      assert(
        received.every((byte, index) => byte === 48 + index % 10),
        "the bytes arrive in order",
      );
      assert(mostBuffered < 100_000, `${mostBuffered} bytes were buffered`);
    }));

  Deno.test(`Transport over TLS buffers little for a slow peer with ${name}`, () =>
    run(async () => {
      const [one, other] = await pair(server, client);
      other.transport.pauseReading();
      const most = 64 * 1024 * 1024;
      let count = 0;
      const chunk = new Uint8Array(256 * 1024);
      one.resumeWriting = () => {
        while (count < most && one.transport.getWriteBufferSize() === 0) {
          one.transport.write(chunk);
          count += chunk.length;
        }
      };
      one.transport.setWriteBufferLimits(0);
      one.resumeWriting();
      for (let before = -1; before !== count;) {
        before = count;
        await sleep(0.1);
      }
      // The rest is in the system's buffers, which hold a few MiB.
      assert(count < most / 2, `${count} bytes were taken`);
      let received = 0;
      const all = new Future<void>();
      other.dataReceived = (data) => {
        received += data.length;
        if (received === most) all.setResult();
      };
      other.transport.resumeReading();
      await all;
      one.transport.abort();
      other.transport.abort();
      await one.lost;
      await other.lost;
    }));

  Deno.test(`loop.createServer() runs 64 concurrent handshakes with ${name}`, () =>
    run(async () => {
      await using listening = await startServer(tell, "127.0.0.1", 0, {
        tls: server,
      });
      await gather(
        Array.from({ length: 64 }, (_, index) => async () => {
          const [reader, writer] = await openConnection(
            "127.0.0.1",
            portOf(listening),
            { tls: client },
          );
          await reader.readLine();
          writer.write(`${index}\n`);
          assertEquals(textOf(await reader.readLine()), `${index}\n`);
          writer.close();
          await writer.waitClosed();
        }),
      );
    }));

  Deno.test(`Server survives data that is not a handshake with ${name}`, () =>
    run(async () => {
      const reports = await reportsOf(async () => {
        await using listening = await startServer(tell, "127.0.0.1", 0, {
          tls: server,
        });
        const port = portOf(listening);
        const knock = async (greeting: string) => {
          const [reader, writer] = await openConnection("127.0.0.1", port);
          writer.write(greeting);
          return [reader, writer] as const;
        };
        const [plain, plainWriter] = await knock("GET / HTTP/1.1\r\n\r\n");
        // An alert, or nothing.
        await plain.read().catch(() => {});
        plainWriter.close();
        const [, gone] = await knock("");
        gone.close();
        await gone.waitClosed();
        const [, half] = await knock("\x16\x03\x01\x02");
        half.transport.abort();
        // Others are served during and after that.
        const [reader, writer] = await openConnection("127.0.0.1", port, {
          tls: client,
        });
        await reader.readLine();
        writer.close();
        await writer.waitClosed();
      });
      assertEquals(reports.length, 3);
      const messages = reports.map((error) => (error as Error).message);
      assertMatch(
        messages[0]!,
        /Cannot accept 127.0.0.1:\d+ by TLS: it does not speak TLS/,
      );
      assertMatch(messages[1]!, /closed the connection during the handshake/);
      assertMatch(messages[2]!, /closed the connection during the handshake/);
    }));

  Deno.test(`loop.createConnection() rejects a server without TLS with ${name}`, () =>
    run(async () => {
      const refusals: [(writer: StreamWriter) => void, ErrorClass, string][] = [
        [
          (writer) => writer.write("HTTP/1.1 400 Bad Request\r\n\r\n"),
          Deno.errors.InvalidData,
          "it does not speak TLS",
        ],
        [
          (writer) => writer.close(),
          Deno.errors.ConnectionReset,
          "the peer closed the connection during the handshake",
        ],
        [
          (writer) => writer.transport.abort(),
          Deno.errors.ConnectionReset,
          "the peer closed the connection during the handshake",
        ],
      ];
      for (const [refuse, Expected, message] of refusals) {
        await using listening = await startServer(
          async (reader, writer) => {
            await reader.read(10);
            refuse(writer);
            await writer.drain().catch(() => {});
            writer.close();
          },
          "127.0.0.1",
          0,
        );
        await assertRejects(
          () => openConnection("127.0.0.1", portOf(listening), { tls: client }),
          Expected,
          message,
        );
      }
    }));

  Deno.test(`TlsOptions.handshakeTimeout ends a hanging handshake with ${name}`, () =>
    run(async () => {
      const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = silent.addr as Deno.NetAddr;
      await assertRejects(
        () =>
          openConnection("127.0.0.1", port, {
            tls: { ...client, handshakeTimeout: 0.05 },
          }),
        Deno.errors.ConnectionAborted,
        "did not finish within 0.05 s",
      );
      silent.close();
      const reports = await reportsOf(async () => {
        await using listening = await startServer(tell, "127.0.0.1", 0, {
          tls: { ...server, handshakeTimeout: 0.05 },
        });
        const [reader, writer] = await openConnection(
          "127.0.0.1",
          portOf(listening),
        );
        await reader.read().catch(() => {});
        writer.close();
      });
      assertEquals(reports.length, 1);
      assertInstanceOf(reports[0], Deno.errors.ConnectionAborted);
    }));

  Deno.test(`loop.createConnection() closes the connection when cancelled with ${name}`, () =>
    run(async () => {
      await using listening = await startServer(tell, "127.0.0.1", 0, {
        tls: server,
      });
      const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const ports = [
        portOf(listening),
        (silent.addr as Deno.NetAddr).port,
      ];
      for (const port of ports) {
        let cancelled = 0;
        for (let steps = 0; steps < 60; steps += 3) {
          const recorder = new Recorder();
          const task = createTask(() =>
            getRunningLoop().createConnection(
              () => recorder,
              "127.0.0.1",
              port,
              {
                tls: client,
              },
            )
          );
          for (let i = 0; i < steps; i++) await sleep(i % 10 ? 0 : 0.0005);
          task.cancel();
          await task.catch((error) => assertInstanceOf(error, CancelledError));
          if (task.cancelled()) cancelled++;
          else recorder.transport.abort();
          if (recorder.events.length > 0) await recorder.lost;
        }
        assert(cancelled > 0);
      }
      silent.close();
    }));

  Deno.test(`Server aborts pending handshakes with ${name}`, () =>
    run(async () => {
      for (const end of ["closeClients", "abortClients"] as const) {
        const recorder = new Recorder();
        const listening = await getRunningLoop().createServer(
          () => recorder,
          "127.0.0.1",
          0,
          { tls: server },
        );
        const [reader, writer] = await openConnection(
          "127.0.0.1",
          portOf(listening),
        );
        writer.write("\x16");
        await sleep(0.01);
        listening.close();
        const closed = createTask(() => listening.waitClosed());
        await turns();
        assertEquals(closed.done(), false);
        listening[end]();
        await closed;
        await reader.read().catch(() => {});
        assertEquals(recorder.events, []);
        writer.close();
        await writer.waitClosed().catch(() => {});
      }
    }));

  Deno.test(`run() aborts pending handshakes with ${name}`, async () => {
    // The sanitizers detect leaks.
    await run(async () => {
      const listening = await startServer(tell, "127.0.0.1", 0, {
        tls: server,
      });
      await openConnection("127.0.0.1", portOf(listening));
      const silent = await startServer(() => {}, "127.0.0.1", 0);
      createTask(() =>
        openConnection("127.0.0.1", portOf(silent), { tls: client })
      );
      await sleep(0.01);
    });
  });
}

/**
 * Two transports over one TLS connection. If it is to be cut, the client's sending direction ends at its first
 * data.
 */
async function pair(
  server: TlsOptions,
  client: TlsOptions,
  isCut = false,
): Promise<[client: Recorder, server: Recorder]> {
  const loop = getRunningLoop();
  const accepted = new Future<Recorder>();
  class Accepted extends Recorder {
    override connectionMade(transport: Transport): void {
      super.connectionMade(transport);
      accepted.setResult(this);
    }
  }
  const listening = await loop.createServer(
    () => new Accepted(),
    "127.0.0.1",
    0,
    { tls: server },
  );
  let port = portOf(listening);
  let relay: Deno.Listener | null = null;
  if (isCut) {
    relay = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const upstream = await Deno.connect({ hostname: "127.0.0.1", port });
    void relayOf(relay, upstream, accepted);
    port = (relay.addr as Deno.NetAddr).port;
  }
  const [, recorder] = await loop.createConnection(
    () => new Recorder(),
    "127.0.0.1",
    port,
    { tls: client },
  );
  const other = await accepted;
  listening.close();
  return [recorder, other];
}

/** Relays in both directions. Ends the sending direction instead of relaying data after the handshake. */
async function relayOf(
  listener: Deno.Listener,
  upstream: Deno.TcpConn,
  established: Future<unknown>,
): Promise<void> {
  const downstream = await listener.accept();
  listener.close();
  const copy = async (
    from: Deno.Conn,
    to: Deno.Conn,
    goesOn: () => boolean,
  ) => {
    const memory = new Uint8Array(65536);
    try {
      while (true) {
        const count = await from.read(memory);
        if (count === null || !goesOn()) break;
        await to.write(memory.slice(0, count));
      }
      await to.closeWrite();
    } catch {
      // The peer has disconnected.
    }
  };
  await Promise.all([
    copy(downstream, upstream, () => !established.done()),
    copy(upstream, downstream, () => true),
  ]);
  upstream.close();
  downstream.close();
}

Deno.test("Transport over TLS answers close_notify", () =>
  run(async () => {
    const recorder = new Recorder();
    const listening = await getRunningLoop().createServer(
      () => recorder,
      "127.0.0.1",
      0,
      { tls: LOCALHOST },
    );
    // Native, since it reports a missing close_notify.
    const conn = await Deno.connectTls({
      hostname: "127.0.0.1",
      port: portOf(listening),
      caCerts: [AUTHORITY],
    });
    await conn.handshake();
    while (recorder.events.length === 0) await sleep(0);
    const size = 8_000_000;
    recorder.transport.write(new Uint8Array(size));
    await conn.closeWrite();
    await recorder.eof.wait();
    const memory = new Uint8Array(100_000);
    for (let received = 0; received < size;) {
      const count = await conn.read(memory);
      assert(count !== null, `the end comes after ${received} bytes`);
      received += count;
    }
    assertEquals(await conn.read(memory), null);
    assertEquals(await recorder.lost, null);
    conn.close();
    listening.close();
    await listening.waitClosed();
  }));

Deno.test("TlsOptions.requestCert accepts clients with a trusted certificate", () =>
  run(async () => {
    const required = { ...LOCALHOST, ...TRUSTING, requestCert: true };
    const infos = await meet(required, { ...CLIENT, ...TRUSTING });
    assertEquals(infos.server.isAuthorized, true);
    assertEquals(infos.server.peerCertificate as unknown, { CN: "client" });
    const reports = await reportsOf(async () => {
      for (const stranger of [TRUSTING, { ...STRANGER, ...TRUSTING }]) {
        await assertRejects(() => meet(required, stranger));
      }
    });
    assertEquals(
      reports.map((error) => (error as Error).message.split(": ")[1]),
      [
        "it presented no certificate, which requestCert requires",
        "its certificate is not signed by a trusted authority; caCerts can add one",
      ],
    );
  }));

Deno.test("TlsOptions.requestCert as optional accepts clients without a certificate", () =>
  run(async () => {
    const optional = {
      ...LOCALHOST,
      ...TRUSTING,
      requestCert: "optional",
    } as const;
    const anonymous = await meet(optional, TRUSTING);
    assertEquals(anonymous.server.isAuthorized, false);
    assertEquals(anonymous.server.peerCertificate, null);
    const known = await meet(optional, { ...CLIENT, ...TRUSTING });
    assertEquals(known.server.isAuthorized, true);
    const reports = await reportsOf(() =>
      assertRejects(() => meet(optional, { ...STRANGER, ...TRUSTING }))
    );
    assertEquals(reports.length, 1);
  }));

Deno.test("TlsOptions.unsafelyDisableCertificateVerification accepts any client", () =>
  run(async () => {
    const infos = await meet({
      ...LOCALHOST,
      requestCert: true,
      unsafelyDisableCertificateVerification: true,
    }, { ...STRANGER, ...TRUSTING });
    assertEquals(infos.server.peerCertificate as unknown, { CN: "stranger" });
    assertEquals(infos.server.isAuthorized, false);
  }));

Deno.test("TlsOptions.certificates are chosen by the requested server name", () =>
  run(async () => {
    const several = {
      ...LOCALHOST,
      certificates: { "example.org": EXAMPLE, "*.Example.org": EXAMPLE },
    };
    for (const serverName of ["localhost", "example.org", "www.example.org"]) {
      for (const client of [TRUSTING, { ...TRUSTING, ...CLIENT }]) {
        const infos = await meet(several, { ...client, serverName });
        assertEquals(infos.server.serverName, serverName);
      }
    }
    await assertRejects(
      () => meet(several, { ...TRUSTING, serverName: "a.b.example.org" }),
      Deno.errors.InvalidData,
      "only for localhost",
    );
  }));

Deno.test("TlsOptions.serverName need not be ASCII", () =>
  run(async () => {
    const infos = await meet(LOCALHOST, {
      ...TRUSTING,
      serverName: "bücher.example",
      unsafelyDisableHostnameVerification: true,
    });
    assertEquals(infos.server.serverName, "xn--bcher-kva.example");
    assertEquals(infos.client.serverName, "bücher.example");
  }));

Deno.test("openUnixConnection() and startUnixServer() encrypt", {
  ignore: Deno.build.os === "windows",
}, () =>
  run(async () => {
    const directory = await Deno.makeTempDir();
    try {
      const path = `${directory}/socket`;
      await using _ = await startUnixServer(tell, path, { tls: LOCALHOST });
      const [reader, writer] = await openUnixConnection(path, {
        tls: { ...TRUSTING, serverName: "localhost" },
      });
      await reader.readLine();
      writer.write("hello\n");
      assertEquals(textOf(await reader.readLine()), "hello\n");
      writer.close();
      await writer.waitClosed();
      await assertRejects(
        () =>
          openUnixConnection(path, {
            tls: { ...TRUSTING, serverName: "example.org" },
          }),
        Deno.errors.InvalidData,
        "Cannot connect to example.org at ",
      );
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  }));

Deno.test("loop.connectAcceptedSocket() encrypts as a server", () =>
  run(async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    const recorder = new Recorder();
    const accepting = createTask(async () => {
      const conn = await listener.accept();
      await getRunningLoop().connectAcceptedSocket(() => recorder, conn, {
        tls: LOCALHOST,
      });
    });
    const [reader, writer] = await openConnection("localhost", port, {
      tls: TRUSTING,
    });
    await accepting;
    recorder.transport.write("welcome");
    recorder.transport.close();
    assertEquals(textOf(await reader.read()), "welcome");
    writer.close();
    await writer.waitClosed();
    await recorder.lost;
    listener.close();
  }));

Deno.test("openConnection() encrypts an existing connection", () =>
  run(async () => {
    await using listening = await startServer(tell, "127.0.0.1", 0, {
      tls: LOCALHOST,
    });
    const port = portOf(listening);
    const dial = () => Deno.connect({ hostname: "127.0.0.1", port });
    const sock = await dial();
    await assertRejects(
      () => openConnection({ sock, tls: TRUSTING }),
      RangeError,
      "must include serverName",
    );
    const [reader, writer] = await openConnection({
      sock,
      tls: { ...TRUSTING, serverName: "localhost" },
    });
    await reader.readLine();
    writer.close();
    await writer.waitClosed();
  }));

Deno.test("TlsOptions are validated first", () =>
  run(async () => {
    const connect = (tls: unknown) =>
      openConnection("127.0.0.1", 1, { tls: tls as TlsOptions });
    const serve = (tls: unknown) =>
      startServer(() => {}, "127.0.0.1", 0, { tls: tls as TlsOptions });
    const garbage =
      "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    const { cert, key } = LOCALHOST;
    const bad: [
      typeof connect | typeof serve,
      unknown,
      ErrorClass,
      string,
    ][] = [
      [
        connect,
        "yes",
        TypeError,
        'The tls must be true or TlsOptions: received "yes"',
      ],
      [
        connect,
        { caCerts: AUTHORITY },
        TypeError,
        "The caCerts must be an array of PEM strings: received",
      ],
      [
        connect,
        { caCerts: [1] },
        TypeError,
        "The caCerts[0] must be a PEM string",
      ],
      [
        connect,
        { caCerts: [AUTHORITY, ""] },
        RangeError,
        "The caCerts[1]",
      ],
      [connect, { caCerts: [garbage] }, RangeError, "received an invalid one"],
      [
        connect,
        { caCerts: [AUTHORITY + garbage] },
        RangeError,
        "received an invalid one",
      ],
      [connect, { cert }, RangeError, "received cert alone"],
      [connect, { key }, RangeError, "received key alone"],
      [connect, { cert, key: garbage }, RangeError, "The key must be PEM"],
      [
        connect,
        { cert: key, key: cert },
        RangeError,
        "cert must be PEM",
      ],
      [
        connect,
        { cert, key: CLIENT.key },
        RangeError,
        "the private key of cert",
      ],
      [connect, { serverName: "" }, RangeError, 'received ""'],
      [
        connect,
        { serverName: 3 },
        TypeError,
        "The serverName must be a string",
      ],
      [connect, { alpnProtocols: [3] }, TypeError, "received 3"],
      [
        connect,
        { alpnProtocols: "h2" },
        TypeError,
        "The alpnProtocols must be an array",
      ],
      [connect, { alpnProtocols: [""] }, RangeError, 'received ""'],
      [
        connect,
        { handshakeTimeout: 0 },
        RangeError,
        "The handshakeTimeout must be greater than 0",
      ],
      [connect, { handshakeTimeout: -1 }, RangeError, "received -1"],
      [
        connect,
        { shutdownTimeout: 0 },
        RangeError,
        "The shutdownTimeout must be greater than 0",
      ],
      [
        connect,
        { handshakeTimeout: "1" },
        TypeError,
        "The handshakeTimeout of createConnection()",
      ],
      [
        connect,
        { requestCert: true },
        RangeError,
        "must not include requestCert",
      ],
      [
        connect,
        { certificates: {} },
        RangeError,
        "must not include certificates",
      ],
      [
        connect,
        { servername: "localhost" },
        TypeError,
        "must not include the unknown option servername; use serverName",
      ],
      [connect, { ca: [] }, TypeError, "unknown option ca"],
      [
        serve,
        { ...LOCALHOST, ALPNProtocols: ["h2"] },
        TypeError,
        "must not include the unknown option ALPNProtocols; use alpnProtocols",
      ],
      [
        serve,
        { ...LOCALHOST, toString: () => "" },
        TypeError,
        "unknown option toString",
      ],
      [serve, true, RangeError, "must include cert and key"],
      [
        serve,
        { ...LOCALHOST, serverName: "x" },
        RangeError,
        "must not include serverName",
      ],
      [
        serve,
        { ...LOCALHOST, requestCert: true },
        RangeError,
        "must include caCerts",
      ],
      [serve, { ...LOCALHOST, requestCert: "no" }, TypeError, 'received "no"'],
      [
        serve,
        { ...LOCALHOST, certificates: { a: { cert } } },
        TypeError,
        'The certificates["a"].key must be',
      ],
    ];
    for (const [call, tls, Expected, message] of bad) {
      await assertRejects(() => call(tls), Expected, message);
    }
  }));

Deno.test("loop.createConnection() and its like reject ssl and invalid options", () =>
  run(async () => {
    const loop = getRunningLoop();
    const makeProtocol = () => new Recorder();
    const options: object = { ssl: true };
    const hangUp = (_: StreamReader, writer: StreamWriter) => writer.close();
    await using server = await startServer(hangUp, "127.0.0.1", 0);
    const port = portOf(server);
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const [_, writer] = await openConnection("127.0.0.1", port);
    const calls: (() => Promise<unknown>)[] = [
      () => openConnection("127.0.0.1", port, options),
      () => openUnixConnection("/nowhere", options),
      () => startServer(hangUp, "127.0.0.1", 0, options),
      () => startUnixServer(hangUp, "/nowhere", options),
      () => loop.connectAcceptedSocket(makeProtocol, conn, options),
      () => writer.startTls(true, options),
    ];
    for (const call of calls) {
      await assertRejects(
        call,
        TypeError,
        "The option for TLS must be tls: received ssl",
      );
    }
    const no = true as unknown as object;
    const named: [string, () => Promise<unknown>][] = [
      ["openConnection", () => openConnection("127.0.0.1", port, no)],
      ["openUnixConnection", () => openUnixConnection("/nowhere", no)],
      ["startServer", () => startServer(hangUp, "127.0.0.1", 0, no)],
      ["startUnixServer", () => startUnixServer(hangUp, "/nowhere", no)],
      [
        "createConnection",
        () => loop.createConnection(makeProtocol, "127.0.0.1", port, no),
      ],
      [
        "createUnixConnection",
        () => loop.createUnixConnection(makeProtocol, "/nowhere", no),
      ],
      [
        "createServer",
        () => loop.createServer(makeProtocol, "127.0.0.1", 0, no),
      ],
      [
        "createUnixServer",
        () => loop.createUnixServer(makeProtocol, "/nowhere", no),
      ],
      [
        "connectAcceptedSocket",
        () => loop.connectAcceptedSocket(makeProtocol, conn, no),
      ],
      [
        "startTls",
        () =>
          loop.startTls(
            writer.transport as Transport,
            makeProtocol(),
            true,
            no,
          ),
      ],
    ];
    for (const [name, call] of named) {
      await assertRejects(
        async () => void await call(),
        TypeError,
        `The options of ${name}() must be an object: received true`,
      );
    }
    conn.close();
    writer.close();
    const [, plain] = await openConnection(
      "127.0.0.1",
      port,
      { ssl: undefined } as object,
    );
    plain.close();
  }));

Deno.test("Server releases failed handshakes", async () => {
  const several = { ...LOCALHOST, certificates: { "example.org": EXAMPLE } };
  const source = `
    import { openConnection, run, sleep, startServer } from "asyncio";
    async function knock(port, times) {
      for (let i = 0; i < times; i++) {
        const [reader, writer] = await openConnection("127.0.0.1", port);
        writer.write("no handshake");
        await reader.read().catch(() => {});
        writer.close();
        await writer.waitClosed().catch(() => {});
      }
      for (let i = 0; i < 5; i++) {
        await sleep(0.01);
        globalThis.gc();
      }
      const { heapUsed, external } = Deno.memoryUsage();
      return heapUsed + external;
    }
    await run(async () => {
      for (const tls of ${JSON.stringify([LOCALHOST, several])}) {
        const server = await startServer(() => {}, "127.0.0.1", 0, { tls });
        const { port } = server.sockets[0].addr;
        const before = await knock(port, 10);
        const after = await knock(port, 200);
        console.log((after - before) / 200 < 4 * 1024);
        server.close();
      }
    });
  `;
  const { stdout, stderr } = await runProgram(source, {
    v8Flags: "--expose-gc",
  });
  assertEquals([stdout, stderr], ["true\ntrue\n", ""]);
});
