// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { openConnection, run, type Server, startServer } from "../../mod.ts";
import {
  AUTHORITY,
  CLIENT,
  LOCALHOST,
  pathOf,
} from "../certificates/certificates.ts";
import { findPython } from "../peers/python.ts";
import { runPython } from "../peers/run_python.ts";

const python = await findPython();
const hasOpenssl = await canRun("openssl");

const SIZE = 2_000_000;

/** Echoes lines; upgrades the connection on request; sends much on request. Encrypts at once or not. */
const PYTHON_SERVER = `
import asyncio, ssl, sys

how, certificate, key, authority, size = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
if how == "mutual":
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority)

async def serve(reader, writer):
    while line := await reader.readline():
        if line == b"STARTTLS\\n":
            writer.write(b"GO\\n")
            await writer.start_tls(context)
        elif line == b"MUCH\\n":
            writer.write(b"x" * int(size))
            await writer.drain()
        else:
            writer.write(line)
    writer.close()

async def main():
    server = await asyncio.start_server(
        serve, "127.0.0.1", 0, ssl=None if how == "plain" else context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()

asyncio.run(main())
`;

/** Asks our server for an echo, and prints it; encrypted at once or not. */
const PYTHON_CLIENT = `
import asyncio, ssl, sys

async def main():
    port, how, authority, certificate, key, size = sys.argv[1:]
    context = ssl.create_default_context(cafile=authority)
    if how == "mutual":
        context.load_cert_chain(certificate, key)
    tls = {} if how == "plain" else {"ssl": context, "server_hostname": "localhost"}
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port), **tls)
    if how == "plain":
        writer.write(b"STARTTLS\\n")
        assert await reader.readline() == b"GO\\n"
        await writer.start_tls(context, server_hostname="localhost")
    writer.write(b"x" * int(size) + b"\\n")
    line = await reader.readexactly(int(size) + 1)
    writer.close()
    await writer.wait_closed()
    print(len(line), writer.get_extra_info("cipher")[1])

asyncio.run(main())
`;
import { portOf } from "../doubles/server_port.ts";
import { textOf } from "../doubles/text.ts";

const SERVER_FILES = [pathOf("server.pem"), pathOf("server.key")];

async function canRun(program: string): Promise<boolean> {
  try {
    await new Deno.Command(program, {
      args: ["version"],
      stdout: "null",
      stderr: "null",
    }).output();
    return true;
  } catch {
    return false;
  }
}

/** Runs a program while the body runs, which is given the port that the program prints. */
async function withProgram(
  [program, ...args]: string[],
  body: (port: number) => Promise<void>,
): Promise<void> {
  const process = new Deno.Command(program!, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = process.stdout.getReader();
  try {
    let said = "";
    while (!/\d+\n/.test(said)) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`${program} ended: ${said}`);
      said += textOf(value);
    }
    await body(Number(said.match(/(\d+)\n/)![1]));
  } finally {
    process.kill();
    await process.stdin.close();
    while (!(await reader.read()).done);
    await process.status;
  }
}

/** Starts an echo server of this library, which also upgrades to TLS. */
function echoServer(tls?: typeof LOCALHOST): Promise<Server> {
  return startServer(
    async (reader, writer) => {
      for await (const line of reader) {
        if (textOf(line) === "STARTTLS\n") {
          writer.write("GO\n");
          await writer.startTls(LOCALHOST);
          continue;
        }
        writer.write(line);
        await writer.drain();
      }
      writer.close();
    },
    "127.0.0.1",
    0,
    { tls, limit: 2 * SIZE },
  );
}

for (const how of ["tls", "mutual", "plain"] as const) {
  const name = how === "plain" ? "upgraded" : how;
  Deno.test(`A client talks to asyncio in Python, ${name} (python3)`, {
    ignore: python === null,
  }, () =>
    run(() =>
      withProgram(
        [
          ...python!.command,
          "-c",
          PYTHON_SERVER,
          how,
          ...SERVER_FILES,
          pathOf("ca.pem"),
          String(SIZE),
        ],
        async (port) => {
          const tls = {
            caCerts: [AUTHORITY],
            serverName: "localhost",
            ...(how === "mutual" ? CLIENT : {}),
          };
          const [reader, writer] = await openConnection(
            "127.0.0.1",
            port,
            how === "plain" ? {} : { tls },
          );
          if (how === "plain") {
            writer.write("STARTTLS\n");
            assertEquals(textOf(await reader.readLine()), "GO\n");
            await writer.startTls(tls);
          }
          writer.write("hello\n");
          assertEquals(textOf(await reader.readLine()), "hello\n");
          writer.write("MUCH\n");
          assertEquals((await reader.readExactly(SIZE)).length, SIZE);
          writer.close();
          await writer.waitClosed();
        },
      )
    ));

  Deno.test(`A server talks to asyncio in Python, ${name} (python3)`, {
    ignore: python === null,
  }, () =>
    run(async () => {
      const tls = how === "mutual"
        ? { ...LOCALHOST, caCerts: [AUTHORITY], requestCert: true }
        : LOCALHOST;
      await using server = await echoServer(how === "plain" ? undefined : tls);
      const said = await runPython(python!, PYTHON_CLIENT, [
        `${portOf(server)}`,
        how,
        pathOf("ca.pem"),
        pathOf("client.pem"),
        pathOf("client.key"),
        SIZE,
      ]);
      assertEquals(said, `${SIZE + 1} TLSv1.3`);
    }));
}

for (const version of ["tls1_2", "tls1_3"]) {
  Deno.test(`A server talks to openssl s_client -${version} (openssl)`, {
    ignore: !hasOpenssl,
  }, () =>
    run(async () => {
      await using server = await startServer(
        async (reader, writer) => {
          writer.write(`you said ${textOf(await reader.readLine())}`);
          writer.close();
        },
        "127.0.0.1",
        0,
        { tls: { ...LOCALHOST, alpnProtocols: ["test"] } },
      );
      const process = new Deno.Command("openssl", {
        args: [
          "s_client",
          `-${version}`,
          "-connect",
          `127.0.0.1:${portOf(server)}`,
          "-servername",
          "localhost",
          "-verify_hostname",
          "localhost",
          "-verify_return_error",
          "-alpn",
          "test",
          "-CAfile",
          pathOf("ca.pem"),
        ],
        stdin: "piped",
        stdout: "piped",
        stderr: "null",
      }).spawn();
      const stdin = process.stdin.getWriter();
      await stdin.write(new TextEncoder().encode("hello\n"));
      const { stdout } = await process.output();
      await stdin.close().catch(() => {});
      const said = textOf(stdout);
      assertMatch(said, /you said hello/);
      assertMatch(said, /Verification: OK/);
      assertMatch(said, /ALPN protocol: test/);
    }));

  Deno.test(`A client talks to openssl s_server -${version} (openssl)`, {
    ignore: !hasOpenssl,
  }, () =>
    run(() =>
      withProgram(
        [
          "openssl",
          "s_server",
          `-${version}`,
          "-accept",
          "127.0.0.1:0",
          "-cert",
          SERVER_FILES[0]!,
          "-key",
          SERVER_FILES[1]!,
          "-rev",
        ],
        async (port) => {
          const [reader, writer] = await openConnection("127.0.0.1", port, {
            tls: { caCerts: [AUTHORITY] },
          });
          writer.write("hello\n");
          assertEquals(textOf(await reader.readLine()), "olleh\n");
          writer.close();
          await writer.waitClosed();
          await assertRejects(
            () =>
              openConnection("127.0.0.1", port, {
                tls: { caCerts: [AUTHORITY], serverName: "example.org" },
              }),
            Deno.errors.InvalidData,
            "only for localhost",
          );
        },
      )
    ));
}
