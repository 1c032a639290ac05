// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

interface Dependency {
  /** Missing for a type-only import. */
  code?: { specifier: string };
  isDynamic?: boolean;
}

interface Module {
  specifier: string;
  dependencies?: Dependency[];
}

/** The value imports of a module. */
interface Imports {
  /** The modules that are loaded with the module. */
  readonly eager: readonly string[];
  /** The modules that are loaded by `import()`. */
  readonly lazy: readonly string[];
}

type Graph = ReadonlyMap<string, Imports>;

/** The value imports of all modules that an entry needs, by path. */
async function graphOf(entry: string): Promise<Graph> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", new URL(entry, ROOT).href],
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    modules: Module[];
  };
  const pathOf = (specifier: string) => specifier.replace(ROOT.href, "");
  const pathsOf = (dependencies: Dependency[]) =>
    dependencies.flatMap(({ code }) => code ? [pathOf(code.specifier)] : []);
  return new Map(
    modules.map(({ specifier, dependencies = [] }) => [pathOf(specifier), {
      eager: pathsOf(dependencies.filter(({ isDynamic }) => !isDynamic)),
      lazy: pathsOf(dependencies.filter(({ isDynamic }) => isDynamic)),
    }]),
  );
}

/** Returns the modules that an entry loads as soon as it is imported, by path. */
async function loadedBy(entry: string): Promise<string[]> {
  const graph = await graphOf(entry);
  const loaded = new Set([entry]);
  for (const path of loaded) {
    for (const each of graph.get(path)?.eager ?? []) loaded.add(each);
  }
  return [...loaded];
}

for (const entry of ["mod.ts", "queues/mod.ts"]) {
  Deno.test(`${entry} loads no durable queues`, async () => {
    const loaded = await loadedBy(entry);
    assert(loaded.includes("queues/queue.ts"));
    assertEquals(
      loaded.filter((each) => each.startsWith("queues/durable/")),
      [],
    );
  });
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

/** The public classes of transports and protocols need it; the other folders of `loop/net/` are loaded later. */
const EAGER_NETWORK_CODE = "loop/net/serve/server.ts";

Deno.test("mod.ts loads nothing that a program without a network does not need", async () => {
  const loaded = await loadedBy("mod.ts");
  assert(loaded.includes("streams/stream_reader.ts"));
  assertEquals(
    loaded.filter((each) =>
      (/^loop\/net\/.+\//.test(each) && each !== EAGER_NETWORK_CODE) ||
      each.startsWith("testing/") || each.startsWith("inspect/") ||
      (each.startsWith("node:") && each !== "node:async_hooks")
    ),
    [],
  );
});

const LOOP = ["loop", "loop/core", "loop/net", "loop/executor"];

/** The folders from which the modules of each folder may import values, besides their own. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  "loop/core": [],
  "loop/net": ["loop/core"],
  "loop/executor": ["loop/core"],
  "loop": ["loop/core", "loop/net", "loop/executor"],
  "tasks": LOOP,
  "sync": ["loop/core"],
  "queues": ["loop/core"],
  "queues/durable": [...LOOP, "tasks", "queues"],
  "streams": [...LOOP, "tasks", "sync", "queues"],
  "subprocess": [...LOOP, "tasks", "sync", "queues", "streams"],
  "testing": [
    ...LOOP,
    "tasks",
    "sync",
    "queues",
    "queues/durable",
    "streams",
    "subprocess",
  ],
  "inspect": [...LOOP, "tasks", "sync", "queues", "streams", "subprocess"],
  "mod.ts": ["loop", "tasks", "sync", "queues", "streams", "subprocess"],
};

/** Registers the event loop, so every entry imports it, also above folders that only need the core. */
const PRELOAD = "loop/preload.ts";

function folderOf(path: string): string {
  return /^(loop\/(core|net|executor)|queues\/durable)(?=\/)/.exec(path)?.[0] ??
    path.split("/")[0]!;
}

function isAllowed(from: string, to: string): boolean {
  if (to === PRELOAD && from.endsWith("/mod.ts")) return true;
  if (!to.endsWith(".ts") || folderOf(from) === folderOf(to)) return true;
  return BELOW[folderOf(from)]?.includes(folderOf(to)) ?? false;
}

/** A path of imports that leads back to its start; `null` if there is none. */
function circleIn(graph: Graph): string[] | null {
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] | null => {
    if (trail.includes(path)) {
      return [...trail.slice(trail.indexOf(path)), path];
    }
    if (done.has(path)) return null;
    const { eager, lazy } = graph.get(path) ?? { eager: [], lazy: [] };
    for (const each of [...eager, ...lazy]) {
      const circle = visit(each, [...trail, path]);
      if (circle !== null) return circle;
    }
    done.add(path);
    return null;
  };
  for (const path of graph.keys()) {
    const circle = visit(path, []);
    if (circle !== null) return circle;
  }
  return null;
}

/** The value imports of the whole library. */
async function graphOfLibrary(): Promise<Graph> {
  const config = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  ) as { exports: Record<string, string> };
  const entries = Object.values(config.exports)
    .map((entry) => entry.replace("./", ""));
  const graphs = await Promise.all(entries.map(graphOf));
  return new Map(graphs.flatMap((graph) => [...graph]));
}

Deno.test("value imports point down only", async () => {
  const graph = await graphOfLibrary();
  const folders = new Set(
    [...graph.keys()].filter((path) => path.endsWith(".ts")).map(folderOf),
  );
  assertEquals([...folders].toSorted(), Object.keys(BELOW).toSorted());
  const imports = [...graph].flatMap(([from, { eager, lazy }]) =>
    [...eager, ...lazy].map((to) => [from, to] as const)
  );
  const wrong = imports.filter(([from, to]) => !isAllowed(from, to));
  assertEquals(wrong.map(([from, to]) => `${from} imports ${to}`), []);
});

Deno.test("value imports form no circle", async () => {
  assertEquals(circleIn(await graphOfLibrary()), null);
});
