// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Future, openUnixConnection, run, startUnixServer } from "../mod.ts";
import { withDirectory } from "../tests/doubles/directory.ts";
import { textOf } from "../tests/doubles/text.ts";
import { findPython } from "../tests/peers/python.ts";
import { runPython, startPython } from "../tests/peers/run_python.ts";

const ignore = Deno.build.os === "windows";
const python = ignore ? null : await findPython();
const withoutPython = { ignore: python === null };

/** Sends back what comes, until it ends. */
const SERVER = `
import asyncio, sys

async def serve(reader, writer):
    data = await reader.read()
    writer.write(b"%d\\n" % len(data))
    writer.write(data)
    await writer.drain()
    writer.close()

async def main():
    server = await asyncio.start_unix_server(serve, sys.argv[1])
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()

asyncio.run(main())
`;

const CLIENT = `
import asyncio, sys

async def main():
    reader, writer = await asyncio.open_unix_connection(sys.argv[1])
    writer.write(b"x" * 1_000_000 + b"\\n")
    writer.write_eof()
    print(len(await reader.readline()), await reader.read())
    writer.close()
    await writer.wait_closed()

asyncio.run(main())
`;

function inDirectory(body: (path: string) => Promise<void>): Promise<void> {
  return withDirectory((directory) => run(() => body(`${directory}/socket`)));
}

Deno.test(
  "openUnixConnection() and startUnixServer() hand over their options",
  {
    ignore,
  },
  () =>
    inDirectory(async (path) => {
      const failure = new Future<unknown>();
      await using server = await startUnixServer(
        async (reader, writer) => {
          await reader.readLine().catch((error) => failure.setResult(error));
          writer.write("too long\n");
          writer.close();
        },
        path,
        { limit: 10, startServing: false },
      );
      assertEquals(server.isServing(), false);
      await server.startServing();
      const [reader, writer] = await openUnixConnection(path, { limit: 3 });
      writer.write(`${"x".repeat(100)}\n`);
      await assertRejects(() => reader.readLine(), RangeError);
      assert(await failure instanceof Error);
      writer.close();
    }),
);

Deno.test(
  "openUnixConnection() and startUnixServer() take options alone where these have the sock",
  { ignore },
  () =>
    inDirectory(async (path) => {
      const listener = Deno.listen({ transport: "unix", path });
      await using _ = await startUnixServer(async (reader, writer) => {
        writer.write(await reader.readLine());
        writer.close();
      }, { sock: listener });
      const conn = await Deno.connect({ transport: "unix", path });
      const [reader, writer] = await openUnixConnection({ sock: conn });
      writer.write("hello\n");
      assertEquals(textOf(await reader.readLine()), "hello\n");
      writer.close();
      await writer.waitClosed();
    }),
);

Deno.test(
  "openUnixConnection() and startUnixServer() tell wrong arguments before they do anything",
  {
    ignore,
  },
  () =>
    inDirectory(async (path) => {
      await assertRejects(() => openUnixConnection(), RangeError, "neither");
      assertThrows(
        () => openUnixConnection(path, { limit: 0 }),
        RangeError,
      );
      await assertRejects(
        () => openUnixConnection(path),
        Deno.errors.NotFound,
        path,
      );
      assertThrows(
        () => startUnixServer("x" as never, path),
        TypeError,
        'The clientConnected of startUnixServer() must be a function: received "x"',
      );
      assertThrows(
        () => startUnixServer(() => {}, path, { limit: 0 }),
        RangeError,
      );
      await assertRejects(
        () => startUnixServer(() => {}),
        RangeError,
        "neither",
      );
      await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
    }),
);

Deno.test(
  "openUnixConnection() talks with a server of asyncio",
  withoutPython,
  () =>
    inDirectory(async (path) => {
      const { end } = await startPython(python!, SERVER, [path]);
      const [reader, writer] = await openUnixConnection(path);
      const data = new Uint8Array(1_000_000).map((_, i) => i);
      writer.write(data);
      await writer.drain();
      writer.writeEof();
      assertEquals(
        new TextDecoder().decode(await reader.readLine()),
        `${data.length}\n`,
      );
      assertEquals(await reader.readExactly(data.length), data);
      assertEquals((await reader.read()).length, 0);
      writer.close();
      await writer.waitClosed();
      await end();
    }),
);

Deno.test(
  "startUnixServer() talks with a client of asyncio",
  withoutPython,
  () =>
    inDirectory(async (path) => {
      await using _ = await startUnixServer(async (reader, writer) => {
        const { length } = await reader.read();
        writer.write(`${length}\n`);
        writer.write("bye");
        writer.close();
      }, path);
      assertEquals(await runPython(python!, CLIENT, [path]), "8 b'bye'");
    }),
);

Deno.test(
  "startUnixServer() takes the place of a server of asyncio that was killed",
  withoutPython,
  () =>
    inDirectory(async (path) => {
      const { child, output } = await startPython(python!, SERVER, [path]);
      child.kill("SIGKILL");
      await child.status;
      await output.cancel();
      await child.stdin.close().catch(() => {});
      assert((await Deno.lstat(path)).isSocket);
      await using _ = await startUnixServer(
        (_, writer) => writer.close(),
        path,
      );
      const [reader, writer] = await openUnixConnection(path);
      assertEquals((await reader.read()).length, 0);
      writer.close();
    }),
);
