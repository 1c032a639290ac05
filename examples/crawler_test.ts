// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import {
  Example,
  type ExampleEnd,
  LOOPBACK,
  runExample,
} from "../tests/doubles/example.ts";

type Handler = (request: Request) => Response | Promise<Response>;

interface Site extends AsyncDisposable {
  readonly url: string;
}

function serve(handle: Handler): Site {
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen() {},
  }, handle);
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function page(...links: string[]): Response {
  const html = links.map((link) => `<a href="${link}">link</a>`).join("\n");
  return new Response(html, { headers: { "content-type": "text/html" } });
}

async function crawl(
  { url }: Site,
  ...args: string[]
): Promise<ExampleEnd & { lines: string[] }> {
  const end = await runExample("crawler.ts", LOOPBACK, [url, ...args]);
  return { ...end, lines: end.stdout.replaceAll(url, "/").split("\n") };
}

Deno.test("crawler visits each page of the site once, and reports errors", async () => {
  const asked: string[] = [];
  await using site = serve(({ url }) => {
    const { pathname } = new URL(url);
    asked.push(pathname);
    switch (pathname) {
      case "/":
        return page("a", "b", "a#x", "http://example.invalid/", "picture");
      case "/a":
        return page("/", "b", "missing");
      case "/b":
        return page("a");
      case "/picture":
        return new Response(new Uint8Array(1000));
      default:
        return new Response("none", { status: 404 });
    }
  });
  const { code, lines, stderr } = await crawl(site, "--rate=1000");
  assertEquals(stderr, "");
  assertEquals(asked.toSorted(), ["/", "/a", "/b", "/missing", "/picture"]);
  assertEquals(lines[0], "/: 200, 4 links");
  assertEquals(lines.slice(1, -2).sort(), [
    "/a: 200, 3 links",
    "/b: 200, 1 links",
    "/missing: 404",
    "/picture: 200",
  ]);
  assertEquals(lines.at(-2), "5 pages known, 0 not visited, 1 failed");
  assertEquals(code, 0);
});

Deno.test("crawler keeps to its limits on an endless site", async () => {
  let now = 0;
  let most = 0;
  let pages = 0;
  await using site = serve(async () => {
    pages++;
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 10));
    now--;
    return page(...Array.from({ length: 20 }, () => crypto.randomUUID()));
  });
  const { code, lines } = await crawl(
    site,
    "--rate=1000",
    "--workers=3",
    "--pages=25",
  );
  assertEquals(lines.at(-2), "25 pages known, 0 not visited, 0 failed");
  assertEquals(pages, 25);
  assert(most <= 3);
  assertEquals(code, 0);
});

/** A page that does not end; the function is called when the crawler gives it up. */
function endless(cancel: () => void): Response {
  return new Response(new ReadableStream({ cancel }), {
    headers: { "content-type": "text/html" },
  });
}

Deno.test("crawler gives up a page that takes too long, and goes on", async () => {
  const givenUp = Promise.withResolvers<void>();
  await using site = serve(({ url }) => {
    if (url.endsWith("/")) return page("slow", "fast");
    return url.endsWith("/slow") ? endless(givenUp.resolve) : page();
  });
  const { code, lines } = await crawl(
    site,
    "--rate=1000",
    "--timeout=0.5",
    "--attempts=1",
  );
  assertEquals(lines, [
    "/: 200, 2 links",
    "/fast: 200, 0 links",
    "/slow: TimeoutError: The time limit was reached",
    "3 pages known, 0 not visited, 1 failed",
    "",
  ]);
  assertEquals(code, 0);
  await givenUp.promise;
});

Deno.test({
  name: "crawler stops at once on Ctrl-C, and says how far it is",
  ignore: Deno.build.os === "windows",
  async fn() {
    const asked = [
      Promise.withResolvers<void>(),
      Promise.withResolvers<void>(),
    ];
    const givenUp = asked.map(() => Promise.withResolvers<void>());
    let count = 0;
    await using site = serve(({ url }) => {
      if (url.endsWith("/")) return page("a", "b", "c");
      const i = count++;
      asked[i]!.resolve();
      return endless(givenUp[i]!.resolve);
    });
    await using crawler = new Example("crawler.ts", LOOPBACK, [
      site.url,
      "--rate=1000",
      "--workers=2",
    ]);
    assertEquals(await crawler.nextLine(), `${site.url}: 200, 3 links`);
    for (const { promise } of asked) await promise;
    crawler.interrupt();
    assertEquals(await crawler.end(), {
      code: 130,
      stdout: "4 pages known, 3 not visited, 0 failed\n",
      stderr: "KeyboardInterrupt: Interrupted by SIGINT\n",
    });
    for (const { promise } of givenUp) await promise;
  },
});

Deno.test("crawler asks again where a server is busy, and not where a page is missing", async () => {
  const asked: Record<string, number> = {};
  await using site = serve(({ url }) => {
    const { pathname } = new URL(url);
    const times = asked[pathname] = (asked[pathname] ?? 0) + 1;
    if (pathname === "/") return page("busy", "broken", "missing");
    if (pathname === "/busy" && times === 3) return page();
    return new Response("", {
      status: { "/busy": 429, "/broken": 500 }[pathname] ?? 404,
    });
  });
  const { code, lines } = await crawl(site, "--rate=1000");
  assertEquals(asked, { "/": 1, "/busy": 3, "/broken": 3, "/missing": 1 });
  assertEquals(lines.slice(1, -2).sort(), [
    "/broken: Busy: 500",
    "/busy: 200, 0 links",
    "/missing: 404",
  ]);
  assertEquals(lines.at(-2), "4 pages known, 0 not visited, 2 failed");
  assertEquals(code, 0);
});

Deno.test({
  name: "crawler goes on where it was stopped",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const asked: string[] = [];
      let isOpen = false;
      await using site = serve(({ url }) => {
        const { pathname } = new URL(url);
        asked.push(pathname);
        if (pathname === "/") return page("a", "b");
        return isOpen || pathname === "/a" ? page("/", "a") : endless(() => {});
      });
      const flags = [
        ...LOOPBACK,
        `--allow-read=${folder}`,
        `--allow-write=${folder}`,
      ];
      const args = [site.url, `--state=${folder}/state.json`, "--rate=1000"];
      {
        await using crawler = new Example("crawler.ts", flags, args);
        await crawler.nextLine();
        assertEquals(await crawler.nextLine(), `${site.url}a: 200, 2 links`);
        while (asked.length < 3) {
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        crawler.signal("SIGTERM");
        const { code, stdout } = await crawler.end();
        assertEquals(
          [code, stdout],
          [143, "3 pages known, 1 not visited, 0 failed\n"],
        );
      }
      asked.length = 0;
      isOpen = true;
      const { code, stdout } = await runExample("crawler.ts", flags, args);
      assertEquals(
        stdout,
        `${site.url}b: 200, 2 links\n3 pages known, 0 not visited, 0 failed\n`,
      );
      assertEquals([code, asked], [0, ["/b"]]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
