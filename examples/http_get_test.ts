// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertMatch } from "@std/assert";
import { LOCALHOST, pathOf } from "../tests/certificates/certificates.ts";
import {
  type ExampleEnd,
  LOOPBACK,
  runExample,
} from "../tests/doubles/example.ts";

/** Runs the example against `Deno.serve()`. */
async function getFrom(
  handle: (request: Request) => Response | Promise<Response>,
  path: string,
  tls: { cert?: string; key?: string } = {},
): Promise<ExampleEnd> {
  await using server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen() {},
    ...tls,
  }, handle);
  const scheme = tls.cert === undefined ? "http" : "https";
  return await runExample(
    "http_get.ts",
    [...LOOPBACK, `--cert=${pathOf("ca.pem")}`],
    [`${scheme}://127.0.0.1:${server.addr.port}${path}`],
  );
}

/** Runs the example against a server that sends these bytes in response to anything. */
async function getBytes(
  bytes: string,
  { close = true, seconds = "5" } = {},
): Promise<ExampleEnd> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const end = runExample("http_get.ts", LOOPBACK, [
    `http://127.0.0.1:${listener.addr.port}/`,
    seconds,
  ]);
  using conn = await listener.accept();
  await conn.read(new Uint8Array(1024));
  await conn.write(new TextEncoder().encode(bytes));
  if (close) await conn.closeWrite();
  return await end;
}

Deno.test("http_get prints a body, chunked or not, by https too", async () => {
  const long = "0123456789\n".repeat(20_000);
  function handle({ url }: Request): Response {
    const { pathname, search } = new URL(url);
    if (pathname === "/long") {
      return new Response(
        ReadableStream.from([long, "end\n"]).pipeThrough(
          new TextEncoderStream(),
        ),
      );
    }
    return new Response(`${pathname}${search}\n`);
  }
  assertEquals(
    await getFrom(handle, "/a?b=c"),
    { code: 0, stdout: "/a?b=c\n", stderr: "" },
  );
  assertEquals(
    await getFrom(handle, "/long", LOCALHOST),
    { code: 0, stdout: `${long}end\n`, stderr: "" },
  );
});

Deno.test("http_get follows redirects, but not forever", async () => {
  function handle({ url }: Request): Response {
    const { pathname } = new URL(url);
    if (pathname === "/there") return new Response("found\n");
    const location = pathname === "/here" ? "there" : "/round";
    return new Response(null, { status: 302, headers: { location } });
  }
  assertEquals(
    await getFrom(handle, "/here"),
    { code: 0, stdout: "found\n", stderr: "" },
  );
  const { code, stderr } = await getFrom(handle, "/round");
  assertMatch(stderr, /RangeError: Redirected too often, by http:.*\/round\n/);
  assertEquals(code, 1);
});

Deno.test("http_get reports an error status", async () => {
  assertEquals(
    await getFrom(() => new Response("nothing\n", { status: 404 }), "/"),
    { code: 1, stdout: "nothing\n", stderr: "The answer is 404 Not Found\n" },
  );
});

Deno.test("http_get takes a body that ends with the connection", async () => {
  assertEquals(
    await getBytes("HTTP/1.1 103 Wait\r\n\r\nHTTP/1.0 200 OK\r\n\r\nall"),
    { code: 0, stdout: "all", stderr: "" },
  );
});

for (
  const [what, bytes, message] of [
    ["no HTTP", "SSH-2.0\r\n", /TypeError: Expected an answer of HTTP/],
    [
      "an end in the middle",
      "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n1234",
      /UnexpectedEof: The answer ends in the middle/,
    ],
    [
      "a bad chunk",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n",
      /TypeError: Expected how long the body is, received -1/,
    ],
    [
      "fields without end",
      "HTTP/1.1 200 OK\r\n" + `x: ${"y".repeat(1000)}\r\n`.repeat(100),
      /RangeError: The header fields of the answer are too long/,
    ],
    ["a line without end", "x".repeat(100_000), /RangeError: A line .* long/],
  ] as const
) {
  Deno.test(`http_get fails at ${what}`, async () => {
    const { code, stderr } = await getBytes(bytes);
    assertMatch(stderr, message);
    assertEquals(code, 1);
  });
}

Deno.test("http_get does not wait for a server that pauses", async () => {
  const { code, stderr } = await getBytes(
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n1234",
    { close: false, seconds: "0.2" },
  );
  assertMatch(stderr, /TimeoutError/);
  assertEquals(code, 1);
});
