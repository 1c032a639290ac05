// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertMatch } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

interface Dependency {
  readonly code?: { readonly specifier: string };
  readonly isDynamic?: boolean;
}

interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly Dependency[];
}

/** The imports of each module. */
async function importsFrom(entry: string): Promise<Map<string, string[]>> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
    cwd: ROOT,
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    modules: readonly Module[];
  };
  return new Map(
    modules.map(({ specifier, dependencies = [] }) => [
      specifier,
      dependencies.filter((each) => !each.isDynamic)
        .map((each) => each.code?.specifier)
        .filter((each) => each !== undefined),
    ]),
  );
}

async function exportedEntries(): Promise<string[]> {
  const config = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  ) as { exports: Record<string, string> };
  return Object.values(config.exports);
}

/** An entry, and all that is loaded with it. */
function loadedWith(entry: string, imports: Map<string, string[]>): string[] {
  const loaded = new Set([entry]);
  for (const specifier of loaded) {
    for (const each of imports.get(specifier) ?? []) loaded.add(each);
  }
  return [...loaded];
}

Deno.test("preload.ts names all that is loaded with the event loop", async () => {
  const preload = new URL("loop/preload.ts", ROOT).href;
  const imports = await importsFrom("loop/preload.ts");
  const loop = new URL("loop/event_loop.ts", ROOT).href;
  assertEquals(
    imports.get(preload)?.toSorted(),
    loadedWith(loop, imports).toSorted(),
  );
});

for (const entry of await exportedEntries()) {
  Deno.test(`${entry} imports preload.ts first`, async () => {
    const imports = await importsFrom(entry);
    const [first] = imports.get(new URL(entry, ROOT).href) ?? [];
    assertMatch(first ?? "", /\/loop\/(preload|mod)\.ts$/);
  });
}
