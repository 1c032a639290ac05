// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertMatch } from "@std/assert";
import {
  openConnection,
  run,
  type StreamReader,
  type StreamWriter,
} from "../mod.ts";
import { AUTHORITY, pathOf } from "../tests/certificates/certificates.ts";
import { withDirectory } from "../tests/doubles/directory.ts";
import { Example, LOOPBACK, portOf } from "../tests/doubles/example.ts";

const UNTIL = "until Dec 31 23:59:59 2119 GMT";

/** Runs a test with a server that has a directory of its own. */
async function withServer(
  interval: string,
  body: (server: Example, port: number, directory: string) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    await replace(directory, "server", ["pem", "key"]);
    await using server = new Example(
      "tls_echo_server.ts",
      [...LOOPBACK, `--allow-read=${directory}`],
      [
        `--cert=${directory}/a.pem`,
        `--key=${directory}/a.key`,
        `--interval=${interval}`,
        "--port=0",
      ],
    );
    assertEquals(
      await server.nextLine(),
      `Certificate: CN=localhost, ${UNTIL}`,
    );
    const port = Number(portOf(await server.nextLine()));
    await run(() => body(server, port, directory));
    await server[Symbol.asyncDispose]();
  });
}

async function replace(
  directory: string,
  name: string,
  extensions: readonly string[],
): Promise<void> {
  for (const extension of extensions) {
    await Deno.copyFile(
      pathOf(`${name}.${extension}`),
      `${directory}/a.${extension}`,
    );
  }
}

/** Connects to a server with a certificate for a name. */
function connect(
  port: number,
  serverName: string,
): Promise<[StreamReader, StreamWriter]> {
  return openConnection("127.0.0.1", port, {
    tls: { caCerts: [AUTHORITY], serverName },
  });
}

async function assertEchoes(
  [reader, writer]: [StreamReader, StreamWriter],
): Promise<void> {
  writer.write("hello\n");
  assertEquals(
    new TextDecoder().decode(await reader.readLine()),
    "hello\n",
  );
}

Deno.test("tls_echo_server loads a new certificate, and keeps old connections", () =>
  withServer("0.02", async (server, port, directory) => {
    const old = await connect(port, "localhost");
    await assertEchoes(old);
    await replace(directory, "other_name", ["pem"]);
    // It may have read a half-written file
    assertMatch(await server.nextLine(), /^Certificate: kept\. /);
    const other = await connect(port, "localhost");
    await assertEchoes(other);
    await replace(directory, "other_name", ["key"]);
    let line;
    do line = await server.nextLine(); while (line.includes("kept"));
    assertEquals(line, `Certificate: CN=example.org, ${UNTIL}`);

    const young = await connect(port, "example.org");
    for (const each of [young, other, old]) {
      await assertEchoes(each);
      each[1].close();
    }
  }));

Deno.test({
  name: "tls_echo_server takes a new certificate at a SIGHUP",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withServer("3600", async (server, port, directory) => {
      await replace(directory, "other_name", ["pem", "key"]);
      server.signal("SIGHUP");
      assertEquals(
        await server.nextLine(),
        `Certificate: CN=example.org, ${UNTIL}`,
      );
      const connection = await connect(port, "example.org");
      await assertEchoes(connection);

      // Ctrl-C does not wait for clients that stay
      server.interrupt();
      assertEquals((await connection[0].read()).length, 0);
      connection[1].close();
      assertEquals((await server.end()).code, 130);
    }),
});

Deno.test("tls_echo_server reports a faulty client in one line", () =>
  withServer("3600", async (server, port) => {
    const [reader, writer] = await openConnection("127.0.0.1", port);
    writer.write("GET / HTTP/1.1\r\n\r\n");
    await reader.read();
    writer.close();
    assertMatch(await server.nextLine(), /^127\.0\.0\.1: /);

    const connection = await connect(port, "localhost");
    connection[1].write("x".repeat(200_000));
    assertMatch(await server.nextLine(), /^127\.0\.0\.1: .*limit/);
    connection[1].transport.abort();
    const other = await connect(port, "localhost");
    await assertEchoes(other);
    other[1].close();
  }));
