// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  createTask,
  Event,
  openConnection,
  run,
  sleep,
  type StreamReader,
  type StreamWriter,
} from "../../mod.ts";
import {
  type Handler,
  type HttpServer,
  type HttpServerOptions,
  startHttpServer,
} from "./server.ts";
import type { Reply } from "./reply.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n";

interface Site {
  readonly server: HttpServer;
  readonly port: number;
  /** The log, without the address of the peer. */
  readonly log: readonly string[];
  readonly errors: readonly unknown[];
}

/** Runs a test with a server of its own. */
function withServer(
  handle: Handler,
  options: HttpServerOptions,
  body: (site: Site) => Promise<void>,
): Promise<void> {
  return run(async () => {
    const log: string[] = [];
    const errors: unknown[] = [];
    await using server = await startHttpServer(handle, "127.0.0.1", 0, {
      log: (line) => log.push(line.replace(/^127\.0\.0\.1 /, "")),
      report: (error) => errors.push(error),
      ...options,
    });
    await body({ server, port: server.address.port, log, errors });
  });
}

/** Describes the request, with its body. */
async function mirror(
  { method, url, body }: Parameters<Handler>[0],
): Promise<Reply> {
  const text = new TextDecoder().decode(await body.bytes());
  return { body: `${method} ${url.pathname} ${text}` };
}

/** Sends data, and returns everything that arrives. */
async function exchange(port: number, text: string): Promise<string> {
  const [reader, writer] = await openConnection("127.0.0.1", port);
  await using _connection = writer;
  writer.write(text);
  writer.writeEof();
  return new TextDecoder().decode(await reader.read());
}

function statusesOf(responses: string): number[] {
  return Array.from(
    responses.matchAll(/HTTP\/1\.1 (\d+) /g),
    ([, status]) => Number(status),
  );
}

/** Reads a reply that tells its length. */
async function readReply(reader: StreamReader): Promise<string> {
  const text = new TextDecoder();
  const head = text.decode(await reader.readUntil("\r\n\r\n"));
  const length = Number(/^content-length: (\d+)/m.exec(head)?.[1]);
  return head + text.decode(await reader.readExactly(length));
}

function connect(site: Site): Promise<[StreamReader, StreamWriter]> {
  return openConnection("127.0.0.1", site.port);
}

Deno.test("HttpServer answers the requests of a connection in their order", () =>
  withServer(mirror, {}, async ({ port, log }) => {
    const responses = await exchange(
      port,
      "GET /one HTTP/1.1\r\nHost: a\r\n\r\n" +
        "POST /two HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\r\n" +
        "POST /three HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
        "3;a=b\r\nabc\r\n00A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n" +
        "GET http://b/four HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n" +
        "GET /five HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    assertEquals(statusesOf(responses), [200, 200, 200, 200]);
    assertEquals(responses.match(/(GET|POST) .*?(?=HTTP|$)/g), [
      "GET /one ",
      "POST /two hello",
      "POST /three abc0123456789",
      "GET /four ",
    ]);
    assertEquals(responses.match(/^connection: .*/gm), ["connection: close"]);
    assertEquals(log, [
      '"GET /one HTTP/1.1" 200 9',
      '"POST /two HTTP/1.1" 200 15',
      '"POST /three HTTP/1.1" 200 25',
      '"GET http://b/four HTTP/1.1" 200 10',
    ]);
  }));

Deno.test("HttpServer keeps a connection of HTTP/1.0 if it is asked to", () =>
  withServer(mirror, {}, async ({ port }) => {
    const responses = await exchange(
      port,
      "GET /one HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" +
        "GET /two HTTP/1.0\r\n\r\nGET /three HTTP/1.0\r\n\r\n",
    );
    assertEquals(statusesOf(responses), [200, 200]);
    assertEquals(
      responses.match(/^connection: .*/gm),
      ["connection: keep-alive", "connection: close"],
    );
  }));

for (const body of ["abc", pieces("abc")]) {
  Deno.test(`HttpServer answers HEAD with the head of ${typeof body === "string" ? "a string" : "pieces"}`, () =>
    withServer(() => ({ body, length: 3 }), {}, async ({ port, log }) => {
      const withoutDate = (text: string) => text.replace(/^date: .*\r\n/m, "");
      const head = await exchange(port, `${GET.replace("GET", "HEAD")}\r\n`);
      const all = await exchange(port, `${GET}\r\n`);
      assertEquals(`${withoutDate(head)}abc`, withoutDate(all));
      assert(head.includes("\r\ncontent-length: 3\r\n"));
      assertEquals(log[0], '"HEAD / HTTP/1.1" 200 0');
    }));
}

for (const isChunked of [true, false]) {
  const version = isChunked ? "1.1" : "1.0";
  Deno.test(`HttpServer sends a body of unknown length by HTTP/${version}`, () =>
    withServer(
      () => ({ body: pieces("one", "", "two") }),
      {},
      async ({ port }) => {
        const response = await exchange(
          port,
          `GET / HTTP/${version}\r\nHost: a\r\nConnection: keep-alive\r\n\r\n`,
        );
        assertEquals(
          response.slice(response.indexOf("\r\n\r\n") + 4),
          isChunked ? "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n" : "onetwo",
        );
        assertEquals(response.includes("connection: close"), !isChunked);
      },
    ));
}

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array, void> {
  for (const text of texts) yield new TextEncoder().encode(text);
}

const POST = "POST / HTTP/1.1\r\nHost: a\r\n";
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n`;

const LAST_CHUNK = "0\r\n\r\n";

const REFUSED: readonly [what: string, request: string, status: number][] = [
  ["garbage", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\r\n", 400],
  ["line feeds alone", "GET / HTTP/1.1\nHost: a\n\n", 400],
  ["an empty line", "\n", 400],
  ["too many empty lines", `\r\n\r\n${GET}\r\n`, 400],
  ["half a request line", "GET / HT", 400],
  ["half a head", "GET / HTTP/1.1\r\nHost: a\r\n", 400],
  ["two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["HTTP/0.9", "GET /\r\n", 400],
  ["HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505],
  ["an unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501],
  ["CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501],
  ["another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["a relative path", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["no host", "GET / HTTP/1.1\r\n\r\n", 400],
  ["two hosts", `${GET}Host: b\r\n\r\n`, 400],
  ["a host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400],
  ["a field without colon", `${GET}Field\r\n\r\n`, 400],
  ["a field without name", `${GET}: x\r\n\r\n`, 400],
  ["a space before the colon", `${GET}Field : x\r\n\r\n`, 400],
  ["a folded field", `${GET}Field: x\r\n y\r\n\r\n`, 400],
  ["a NUL in a field", `${GET}Field: x\0y\r\n\r\n`, 400],
  ["a carriage return in a field", `${GET}Field: x\ry\r\n\r\n`, 400],
  ["a long target", `GET /${"a".repeat(20_000)} HTTP/1.1\r\n`, 414],
  ["a line without end", "a".repeat(100_000), 414],
  ["a long field", `${GET}Field: ${"a".repeat(20_000)}\r\n\r\n`, 431],
  ["many fields", `${GET}${"Field: abc\r\n".repeat(2_000)}\r\n`, 431],
  ["two lengths", `${POST}${"Content-Length: 1\r\n".repeat(2)}\r\na`, 400],
  ["a negative length", `${POST}Content-Length: -1\r\n\r\n`, 400],
  ["a length in words", `${POST}Content-Length: five\r\n\r\n`, 400],
  [
    "a length and chunks",
    `${CHUNKED}Content-Length: 1\r\n\r\n${LAST_CHUNK}`,
    400,
  ],
  [
    "chunks by HTTP/1.0",
    `${CHUNKED.replace("1.1", "1.0")}\r\n${LAST_CHUNK}`,
    400,
  ],
  ["an unknown coding", `${CHUNKED.replace("chunked", "br")}\r\n`, 501],
  ["a long body", `${POST}Content-Length: 101\r\n\r\n`, 413],
  [
    "a body of 2e999",
    `${POST}Content-Length: 2${"0".repeat(999)}\r\n\r\n`,
    413,
  ],
  ["half a body", `${POST}Content-Length: 10\r\n\r\nhello`, 400],
  ["a chunk that says no size", `${CHUNKED}\r\nx\r\n`, 400],
  ["a negative chunk", `${CHUNKED}\r\n-1\r\n`, 400],
  [
    "a chunk longer than it says",
    `${CHUNKED}\r\n1\r\nabc\r\n${LAST_CHUNK}`,
    400,
  ],
  ["a large chunk", `${CHUNKED}\r\nffffffffffffffff\r\n`, 413],
  ["many chunks", `${CHUNKED}\r\n${"1\r\na\r\n".repeat(101)}`, 413],
  ["half a chunk", `${CHUNKED}\r\n5\r\nab`, 400],
  ["chunks without end", `${CHUNKED}\r\n1\r\na\r\n`, 400],
  ["many trailers", `${CHUNKED}\r\n0\r\n${"a: b\r\n".repeat(9_999)}\r\n`, 431],
  ["an unknown expectation", `${POST}Expect: tea\r\n\r\n`, 417],
];

for (const [what, request, status] of REFUSED) {
  Deno.test(`HttpServer answers ${what} with ${status}, and hangs up`, () =>
    withServer(mirror, { maxBody: 100 }, async ({ port, log, errors }) => {
      const response = await exchange(port, `${request}`);
      assertEquals(statusesOf(response), [status]);
      assert(response.includes("\r\nconnection: close\r\n"));
      assertEquals(log.length, 1);
      assertEquals(errors, []);
      assertEquals(statusesOf(await exchange(port, `${GET}\r\n`)), [200]);
    }));
}

Deno.test("HttpServer does not search an unread body for a request", () =>
  withServer(() => ({}), {}, async ({ port }) => {
    const request = `${GET}\r\n`;
    const responses = await exchange(
      port,
      `${POST}Content-Length: ${request.length}\r\n\r\n${request}${request}`,
    );
    assertEquals(statusesOf(responses), [200]);
  }));

Deno.test("HttpServer answers a peer that goes on sending a refused body", () =>
  withServer(mirror, { maxBody: 100 }, async (site) => {
    const [reader, writer] = await connect(site);
    await using _connection = writer;
    const body = new Uint8Array(8 * 1024 * 1024);
    writer.write(`${POST}Content-Length: ${body.length}\r\n\r\n`);
    writer.write(body);
    await writer.drain();
    writer.writeEof();
    const response = new TextDecoder().decode(await reader.read());
    assertEquals(statusesOf(response), [413]);
  }));

Deno.test("HttpServer does not wait for a peer that never hangs up", () =>
  withServer(mirror, { timeout: 0.05 }, async (site) => {
    const [reader, writer] = await connect(site);
    writer.write(`${GET}Connection: close\r\n\r\n`);
    await reader.read();
    await assertRejects(async () => {
      while (true) {
        writer.write("more");
        await writer.drain();
        await sleep(0);
      }
    });
    writer.close();
  }));

Deno.test("HttpServer asks for a body when it is read", () =>
  withServer(
    (request) => request.method === "POST" ? mirror(request) : {},
    {},
    async (site) => {
      const expecting = "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n";
      const [reader, writer] = await connect(site);
      await using _connection = writer;
      writer.write(POST + expecting);
      assertEquals(
        new TextDecoder().decode(await reader.readUntil("\r\n\r\n")),
        "HTTP/1.1 100 Continue\r\n\r\n",
      );
      writer.write("ab");
      assertMatch(await readReply(reader), /^HTTP\/1\.1 200 .*POST \/ ab$/s);
      writer.write(GET + expecting);
      const uninvited = await readReply(reader);
      assertMatch(uninvited, /^HTTP\/1\.1 200 .*connection: close/s);
      assertEquals(await reader.read(), new Uint8Array());
    },
  ));

Deno.test("HttpServer gives up a peer that takes too long", async (t) => {
  const slow: [what: string, sent: string, status: number[]][] = [
    ["to begin", "", []],
    ["for a line", "G", [408]],
    ["for a head", GET, [408]],
    ["for a body", `${POST}Content-Length: 2\r\n\r\na`, [408]],
    ["for a chunk", `${CHUNKED}\r\n2\r\na`, [408]],
    ["for another request", `${GET}\r\n`, [200]],
  ];
  for (const [what, sent, statuses] of slow) {
    await t.step(what, () =>
      withServer(
        mirror,
        { timeout: 0.05, idleTimeout: 0.05 },
        async (site) => {
          const [reader, writer] = await connect(site);
          await using _connection = writer;
          writer.write(sent);
          const response = new TextDecoder().decode(await reader.read());
          assertEquals(statusesOf(response), statuses);
        },
      ));
  }
});

Deno.test("HttpServer gives up a peer that receives nothing", () => {
  const cutOff = new Event();
  const log = (line: string) => {
    assertMatch(line, /"GET \/ HTTP\/1\.1" 200 cut off$/);
    cutOff.set();
  };
  return withServer(
    () => ({ body: endless() }),
    { timeout: 0.05, log },
    async (site) => {
      const [, writer] = await connect(site);
      writer.transport.pauseReading();
      writer.write(`${GET}\r\n`);
      await cutOff.wait();
      assertEquals(site.errors, []);
      writer.transport.abort();
    },
  );
});

async function* endless(): AsyncGenerator<Uint8Array, void> {
  while (true) yield new Uint8Array(1024 * 1024);
}

Deno.test("HttpServer survives peers that vanish", () =>
  withServer(mirror, {}, async (site) => {
    for (const sent of ["", "G", GET, `${POST}Content-Length: 2\r\n\r\na`]) {
      const [, writer] = await connect(site);
      writer.write(sent);
      await writer.drain();
      writer.transport.abort();
    }
    assertEquals(statusesOf(await exchange(site.port, `${GET}\r\n`)), [200]);
    assertEquals(site.errors, []);
  }));

Deno.test("HttpServer ends the body of a reply when the peer vanishes", () => {
  const ended = new Event();
  async function* numbers(): AsyncGenerator<Uint8Array, void> {
    try {
      yield* endless();
    } finally {
      ended.set();
    }
  }
  return withServer(() => ({ body: numbers() }), {}, async (site) => {
    const [reader, writer] = await connect(site);
    writer.write(`${GET}\r\n`);
    await reader.readLine();
    writer.transport.abort();
    await ended.wait();
    assertEquals(site.errors, []);
  });
});

Deno.test("HttpServer answers 500 when a handler throws, and goes on", () =>
  withServer(
    (request) => {
      if (request.url.pathname === "/fail") throw new RangeError("Oops");
      return mirror(request);
    },
    {},
    async ({ port, errors }) => {
      const responses = await exchange(
        port,
        `${GET.replace("/", "/fail")}\r\n${GET}\r\n`,
      );
      assertEquals(statusesOf(responses), [500, 200]);
      assert(!responses.includes("Oops"));
      assertEquals(errors.map(String), ["RangeError: Oops"]);
    },
  ));

Deno.test("HttpServer cuts off a reply that fails in the middle", async (t) => {
  async function* failing(): AsyncGenerator<Uint8Array, void> {
    yield* pieces("abc");
    throw new RangeError("Oops");
  }
  const replies: [what: string, reply: () => Reply, error: string][] = [
    ["by an error", () => ({ body: failing() }), "Oops"],
    [
      "too short",
      () => ({ body: pieces("abc"), length: 4 }),
      "Expected a body of 4 bytes: received 3 or more",
    ],
    [
      "too long",
      () => ({ body: pieces("abc", "def"), length: 4 }),
      "Expected a body of 4 bytes: received 6 or more",
    ],
  ];
  for (const [what, reply, message] of replies) {
    await t.step(
      what,
      () =>
        withServer(reply, {}, async ({ port, log, errors }) => {
          const response = await exchange(port, `${GET}\r\n${GET}\r\n`)
            .catch(() => "");
          assert(!response.endsWith("0\r\n\r\n"));
          assertEquals(errors.map(String), [`RangeError: ${message}`]);
          assertEquals(log, ['"GET / HTTP/1.1" 200 cut off']);
        }),
    );
  }
});

Deno.test("HttpServer serves others while a handler is busy", () => {
  const begun = new Event();
  const done = new Event();
  const handle: Handler = async (request) => {
    if (request.url.pathname === "/busy") {
      begun.set();
      await done.wait();
    }
    return mirror(request);
  };
  return withServer(handle, {}, async ({ port }) => {
    const busy = createTask(() =>
      exchange(port, `${GET.replace("/", "/busy")}\r\n`)
    );
    await begun.wait();
    assertEquals(statusesOf(await exchange(port, `${GET}\r\n`)), [200]);
    assert(!busy.done());
    done.set();
    assertEquals(statusesOf(await busy), [200]);
  });
});

Deno.test("HttpServer.stop() answers requests that have begun, and no others", () => {
  const begun = new Event();
  const done = new Event();
  const handle: Handler = async () => {
    begun.set();
    await done.wait();
    return {};
  };
  return withServer(handle, {}, async (site) => {
    const [idleReader, idleWriter] = await connect(site);
    await using _idle = idleWriter;
    const [busyReader, busyWriter] = await connect(site);
    await using _busy = busyWriter;
    busyWriter.write(`${GET}\r\n${GET}\r\n`);
    await begun.wait();

    const stopped = createTask(() => site.server.stop());
    assertEquals(await idleReader.read(), new Uint8Array());
    await assertRejects(
      () => exchange(site.port, `${GET}\r\n`),
      Deno.errors.ConnectionRefused,
    );
    assert(!stopped.done());
    done.set();
    const responses = new TextDecoder().decode(await busyReader.read());
    assertEquals(statusesOf(responses), [200]);
    assert(responses.includes("\r\nconnection: close\r\n"));
    busyWriter.close();
    await stopped;
  });
});

Deno.test("HttpServer.stop() does not wait forever", () => {
  const begun = new Event();
  const handle: Handler = async () => {
    begun.set();
    await new Event().wait();
    return {};
  };
  return withServer(handle, {}, async (site) => {
    const [reader, writer] = await connect(site);
    await using _connection = writer;
    writer.write(`${GET}\r\n`);
    await begun.wait();
    await site.server.stop(0.01);
    assertEquals(await reader.read(), new Uint8Array());
  });
});
