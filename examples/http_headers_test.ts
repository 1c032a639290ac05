// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { LOOPBACK, runExample } from "../tests/doubles/example.ts";
import { fileURLToPath } from "node:url";

const CERTIFICATES = new URL("../tests/certificates/", import.meta.url);
const ANSWER = "HTTP/1.1 200 OK\r\nServer: none\r\nX: y\r\n\r\nnot this";

/** Answers one request, and returns it. */
async function answer(listener: Deno.Listener): Promise<string> {
  using conn = await listener.accept();
  const buffer = new Uint8Array(1024);
  const length = await conn.read(buffer) ?? 0;
  await conn.write(new TextEncoder().encode(ANSWER));
  return new TextDecoder().decode(buffer.subarray(0, length));
}

/** Runs the example with the URL of a server, and checks its output. */
async function runAndCheck(
  scheme: string,
  listener: Deno.TcpListener | Deno.TlsListener,
  flags: readonly string[],
): Promise<void> {
  const { port } = listener.addr;
  const [request, end] = await Promise.all([
    answer(listener),
    runExample("http_headers.ts", flags, [`${scheme}://127.0.0.1:${port}/a?b`]),
  ]);
  assertEquals(
    request,
    `HEAD /a?b HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`,
  );
  assertEquals(end, {
    code: 0,
    stdout: "HTTP/1.1 200 OK\nServer: none\nX: y\n",
    stderr: "",
  });
}

Deno.test("http_headers prints the header of an http: URL", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await runAndCheck("http", listener, LOOPBACK);
});

Deno.test("http_headers prints the header of an https: URL", async () => {
  const [cert, key] = ["server.pem", "server.key"].map((name) =>
    Deno.readTextFileSync(new URL(name, CERTIFICATES))
  );
  using listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: cert!,
    key: key!,
  });
  // Certificates that Deno trusts in addition to those of the system
  const authority = fileURLToPath(new URL("ca.pem", CERTIFICATES));
  await runAndCheck("https", listener, [...LOOPBACK, `--cert=${authority}`]);
});
