// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { JsonReport } from "./probe/report.ts";

const PROBE = new URL("probe.ts", import.meta.url).href;
const RUN = ["run", "--no-prompt", "--allow-net", "--allow-read", PROBE];
const ON_WINDOWS = Deno.build.os === "windows";

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

Deno.test("probe without targets probes servers of its own", async () => {
  const { code, stdout, stderr } = await probe();
  assertEquals(stderr, "");
  const row = (server: string, rest: string): RegExp =>
    new RegExp(`^127\\.0\\.0\\.1:\\d+ +${server} +${rest}$`, "m");
  assertMatch(stdout, row("echo", "open +[\\d.]+ m?s  hello"));
  assertMatch(stdout, row("banner", "open +[\\d.]+ m?s  220 ready when .*"));
  assertMatch(
    stdout,
    row("slow", "open +[\\d.]+ m?s  220 one moment → 250 done"),
  );
  assertMatch(stdout, row("silent", "open +[\\d.]+ m?s  \\(silent\\)"));
  assertMatch(stdout, row("silent, asked", "timed out .* no answer .*"));
  assertMatch(stdout, row("closes at once", "open .* \\(closed\\)"));
  assertMatch(stdout, row("not listening", "refused .*"));
  assertMatch(stdout, /^LATENCY BELOW$/m);
  assertMatch(
    stdout,
    /^5 answered, 2 failed \(1 refused, 1 timed out\); /m,
  );
  assertEquals(code, 0);
});

Deno.test("probe --help prints its usage", async () => {
  const { code, stdout, stderr } = await probe("--help");
  assertEquals(stderr, "");
  for (const option of ["file", "concurrency", "timeout", "send", "json"]) {
    assert(stdout.includes(`--${option}`));
  }
  assertEquals(code, 0);
});

Deno.test("probe reports answers and failures, and exits with 1 after a failure", async () => {
  await using talker = listen(async (conn) => {
    await write(conn, "\x1b[2Jhostile\r\nmore\n");
    await readToEnd(conn);
  });
  await using leaver = listen(async (conn) => {
    await conn.read(new Uint8Array(64));
  });
  await using resetter = await listenAndReset();
  const { code, stdout } = await probe(
    `127.0.0.1:${talker.port}`,
    `127.0.0.1:${leaver.port}`,
    `127.0.0.1:${resetter.port}`,
    `127.0.0.1:${unusedPort()}`,
    "--send=hello",
    "--timeout=1",
  );
  assert(!stdout.includes("\x1b"));
  assert(stdout.includes("·[2Jhostile"));
  assertMatch(stdout, /1 refused, 1 timed out, 1 reset, 1 closed/);
  assertEquals(code, 1);
});

Deno.test("probe --send shows the first line of the answer", async () => {
  await using server = listen(async (conn) => {
    const buffer = new Uint8Array(64);
    const length = await conn.read(buffer) ?? 0;
    const text = new TextDecoder().decode(buffer.subarray(0, length));
    await write(conn, `you said ${JSON.stringify(text)}\nand so on\n`);
  });
  const { code, stdout } = await probe(
    `127.0.0.1:${server.port}`,
    "--send",
    "hello",
    "--timeout=8",
  );
  assertMatch(stdout, /open .* you said "hello\\n"$/m);
  assertEquals(code, 0);
});

Deno.test("probe --json prints one documented shape", async () => {
  await using server = listen((conn) => write(conn, "220 ready\r\n"));
  const open = `127.0.0.1:${server.port}`;
  const refused = `127.0.0.1:${unusedPort()}`;
  const { code, stdout, stderr } = await probe("--json", refused, open, open);
  assertEquals(stderr, "");
  const { elapsedMs, latencyMs, histogram, results, ...rest }: JsonReport = JSON
    .parse(stdout);
  assertEquals(rest, {
    version: 1,
    interrupted: false,
    total: 2,
    answered: 1,
    failed: 1,
    pending: [],
    duplicates: 1,
  });
  assertEquals(
    results.map(({ target, state, banner }) => [
      target,
      state,
      banner,
    ]),
    [[open, "open", "220 ready"], [refused, "refused", null]],
  );
  assertEquals(typeof elapsedMs, "number");
  assertEquals(latencyMs?.median, results[0]?.latencyMs);
  assertEquals(histogram.map(({ count }) => count), [1]);
  assertEquals(code, 1);
});

Deno.test("probe --file reads targets from files and from standard input", async () => {
  await using server = listen((conn) => write(conn, "hello\n"));
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(
    file,
    `# hosts\n\n127.0.0.1:${server.port} # this one\n`,
  );
  for (
    const [list, input] of [[file, ""], ["-", Deno.readTextFileSync(file)]]
  ) {
    const { code, stdout } = await probeWith(input!, "--file", list!);
    assertMatch(stdout, /^1 answered, 0 failed;/m);
    assertEquals(code, 0);
  }
  await Deno.remove(file);
});

Deno.test("probe reports wrong arguments, and does not connect", async () => {
  let connections = 0;
  await using server = listen(() => {
    connections++;
  });
  const good = `127.0.0.1:${server.port}`;
  const cases: [string[], string][] = [
    [["--fast", good], "Unknown option '--fast'"],
    [["--concurrency=0", good], "--concurrency expected a whole number of 1"],
    [["--timeout=soon", good], "--timeout expected seconds"],
    [["--file=no/such/list", good], "--file expected a list"],
    [[good, "nonsense"], "expected host:port, as in example.com:80"],
    [[good, "a:0"], 'expected a port from 1 to 65535, but got "0" in "a:0"'],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await probe(...args);
    assertEquals(stdout, "");
    assert(stderr.startsWith("probe: "), stderr);
    assert(stderr.includes(message), stderr);
    assertEquals(code, 2);
  }
  assertEquals(connections, 0);
});

Deno.test("probe names invalid lines of a list", async () => {
  const { code, stderr } = await probeWith("# list\na:1\nb\n", "--file=-");
  assert(stderr.startsWith("-:3: expected host:port"), stderr);
  assertEquals(code, 2);
});

for (const json of [false, true]) {
  Deno.test({
    name: `probe ${json ? "--json " : ""}prints what is known on Ctrl-C`,
    ignore: ON_WINDOWS,
    async fn() {
      const reached = Promise.withResolvers<void>();
      await using talker = listen((conn) => write(conn, "220 ready\n"));
      await using silent = listen(async (conn) => {
        reached.resolve();
        await readToEnd(conn);
      });
      // One at a time: when the second target is reached, the first has its result
      const targets = [talker, silent].map(({ port }) => `127.0.0.1:${port}`);
      const child = spawn([
        "--concurrency=1",
        "--timeout=600",
        ...(json ? ["--json"] : []),
        ...targets,
      ]);
      await reached.promise;
      child.kill("SIGINT");
      const { code, stdout, stderr } = await resultOf(child);
      assertEquals(stderr, "");
      if (json) {
        const report: JsonReport = JSON.parse(stdout);
        assertEquals(report.interrupted, true);
        assertEquals(report.results.map(({ banner }) => banner), ["220 ready"]);
        assertEquals(report.pending, targets.slice(1));
      } else {
        assertMatch(stdout, /open .* 220 ready$/m);
        assertMatch(stdout, /1 not known as it was interrupted/);
      }
      assertEquals(code, 130);
    },
  });
}

Deno.test({
  name: "probe manages 5,000 targets, 500 at a time, with 1,024 files",
  // On other systems 127.0.0.1 is the only loopback address
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using server = listen((conn) => write(conn, "hello\n"), "0.0.0.0");
    const list = Array.from(
      { length: 5000 },
      (_, index) => `127.1.${index >> 8}.${index & 255}:${server.port}\n`,
    ).join("");
    const child = new Deno.Command("sh", {
      args: [
        "-c",
        'ulimit -n 1024 && exec "$@"',
        "sh",
        Deno.execPath(),
        ...RUN,
        "--concurrency=500",
        "--timeout=60",
        "--json",
        "--file=-",
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const { code, stdout, stderr } = await resultOf(child, list);
    assertEquals(stderr, "");
    const report: JsonReport = JSON.parse(stdout);
    assertEquals(report.results.filter(({ state }) => state !== "open"), []);
    assertEquals(new Set(report.results.map(({ banner }) => banner)).size, 1);
    assertEquals(report.answered, 5000);
    assertEquals(code, 0);
  },
});

function probe(...args: string[]): Promise<Result> {
  return resultOf(spawn(args));
}

function probeWith(input: string, ...args: string[]): Promise<Result> {
  return resultOf(spawn(args), input);
}

function spawn(args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [...RUN, ...args],
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function resultOf(child: Deno.ChildProcess, input = ""): Promise<Result> {
  const writer = child.stdin.getWriter();
  const [{ code, stdout, stderr }] = await Promise.all([
    child.output(),
    writer.write(new TextEncoder().encode(input)).then(() => writer.close()),
  ]);
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

interface TestServer extends AsyncDisposable {
  readonly port: number;
}

/** A server; each connection is closed when `serve` has ended. */
function listen(
  serve: (conn: Deno.Conn) => Promise<void> | void,
  hostname = "127.0.0.1",
): TestServer {
  const listener = Deno.listen({ hostname, port: 0 });
  const serving = (async () => {
    const connections: Promise<void>[] = [];
    for await (const conn of listener) connections.push(handle(conn));
    await Promise.all(connections);
  })();
  async function handle(conn: Deno.Conn): Promise<void> {
    using _conn = conn;
    await serve(conn);
  }
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}

/** A server that resets each connection, which only `node:net` can. */
async function listenAndReset(): Promise<TestServer> {
  const server = createServer((socket) => socket.resetAndDestroy());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}

async function write(conn: Deno.Conn, text: string): Promise<void> {
  await conn.write(new TextEncoder().encode(text));
}

async function readToEnd(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(1024);
  try {
    while (await conn.read(buffer) !== null);
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
}

function unusedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
