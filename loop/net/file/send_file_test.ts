// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  CancelledError,
  createTask,
  Event,
  getRunningLoop,
  openConnection,
  run,
  RuntimeError,
  SendfileNotAvailableError,
  startServer,
  type Transport,
  WriteTransport,
} from "../../../mod.ts";
import {
  AUTHORITY,
  LOCALHOST,
} from "../../../tests/certificates/certificates.ts";
import {
  fake,
  pair,
  type Recorder,
  turns,
} from "../../../tests/doubles/recorder.ts";
import { positionOf, withFile } from "../../../tests/doubles/file.ts";

/** Larger than one read, and not a multiple of it. */
const SIZE = 300_007;

const CONTENT = new Uint8Array(SIZE).map((_, i) => i ^ (i >> 8));

/** The same in ASCII. */
const TEXT = CONTENT.map((byte) => byte & 0x7f);

/** Both ends of a connection, and the data that arrives at the second. */
async function connection(): Promise<
  { client: Recorder; peer: Recorder; received: () => Uint8Array }
> {
  const [client, peer] = await pair();
  const chunks: Uint8Array[] = [];
  peer.dataReceived = (data) => void chunks.push(data);
  return { client, peer, received: () => concat(chunks) };
}

function concat(chunks: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(
    chunks.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

function send(
  transport: WriteTransport,
  file: Deno.FsFile,
  options?: { offset?: number; count?: number | null; fallback?: boolean },
): Promise<number> {
  return getRunningLoop().sendFile(transport, file, options);
}

/** Runs a test with a file, and a connection whose peer is the test. */
function sending(
  body: (
    file: Deno.FsFile,
    connection: Awaited<ReturnType<typeof fake>>,
  ) => Promise<void>,
  content: Uint8Array<ArrayBuffer> = CONTENT,
): Promise<void> {
  return run(() => withFile(content, async (file) => body(file, await fake())));
}

Deno.test("loop.sendFile() sends a file after earlier writes", () =>
  run(() =>
    withFile(CONTENT, async (file) => {
      const { client, peer, received } = await connection();
      // The file's position does not matter.
      await file.seek(1000, Deno.SeekMode.Start);
      client.transport.write("before");
      assertEquals(await send(client.transport, file), SIZE);
      assertEquals(positionOf(file), SIZE);
      client.transport.write("after");
      client.transport.close();
      await peer.lost;
      const expected = new TextEncoder();
      assertEquals(
        received(),
        concat([expected.encode("before"), CONTENT, expected.encode("after")]),
      );
    })
  ));

Deno.test("loop.sendFile() sends a part of a file", () =>
  run(() =>
    withFile(CONTENT, async (file) => {
      const cases = [
        [{ offset: 0, count: 10 }, 0, 10],
        [{ offset: 1000, count: 100_000 }, 1000, 101_000],
        [{ offset: SIZE - 5 }, SIZE - 5, SIZE],
        [{ offset: SIZE - 5, count: 100 }, SIZE - 5, SIZE],
        [{ count: null }, 0, SIZE],
        [{ offset: SIZE }, SIZE, SIZE],
      ] as const;
      for (const [options, start, end] of cases) {
        const { client, peer, received } = await connection();
        assertEquals(await send(client.transport, file, options), end - start);
        assertEquals(positionOf(file), end);
        client.transport.close();
        await peer.lost;
        assertEquals(received(), CONTENT.subarray(start, end));
      }
    })
  ));

Deno.test("loop.sendFile() sends a file over TLS, then close_notify", () =>
  run(() =>
    withFile(CONTENT, async (file) => {
      await using server = await startServer(
        async (_, writer) => {
          assertEquals(await send(writer.transport, file), SIZE);
          writer.close();
        },
        "127.0.0.1",
        0,
        { tls: LOCALHOST },
      );
      const { port } = server.sockets[0]!.addr as Deno.NetAddr;
      const [reader, writer] = await openConnection("127.0.0.1", port, {
        tls: { caCerts: [AUTHORITY] },
      });
      assertEquals(await reader.read(), CONTENT);
      writer.close();
      await writer.waitClosed();
    })
  ));

Deno.test("loop.sendFile() prevents other writes and reads in the meantime", () =>
  sending(async (file, [conn, transport, protocol]) => {
    conn.block();
    transport.write("before");
    const task = createTask(() => send(transport, file, { count: 10 }));
    while (transport.isReading()) await turns();
    assertThrows(() => transport.write("no"), RuntimeError, "file");
    assertThrows(() => transport.writeLines(["no"]), RuntimeError, "file");
    await assertRejects(() => send(transport, file), RuntimeError, "file");
    conn.unblock();
    assertEquals(await task, 10);
    assertEquals(conn.written.length, 2);
    assert(transport.isReading());
    transport.write("after");
    transport.close();
    await protocol.lost;
    assertEquals([conn.written[0], conn.written[2]], ["before", "after"]);
  }));

Deno.test("loop.sendFile() leaves a paused transport paused", () =>
  sending(async (file, [, transport, protocol]) => {
    transport.pauseReading();
    await send(transport, file);
    assertEquals(transport.isReading(), false);
    transport.close();
    await protocol.lost;
  }));

Deno.test("loop.sendFile() continues after partial writes", () =>
  sending(async (file, [conn, transport, protocol]) => {
    conn.takes = 7;
    assertEquals(await send(transport, file, { count: 20 }), 20);
    assertEquals(conn.written.length, 3);
    transport.close();
    await protocol.lost;
  }));

Deno.test("loop.sendFile() validates its arguments", () =>
  sending(async (file, [, transport, protocol]) => {
    await assertRejects(
      () => send(transport, file, { fallback: false }),
      SendfileNotAvailableError,
    );
    for (
      const options of [
        { offset: -1 },
        { offset: 0.5 },
        { count: 0 },
        { count: -1 },
      ]
    ) {
      await assertRejects(() => send(transport, file, options), RangeError);
    }
    await assertRejects(() => send(transport, {} as never), TypeError);
    await assertRejects(
      () => send(new WriteTransport(), file),
      RuntimeError,
      "cannot send files",
    );
    // None of these prevents later calls.
    transport.write("still");
    transport.writeEof();
    await assertRejects(() => send(transport, file), RuntimeError);
    transport.close();
    await assertRejects(() => send(transport, file), RuntimeError, "closing");
    await protocol.lost;
  }));

Deno.test("loop.sendFile() sends the current chunk when cancelled, and sets the position", () =>
  sending(async (file, [conn, transport, protocol]) => {
    conn.takes = 1000;
    conn.block();
    const task = createTask(() => send(transport, file, { offset: 5 }));
    await isWriting(conn);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    const position = positionOf(file);
    transport.write("after");
    transport.close();
    conn.unblock();
    await protocol.lost;
    assertEquals(
      conn.written.join(""),
      new TextDecoder().decode(TEXT.subarray(5, position)) + "after",
    );
  }, TEXT));

Deno.test("loop.sendFile() sends nothing when cancelled before its turn", () =>
  sending(async (file, [conn, transport, protocol]) => {
    conn.block();
    transport.write("before");
    const task = createTask(() => send(transport, file));
    while (transport.isReading()) await turns();
    task.cancel();
    await assertRejects(() => task, CancelledError);
    assert(transport.isReading());
    transport.write("after");
    conn.unblock();
    transport.close();
    await protocol.lost;
    assertEquals(conn.written, ["before", "after"]);
  }));

Deno.test("loop.sendFile() rejects when the connection is lost", async () => {
  const endings: ((transport: Transport) => void)[] = [
    (transport) => transport.abort(),
    (transport) => transport.close(),
  ];
  for (const end of endings) {
    await sending(async (file, [conn, transport, protocol]) => {
      conn.block();
      const task = createTask(() => send(transport, file));
      await isWriting(conn);
      end(transport);
      await turns();
      conn.unblock();
      await assertRejects(() => task, Deno.errors.ConnectionReset);
      assertEquals(await protocol.lost, null);
      assert(conn.isClosed);
    });
  }
});

Deno.test("loop.sendFile() rejects when the connection is lost before its turn", () =>
  sending(async (file, [conn, transport, protocol]) => {
    conn.block();
    transport.write("before");
    const task = createTask(() => send(transport, file));
    while (transport.isReading()) await turns();
    transport.abort();
    await assertRejects(() => task, Deno.errors.ConnectionReset);
    assertEquals(await protocol.lost, null);
  }));

Deno.test("loop.sendFile() rejects with the error of the connection", () =>
  sending(async (file, [conn, transport, protocol]) => {
    conn.block();
    const task = createTask(() => send(transport, file));
    await isWriting(conn);
    conn.fail(new Deno.errors.BrokenPipe("gone"));
    await assertRejects(() => task, Deno.errors.BrokenPipe);
    assertEquals((await protocol.lost)?.message, "gone");
  }));

Deno.test("loop.sendFile() rejects when the peer disconnects or the transport is aborted", () =>
  run(async () => {
    const path = await Deno.makeTempFile();
    await Deno.truncate(path, 64_000_000);
    for (const who of ["client", "peer"] as const) {
      const ends = await connection();
      ends.peer.transport.pauseReading();
      using file = await Deno.open(path);
      const isUnderWay = new Event();
      const read = file.read.bind(file);
      let reads = 0;
      file.read = (memory) => {
        if (++reads === 3) isUnderWay.set();
        return read(memory);
      };
      const task = createTask(() => send(ends.client.transport, file));
      await isUnderWay.wait();
      ends[who].transport.abort();
      await assertRejects(
        () => task,
        who === "client" ? Deno.errors.ConnectionReset : Error,
      );
      assert(positionOf(file) < 64_000_000);
      await ends.client.lost;
      ends.peer.transport.abort();
      await ends.peer.lost;
    }
    await Deno.remove(path);
  }));

/** Waits until a write is pending, some time after the file was read. */
async function isWriting(conn: { readonly isWriting: boolean }): Promise<void> {
  while (!conn.isWriting) await turns();
}
