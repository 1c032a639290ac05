// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Future, openConnection, run, startServer } from "../../mod.ts";
import { findPython } from "../peers/python.ts";
import { runPython, startPython } from "../peers/run_python.ts";

const python = await findPython();
const ignore = python === null;

const SIZE = 3_000_000;

/** Echoes with the length first once the client has sent its last byte; resets on request. */
const SERVER = `
import asyncio, socket, struct, sys

async def serve(reader, writer):
    data = await reader.read()
    if data == b"reset":
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return
    writer.write(b"%d\\n" % len(data))
    writer.write(data)
    await writer.drain()
    writer.close()
    await writer.wait_closed()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()

asyncio.run(main())
`;

/** Asks our server, and prints what it made of the answer. */
const CLIENT = `
import asyncio, socket, struct, sys

async def main():
    port, size, how = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    if how == "reset":
        writer.write(b"x")
        await reader.readexactly(1)
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return
    async def send():
        for i in range(size // 1000):
            writer.write(b"%-1000d" % i)
            await writer.drain()
        writer.write_eof()
    sending = asyncio.create_task(send())
    data = await reader.read()
    await sending
    expected = b"".join(b"%-1000d" % i for i in range(size // 1000))
    print(data == expected and reader.at_eof())
    writer.close()
    await writer.wait_closed()

asyncio.run(main())
`;

Deno.test(
  "openConnection() talks with a server of asyncio",
  { ignore },
  () =>
    run(async () => {
      const { line, end } = await startPython(python!, SERVER);
      const port = Number(line);

      const [reader, writer] = await openConnection("127.0.0.1", port);
      const chunk = new Uint8Array(SIZE / 100).map((_, i) => i);
      for (let i = 0; i < 100; i++) {
        writer.write(chunk);
        await writer.drain();
      }
      writer.writeEof();
      assertEquals(
        new TextDecoder().decode(await reader.readLine()),
        `${SIZE}\n`,
      );
      for (let i = 0; i < 100; i++) {
        const part = await reader.readExactly(chunk.length);
        assert(part.every((byte, at) => byte === chunk[at]));
      }
      assertEquals((await reader.read()).length, 0);
      writer.close();
      await writer.waitClosed();

      const [resetReader, resetWriter] = await openConnection(
        "127.0.0.1",
        port,
      );
      resetWriter.write("reset");
      resetWriter.writeEof();
      await assertRejects(
        () => resetReader.read(),
        Deno.errors.ConnectionReset,
      );
      await assertRejects(
        () => resetWriter.waitClosed(),
        Deno.errors.ConnectionReset,
      );

      await end();
    }),
);

Deno.test(
  "startServer() talks with a client of asyncio",
  { ignore },
  () =>
    run(async () => {
      await using server = await startServer(
        async (reader, writer) => {
          for (let data; (data = await reader.read(100_000)).length > 0;) {
            writer.write(data);
            await writer.drain();
          }
          writer.close();
        },
        "127.0.0.1",
        0,
      );
      const { port } = server.sockets[0]!.addr as Deno.NetAddr;
      const output = await runPython(python!, CLIENT, [port, SIZE, "echo"]);
      assertEquals(output, "True");
    }),
);

Deno.test(
  "startServer() survives a client of asyncio that resets",
  { ignore },
  () =>
    run(async () => {
      const broken = new Future<unknown>();
      await using server = await startServer(
        async (reader, writer) => {
          writer.write(await reader.readExactly(1));
          await reader.read().catch((error) => broken.setResult(error));
          writer.close();
        },
        "127.0.0.1",
        0,
      );
      const { port } = server.sockets[0]!.addr as Deno.NetAddr;
      const client = runPython(python!, CLIENT, [port, 0, "reset"]);
      assert(await broken instanceof Deno.errors.ConnectionReset);
      await client;
    }),
);
