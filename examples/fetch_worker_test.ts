// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { runExample } from "../tests/doubles/example.ts";

Deno.test("fetch_worker takes the network, or the cache if that is slow or fails", async () => {
  const cache = await Deno.makeTempDir();
  let isDown = false;
  let aborted = 0;
  const ended = Promise.withResolvers<void>();
  await using server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen() {},
  }, async ({ url, signal }) => {
    const { pathname } = new URL(url);
    if (pathname === "/missing") return new Response("", { status: 404 });
    if (!isDown || pathname === "/quick") return new Response(pathname);
    if (pathname === "/broken") return new Response("", { status: 500 });
    signal.addEventListener("abort", () => aborted++);
    await ended.promise;
    return new Response(pathname);
  });
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const load = async (...paths: string[]) => {
    const { code, stdout, stderr } = await runExample(
      "fetch_worker.ts",
      [
        "--allow-net=127.0.0.1",
        `--allow-read=${cache}`,
        `--allow-write=${cache}`,
      ],
      [cache, ...paths.map((path) => origin + path)],
    );
    assertEquals([code, stderr], [0, ""]);
    return stdout.replaceAll(origin, "").trimEnd().split("\n").sort();
  };
  try {
    assertEquals(await load("/quick", "/slow", "/broken", "/missing"), [
      "/broken: 7 characters from the network",
      "/missing: failed: " + "/missing answers 404",
      "/quick: 6 characters from the network",
      "/slow: 5 characters from the network",
    ]);
    isDown = true;
    assertEquals(await load("/quick", "/slow", "/broken"), [
      "/broken: 7 characters from the cache",
      "/quick: 6 characters from the network",
      "/slow: 5 characters from the cache",
    ]);
    assertEquals(aborted, 1);
  } finally {
    ended.resolve();
    await Deno.remove(cache, { recursive: true });
  }
});
