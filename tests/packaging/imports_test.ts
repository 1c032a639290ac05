// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

interface Dependency {
  code?: { specifier: string };
  isDynamic?: boolean;
}

interface Module {
  specifier: string;
  dependencies?: Dependency[];
}

/** What an entry loads as soon as it is imported, by path. */
async function loadedBy(entry: string): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", new URL(entry, ROOT).href],
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    modules: Module[];
  };
  const graph = new Map(modules.map((module) => [module.specifier, module]));
  const loaded = new Set([new URL(entry, ROOT).href]);
  for (const specifier of loaded) {
    for (const each of graph.get(specifier)?.dependencies ?? []) {
      if (each.code && !each.isDynamic) loaded.add(each.code.specifier);
    }
  }
  return [...loaded].map((each) => each.replace(ROOT.href, ""));
}

for (const entry of ["sync/mod.ts", "queues/mod.ts", "tasks/mod.ts"]) {
  Deno.test(`${entry} loads no network code by itself`, async () => {
    const loaded = await loadedBy(entry);
    assert(loaded.includes("loop/core/scheduler.ts"));
    assertEquals(
      loaded.filter((each) =>
        each.startsWith("loop/net/") || each.startsWith("streams/") ||
        (each.startsWith("node:") && each !== "node:async_hooks")
      ),
      [],
    );
  });
}

/** What the public classes of transports and protocols need; the rest of `loop/net/` waits. */
const EAGER_NETWORK_CODE = [
  "loop/net/process/stdio.ts",
  "loop/net/serve/server.ts",
  "loop/net/stream/own_bytes.ts",
  "loop/net/stream/server_connection.ts",
];

Deno.test("mod.ts loads nothing that a program without a network does not need", async () => {
  const loaded = await loadedBy("mod.ts");
  assert(loaded.includes("streams/stream_reader.ts"));
  assertEquals(
    loaded.filter((each) =>
      (/^loop\/net\/.+\//.test(each) && !EAGER_NETWORK_CODE.includes(each)) ||
      each.startsWith("testing/") ||
      (each.startsWith("node:") && each !== "node:async_hooks")
    ),
    [],
  );
});
