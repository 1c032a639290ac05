// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertMatch } from "@std/assert";
import {
  Example,
  type ExampleEnd,
  LOOPBACK,
  stopServer,
} from "../tests/doubles/example.ts";
import { fileURLToPath } from "node:url";

const hasCurl = await curl("--version").then(() => true, () => false);
const LARGE = new Uint8Array(8 * 1024 * 1024).map((_, index) => index * 7);

/** Starts the server, and returns the URL that it prints. */
async function serve(
  flags: readonly string[],
  ...args: string[]
): Promise<[server: Example, url: string]> {
  const server = new Example("http_server.ts", [...LOOPBACK, ...flags], [
    "--port=0",
    ...args,
  ]);
  const url = (await server.nextLine()).replace("Serving at ", "");
  return [server, url];
}

async function curl(...args: string[]): Promise<ExampleEnd> {
  const { code, stdout, stderr } = await new Deno.Command("curl", {
    args: ["--silent", "--show-error", "--max-time", "20", ...args],
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/** A directory with `upload.bin` and a directory `site`, of which the server serves only `site`. */
async function makeFiles(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir();
  await Deno.writeFile(`${path}/upload.bin`, LARGE);
  await Deno.mkdir(`${path}/site/a b`, { recursive: true });
  await Deno.writeTextFile(`${path}/site/index.html`, "<h1>Hello</h1>\n");
  await Deno.writeTextFile(`${path}/site/a b/c.txt`, "deep\n");
  await Deno.writeTextFile(`${path}/site/.hidden`, "hidden\n");
  await Deno.writeFile(`${path}/site/large.bin`, LARGE);
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

Deno.test("http_server answers Deno's fetch(), and ends on Ctrl-C", async () => {
  const [server, url] = await serve([]);
  await using _server = server;
  using client = Deno.createHttpClient({});

  const home = await fetch(url, { client });
  assertMatch(await home.text(), /\/time/);
  assertEquals(
    home.headers.get("content-type"),
    "text/plain; charset=utf-8",
  );
  const body = ReadableStream.from([LARGE.slice(0, 1000), LARGE.slice(1000)]);
  const echo = await fetch(`${url}echo`, { client, method: "POST", body });
  assertEquals(await echo.bytes(), LARGE);
  const count = await fetch(`${url}count?to=3`, { client });
  assertEquals(await count.text(), "1\n2\n3\n");
  const head = await fetch(`${url}time`, { client, method: "HEAD" });
  assertEquals(await head.text(), "");
  const missing = await fetch(`${url}missing`, { client });
  assertEquals([missing.status, await missing.text()], [
    404,
    "Nothing is here\n",
  ]);
  const wrong = await fetch(`${url}echo`, { client });
  assertEquals([wrong.status, wrong.headers.get("allow")], [405, "POST"]);
  await wrong.body?.cancel();

  assertEquals(
    await server.nextLine(),
    `127.0.0.1 "GET / HTTP/1.1" 200 ${home.headers.get("content-length")}`,
  );
  await stopServer(server);
});

Deno.test("http_server serves the files of a directory, and no others", async () => {
  await using files = await makeFiles();
  const root = `${files.path}/site`;
  const [server, url] = await serve([`--allow-read=${root}`], `--root=${root}`);
  await using _server = server;
  using client = Deno.createHttpClient({});

  const index = await fetch(`${url}index.html`, { client });
  assertEquals(index.headers.get("content-type"), "text/html; charset=utf-8");
  assertEquals(await index.text(), "<h1>Hello</h1>\n");
  const deep = await fetch(`${url}a%20b/c.txt`, { client });
  assertEquals(await deep.text(), "deep\n");
  const large = await fetch(`${url}large.bin`, { client });
  assertEquals(await large.bytes(), LARGE);
  for (
    const [path, status] of [
      ["missing.html", 404],
      [".hidden", 404],
      ["a%20b", 404],
      ["..%2fupload.bin", 404],
      ["a%20b/..%2f..%2f..%2fupload.bin", 404],
      ["x".repeat(5000), 404],
      ["%ff", 400],
    ] as const
  ) {
    const response = await fetch(url + path, { client });
    assertEquals(response.status, status);
    await response.body?.cancel();
  }
});

Deno.test("http_server speaks https", async () => {
  const certificates = fileURLToPath(
    new URL("../tests/certificates/", import.meta.url),
  );
  const [server, url] = await serve(
    [`--allow-read=${certificates}`],
    `--cert=${certificates}server.pem`,
    `--key=${certificates}server.key`,
  );
  await using _server = server;
  using client = Deno.createHttpClient({
    caCerts: [await Deno.readTextFile(`${certificates}ca.pem`)],
  });
  assertEquals(new URL(url).protocol, "https:");
  const echo = await fetch(`${url}echo`, {
    client,
    method: "POST",
    body: LARGE,
  });
  assertEquals(await echo.bytes(), LARGE);
  await stopServer(server);
});

Deno.test({
  name: "http_server answers curl",
  ignore: !hasCurl,
  async fn(t) {
    await using files = await makeFiles();
    const root = `${files.path}/site`;
    const [server, url] = await serve(
      [`--allow-read=${root}`],
      `--root=${root}`,
      `--max-body=${LARGE.length}`,
    );
    await using _server = server;
    const ok = (stdout: string): ExampleEnd => ({
      code: 0,
      stdout,
      stderr: "",
    });

    await t.step("GET", async () => {
      const { stdout } = await curl(`${url}time`);
      assertMatch(stdout, /^\d{4}-\d\d-\d\dT.*Z\n$/);
    });
    await t.step("HEAD", async () => {
      const { code, stdout } = await curl("--head", `${url}time`);
      assertEquals(code, 0);
      assertMatch(stdout, /^HTTP\/1\.1 200 OK\r\n.*content-length: 25\r\n/s);
    });
    await t.step("POST", async () => {
      assertEquals(
        await curl("--data", "hello", `${url}echo`),
        ok("hello"),
      );
    });
    await t.step("chunked POST", async () => {
      const chunked = ["--header", "Transfer-Encoding: chunked"];
      assertEquals(
        await curl(...chunked, "--data", "hello", `${url}echo`),
        ok("hello"),
      );
    });
    await t.step("two requests by one connection", async () => {
      assertEquals(
        await curl(
          "--write-out",
          "%{num_connects} ",
          "--data",
          "hello ",
          `${url}echo`,
          `${url}echo`,
        ),
        ok("hello 1 hello 0 "),
      );
    });
    await t.step("HTTP/1.0", async () => {
      assertEquals(
        await curl("--http1.0", `${url}count?to=2`),
        ok("1\n2\n"),
      );
    });
    await t.step("an upload that waits for 100 Continue", async () => {
      const { code, stderr } = await curl(
        "--verbose",
        "--header",
        "Expect: 100-continue",
        "--data",
        "hello",
        `${url}echo`,
      );
      assertEquals(code, 0);
      assertMatch(stderr, /^< HTTP\/1\.1 100 Continue\r?$/m);
    });
    await t.step("a large upload", async () => {
      const output = `${files.path}/echoed.bin`;
      assertEquals(
        await curl(
          "--data-binary",
          `@${files.path}/upload.bin`,
          "--output",
          output,
          `${url}echo`,
        ),
        ok(""),
      );
      assertEquals(await Deno.readFile(output), LARGE);
    });
    await t.step("an upload that is too large", async () => {
      await Deno.writeFile(`${files.path}/upload.bin`, new Uint8Array(1), {
        append: true,
      });
      for (const expectation of ["Expect: 100-continue", "Expect:"]) {
        const { stdout } = await curl(
          "--header",
          expectation,
          "--write-out",
          "%{http_code}",
          "--data-binary",
          `@${files.path}/upload.bin`,
          `${url}echo`,
        );
        assertEquals(stdout, "The body is too long\n413");
      }
    });
    await t.step("a path that climbs", async () => {
      for (const path of ["../upload.bin", "%2e%2e/upload.bin"]) {
        assertEquals(
          await curl("--path-as-is", url + path),
          ok("There is no such thing here\n"),
        );
      }
    });
    await stopServer(server);
  },
});
