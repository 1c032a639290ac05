// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { STORES } from "./durable_subjects.ts";
import { CLASSES, FUNCTIONS, type Parameters } from "./subjects.ts";

const ROOT = new URL("../../", import.meta.url);

interface Signature {
  params: { kind: string }[];
}

interface Documentation {
  nodes: Record<string, {
    symbols: {
      name: string;
      declarations: {
        kind: string;
        def?: Signature & {
          extends?: string;
          constructors?: (Signature & { accessibility?: string })[];
          methods?: {
            name: string;
            kind: string;
            isStatic?: boolean;
            functionDef: Signature;
          }[];
        };
      }[];
    }[];
  }>;
}

/** The declarations of the library, with the number of parameters, rest parameters aside. */
interface Declared {
  readonly functions: Map<string, number>;
  /** The methods that take something, as `Class.method`. */
  readonly methods: Map<string, number>;
  readonly classes: Set<string>;
}

function count({ params }: Signature): number {
  return params.filter(({ kind }) => kind !== "rest").length;
}

function raise(counts: Map<string, number>, name: string, by: Signature): void {
  const known = counts.get(name) ?? 0;
  if (count(by) > 0) counts.set(name, Math.max(known, count(by)));
}

async function documentationOf(entry: string): Promise<Documentation> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", new URL(entry, ROOT).href],
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function declared(): Promise<Declared> {
  const config = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  ) as { exports: Record<string, string> };
  const all: Declared = {
    functions: new Map(),
    methods: new Map(),
    classes: new Set(),
  };
  for (const entry of Object.values(config.exports)) {
    const { nodes } = await documentationOf(entry);
    for (const { symbols } of Object.values(nodes)) {
      for (const { name, declarations } of symbols) {
        for (const { kind, def } of declarations) {
          if (def === undefined) continue;
          if (kind === "function") raise(all.functions, name, def);
          if (kind !== "class") continue;
          all.classes.add(name);
          for (const method of def.methods ?? []) {
            if (method.kind !== "method" || method.isStatic) continue;
            raise(all.methods, `${name}.${method.name}`, method.functionDef);
          }
        }
      }
    }
  }
  return all;
}

/** Methods that are meant to be overridden, or cannot be called on an instance of their own. */
const ABSTRACT = [
  "AbstractEventLoopPolicy",
  "Executor",
  "BaseTransport",
  "WriteTransport",
  "SubprocessTransport",
  "Process",
  "Trial",
];

const { functions, methods, classes } = await declared();

function lengths(
  table: Readonly<Record<string, Parameters>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(table).map(([name, { length }]) => [name, length]),
  );
}

Deno.test("every exported function is called with junk in each parameter", () => {
  const missing = [...functions].filter(([name, count]) =>
    (lengths(FUNCTIONS)[name] ?? 0) < count
  );
  assertEquals(missing, []);
});

Deno.test("every exported class is constructed with junk", () => {
  assertEquals([...classes].filter((name) => !(name in CLASSES)), []);
});

Deno.test("every method is called with junk in each parameter", () => {
  const missing = [...methods].filter(([name, count]) => {
    const [type, method] = name.split(".") as [string, string];
    if (ABSTRACT.includes(type) || STORES.includes(type)) return false;
    return (CLASSES[type]?.methods[method]?.length ?? 0) < count;
  });
  assertEquals(missing, []);
});
