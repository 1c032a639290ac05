// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  createSubprocessExec,
  createTask,
  gather,
  openConnection,
  openUnixConnection,
  PIPE,
  run,
  startServer,
  startUnixServer,
  type StreamReader,
  type StreamWriter,
} from "../mod.ts";
import { MemoryNetwork, VirtualTimeLoop } from "../testing/mod.ts";
import { withDirectory } from "../tests/doubles/directory.ts";
import { TLS_PAIRS } from "../tests/doubles/tls.ts";

const SIZE = 1_000_000;

/** Bytes that tell their places. */
function pattern(): Uint8Array {
  return Uint8Array.from({ length: SIZE }, (_, i) => (i * 7 + (i >> 8)) & 255);
}

async function echo(reader: StreamReader, writer: StreamWriter): Promise<void> {
  for await (const chunk of reader.chunks({ memory: 50_000 })) {
    await writer.send(chunk);
  }
  writer.close();
}

/** Sends a lot through an echo, and reuses the memory at once. */
async function exchange(
  reader: StreamReader,
  writer: StreamWriter,
): Promise<void> {
  const data = pattern();
  const result = new Uint8Array(2 * SIZE);
  await gather([
    async () => {
      await writer.send(data.subarray(0, 1000));
      writer.write(data.slice(1000, 2000));
      await writer.send(data.subarray(2000));
      data.reverse();
      await writer.send(data);
      data.fill(0);
    },
    async () => {
      for (let filled = 0; filled < result.length;) {
        filled += await reader.readInto(result.subarray(filled));
      }
    },
  ]);
  assertEquals(result.subarray(0, SIZE), pattern());
  assertEquals(result.subarray(SIZE), pattern().reverse());
  writer.close();
}

Deno.test("StreamWriter.send() and readInto() carry large data over TCP", () =>
  run(async () => {
    await using server = await startServer(echo, "127.0.0.1", 0);
    const { port } = server.sockets[0]!.addr;
    await exchange(...await openConnection("127.0.0.1", port));
  }));

for (const { name, server: serverTls, client } of TLS_PAIRS) {
  Deno.test(`StreamWriter.send() and readInto() carry large data over TLS with ${name}`, () =>
    run(async () => {
      await using server = await startServer(echo, "127.0.0.1", 0, {
        tls: serverTls,
      });
      const { port } = server.sockets[0]!.addr;
      await exchange(
        ...await openConnection("localhost", port, { tls: client, family: 4 }),
      );
    }));
}

Deno.test("StreamWriter.send() and readInto() carry large data after startTls()", () =>
  run(async () => {
    const { server: serverTls, client } = TLS_PAIRS[0]!;
    await using server = await startServer(
      async (reader, writer) => {
        const memory = new Uint8Array(9);
        assertEquals(await reader.readInto(memory), 3);
        await writer.send(memory.subarray(0, 3));
        await writer.startTls(serverTls);
        await echo(reader, writer);
      },
      "127.0.0.1",
      0,
    );
    const { port } = server.sockets[0]!.addr;
    const [reader, writer] = await openConnection("127.0.0.1", port);
    const memory = new Uint8Array([1, 2, 3]);
    await writer.send(memory);
    assertEquals(await reader.readInto(memory), 3);
    await writer.startTls({ ...client, serverName: "localhost" });
    await exchange(reader, writer);
  }));

Deno.test({
  name: "StreamWriter.send() and readInto() carry large data over Unix sockets",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withDirectory((directory) =>
      run(async () => {
        const path = `${directory}/socket`;
        await using _ = await startUnixServer(echo, path);
        await exchange(...await openUnixConnection(path));
      })
    ),
});

Deno.test("StreamWriter.send() and readInto() carry large data in memory", () =>
  run(async () => {
    const server = await startServer(echo, "server", 80);
    await exchange(...await openConnection("server", 80));
    server.close();
  }, {
    loopFactory: () => new VirtualTimeLoop({ network: new MemoryNetwork() }),
  }));

Deno.test("StreamWriter.send() and readInto() carry large data through a process", () =>
  run(async () => {
    await using process = await createSubprocessExec(Deno.execPath(), [
      "eval",
      "await Deno.stdin.readable.pipeTo(Deno.stdout.writable)",
    ], { stdin: PIPE, stdout: PIPE });
    await exchange(process.stdout!, process.stdin!);
    assertEquals(await process.wait(), 0);
  }));

Deno.test("StreamWriter.send() to a process that has ended fails", () =>
  run(async () => {
    await using process = await createSubprocessExec(Deno.execPath(), [
      "eval",
      "Deno.exit()",
    ], { stdin: PIPE });
    const sent = createTask(() => process.stdin!.send(new Uint8Array(SIZE)));
    await process.wait();
    const error = await assertRejects(() => sent, Error);
    assert(
      error instanceof Deno.errors.BrokenPipe ||
        error instanceof Deno.errors.ConnectionReset,
    );
  }));
