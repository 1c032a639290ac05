// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { LOOPBACK, runExample } from "../tests/doubles/example.ts";

const ANSWER = "HTTP/1.1 200 OK\r\nServer: none\r\nX: y\r\n\r\nnot this";

/** Answers one request, and gives it. */
async function answer(listener: Deno.Listener): Promise<string> {
  using conn = await listener.accept();
  const buffer = new Uint8Array(1024);
  const length = await conn.read(buffer) ?? 0;
  await conn.write(new TextEncoder().encode(ANSWER));
  return new TextDecoder().decode(buffer.subarray(0, length));
}

Deno.test("http_headers prints the header of an http: URL", async () => {
  using server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = server.addr;
  const [request, end] = await Promise.all([
    answer(server),
    runExample("http_headers.ts", LOOPBACK, [`http://127.0.0.1:${port}/a?b`]),
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
});
