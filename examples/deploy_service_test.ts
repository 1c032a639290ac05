// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { Example, LOOPBACK, portOf } from "../tests/doubles/example.ts";

Deno.test("deploy_service forwards requests, but not too often", async () => {
  await using upstream = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    ({ url }) => new Response(new URL(url).pathname),
  );
  await using service = new Example(
    "deploy_service.ts",
    [...LOOPBACK, "--allow-env=UPSTREAM"],
    ["0"],
    "null",
    { UPSTREAM: `http://127.0.0.1:${upstream.addr.port}` },
  );
  const port = portOf(await service.nextLine());
  using client = Deno.createHttpClient({});
  const get = async (path = "/a") => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { client });
    return `${response.status} ${await response.text()}`;
  };
  const answers = await Promise.all(Array.from({ length: 10 }, () => get()));
  assertEquals(new Set(answers), new Set(["200 /a"]));
  assertEquals(await get("//example.org/a"), "200 //example.org/a");
  let answer = "200 /a";
  while (answer === "200 /a") answer = await get();
  assertEquals(answer, "429 Too many requests\n");
});
