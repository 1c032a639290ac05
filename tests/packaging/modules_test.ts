// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

interface Dependency {
  readonly code?: { readonly specifier: string };
  readonly isDynamic?: boolean;
}

interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly Dependency[];
}

/** What each module imports when it is loaded itself. */
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

/** An entry, and all that is loaded with it. */
function loadedWith(entry: string, imports: Map<string, string[]>): string[] {
  const loaded = new Set([entry]);
  for (const specifier of loaded) {
    for (const each of imports.get(specifier) ?? []) loaded.add(each);
  }
  return [...loaded];
}

Deno.test("_modules.ts names what no mod.ts names and is loaded at once", async () => {
  const list = new URL("_modules.ts", ROOT).href;
  const imports = await importsFrom("mod.ts");
  const loaded = loadedWith(new URL("mod.ts", ROOT).href, imports);
  const entries = loaded.filter((each) => /\/mod\.ts$/.test(each));
  const named = new Set(entries.flatMap((each) => imports.get(each) ?? []));
  assertEquals(
    imports.get(list)?.toSorted(),
    loaded.filter((each) => !named.has(each) && !entries.includes(each))
      .toSorted(),
  );
});
