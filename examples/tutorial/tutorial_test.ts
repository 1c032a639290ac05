// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Example } from "../../tests/doubles/example.ts";

const FOLDER = new URL("./", import.meta.url);
const PAGE = new URL("../../docs/tutorial.md", import.meta.url);
const NET = ["--allow-net"];
const ON_WINDOWS = Deno.build.os === "windows";
/** Nothing listens there. */
const REFUSED = "http://127.0.0.1:1/";

/** Starts a server of pages; `/slow` is never answered. */
function startPages() {
  const ended = Promise.withResolvers<void>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async ({ url }) => {
      if (url.endsWith("/slow")) await ended.promise;
      return new Response("x".repeat(url.endsWith("/big") ? 50_000 : 100));
    },
  );
  return {
    base: `http://127.0.0.1:${server.addr.port}`,
    async [Symbol.asyncDispose]() {
      ended.resolve();
      await server.shutdown();
    },
  };
}

async function outputOf(step: string, ...urls: string[]): Promise<string[]> {
  await using example = new Example(`tutorial/${step}.ts`, NET, urls);
  const { code, stdout, stderr } = await example.end();
  assertEquals([code, stderr], [0, ""]);
  return stdout.trimEnd().split("\n");
}

/** Starts a step that serves, and a function that asks it about pages. */
async function startService(step: string) {
  const service = new Example(`tutorial/${step}.ts`, NET, ["0"]);
  const port = /^Listening on port (\d+)$/.exec(await service.nextLine())![1]!;
  return {
    service,
    connect: () => Deno.connect({ hostname: "127.0.0.1", port: Number(port) }),
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}

/** Sends lines, and reads as many. */
async function ask(conn: Deno.Conn, ...urls: string[]): Promise<string[]> {
  await conn.write(new TextEncoder().encode(`${urls.join("\n")}\n`));
  let text = "";
  const buffer = new Uint8Array(1024);
  while (text.split("\n").length <= urls.length) {
    const length = await conn.read(buffer);
    if (length === null) break;
    text += new TextDecoder().decode(buffer.subarray(0, length));
  }
  return text.trimEnd().split("\n");
}

for (const step of ["step1", "step2"]) {
  Deno.test(`${step} prints the size of one page after another`, async () => {
    await using pages = startPages();
    const urls = [`${pages.base}/big`, `${pages.base}/`];
    assertEquals(await outputOf(step, ...urls), [
      `50000 bytes: ${urls[0]}`,
      `100 bytes: ${urls[1]}`,
    ]);
  });
}

Deno.test("step2 and step3 give up on a slow page", async () => {
  await using pages = startPages();
  const urls = [`${pages.base}/slow`, `${pages.base}/`];
  const outputs = await Promise.all(
    ["step2", "step3"].map((step) => outputOf(step, ...urls)),
  );
  for (const output of outputs) {
    assertEquals(output.toSorted(), [
      `100 bytes: ${urls[1]}`,
      `too slow: ${urls[0]}`,
    ]);
  }
});

for (const step of ["step3", "step4"]) {
  Deno.test(`${step} goes on when a page is missing`, async () => {
    await using pages = startPages();
    const urls = [REFUSED, `${pages.base}/`];
    assertEquals((await outputOf(step, ...urls)).toSorted(), [
      `100 bytes: ${urls[1]}`,
      `not found: ${urls[0]}`,
    ]);
  });
}

Deno.test("step5 takes addresses from standard input", async () => {
  await using pages = startPages();
  const url = `${pages.base}/big`;
  await using example = new Example("tutorial/step5.ts", NET, [], "piped");
  await example.type(`${url}\n`);
  assertEquals(await example.nextLine(), `50000 bytes: ${url}`);
  await example.type(`${REFUSED}\n`);
  await example.endInput();
  const { code, stdout } = await example.end();
  assertEquals([code, stdout], [0, `not found: ${REFUSED}\n`]);
});

for (const step of ["step6", "step7"]) {
  Deno.test(`${step} answers every line of every client`, async () => {
    await using pages = startPages();
    await using running = await startService(step);
    using one = await running.connect();
    using other = await running.connect();
    const [url, big] = [`${pages.base}/`, `${pages.base}/big`];
    assertEquals(
      await Promise.all([ask(one, url, big), ask(other, REFUSED)]),
      [[`100 bytes: ${url}`, `50000 bytes: ${big}`], [`not found: ${REFUSED}`]],
    );
  });

  Deno.test(`${step} ends on Ctrl-C when no client is connected`, {
    ignore: ON_WINDOWS,
  }, async () => {
    await using running = await startService(step);
    running.service.interrupt();
    const { code, stderr } = await running.service.end();
    assertEquals(code, 130);
    assertMatch(stderr, /^KeyboardInterrupt/);
  });
}

Deno.test("step6 waits for a client that stays, until the second Ctrl-C", {
  ignore: ON_WINDOWS,
}, async () => {
  await using running = await startService("step6");
  using _conn = await running.connect();
  assertEquals(await ask(_conn, REFUSED), [`not found: ${REFUSED}`]);
  running.service.interrupt();
  const isRefused = async () => {
    try {
      (await running.connect()).close();
      return false;
    } catch {
      return true;
    }
  };
  while (!await isRefused());
  running.service.interrupt();
  assertEquals((await running.service.end()).code, 130);
});

Deno.test("step7 cuts off a client that stays, after five seconds", {
  ignore: ON_WINDOWS,
}, async () => {
  await using running = await startService("step7");
  using conn = await running.connect();
  assertEquals(await ask(conn, REFUSED), [`not found: ${REFUSED}`]);
  running.service.interrupt();
  assertEquals((await running.service.end()).code, 130);
});

Deno.test("ask asks the service", async () => {
  const source = await Deno.readTextFile(new URL("ask.ts", FOLDER));
  await using running = await startService("step7");
  using probe = await running.connect();
  const { port } = probe.remoteAddr as Deno.NetAddr;
  const copy = await Deno.makeTempFile({
    dir: import.meta.dirname!,
    suffix: ".ts",
  });
  try {
    await Deno.writeTextFile(
      copy,
      source.replace("PORT = 8000", `PORT = ${port}`),
    );
    const name = copy.replaceAll("\\", "/").split("/").at(-1)!;
    assertEquals(await outputOf(name.replace(/\.ts$/, ""), REFUSED), [
      `not found: ${REFUSED}`,
    ]);
  } finally {
    await Deno.remove(copy);
  }
});

Deno.test("docs/tutorial.md shows what is in the files of its steps", async () => {
  const page = await Deno.readTextFile(PAGE);
  let step = "";
  let shown = 0;
  for (
    const line of page.matchAll(
      /examples\/tutorial\/(\w+\.ts)\)|^```ts ignore\n([^]*?)^```$/gm,
    )
  ) {
    const [, file, block] = line;
    if (file !== undefined) {
      step = await Deno.readTextFile(new URL(file, FOLDER));
      continue;
    }
    shown++;
    assert(
      squeeze(step).includes(squeeze(block!)),
      `This is not in the step's file:\n${block}`,
    );
  }
  assertEquals(shown, 15);
});

/** The text without what only the layout of the page changes. */
function squeeze(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
