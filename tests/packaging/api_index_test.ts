// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import * as asyncio from "../../mod.ts";
import * as inspection from "../../inspect/mod.ts";
import * as durable from "../../queues/durable/mod.ts";
import * as testing from "../../testing/mod.ts";
import { generateIndex } from "../../tools/api_index/generate.ts";
import { findPython } from "../peers/python.ts";
import { runPython } from "../peers/run_python.ts";

const INDEX = new URL("../../docs/api_index.md", import.meta.url);

/** One line of a table. */
interface Row {
  readonly cells: readonly string[];
  /** Whether its first column is about asyncio, and not about this library. */
  readonly isOfPython: boolean;
}

/** The declarations of the library. */
interface Declarations {
  /** All that is exported. */
  readonly exports: ReadonlySet<string>;
  /** The members of classes, as `Class.member`, where the class does not have them from another one. */
  readonly members: ReadonlySet<string>;
  /** Those that are not on the class's prototype: fields, and what derived classes have. */
  readonly unreal: ReadonlySet<string>;
}

interface DocumentedClass {
  extends?: string;
  implements?: { repr: string }[];
  methods?: { name: string; isAbstract?: boolean }[];
  properties?: { name: string }[];
}

interface Documentation {
  nodes: Record<string, {
    symbols: {
      name: string;
      declarations: { kind: string; def?: DocumentedClass }[];
    }[];
  }>;
}

const VALUES: Record<string, unknown> = {
  ...asyncio,
  ...testing,
  ...durable,
  ...inspection,
};

const text = await Deno.readTextFile(INDEX);

function tables(): Row[][] {
  const [ofPython, ofOurs] = text.split("\n## Only here\n");
  return [
    ...tablesIn(ofPython!, true),
    ...tablesIn(ofOurs!, false),
  ];
}

function tablesIn(part: string, isOfPython: boolean): Row[][] {
  return [...part.matchAll(/^(\|.*\n?)+/gm)].map(([table]) =>
    table.trim().split("\n").slice(2).map((line) => ({
      cells: line.split(" | ").map((cell) => cell.replaceAll(/^\||\|$/g, "")),
      isOfPython,
    }))
  );
}

/** Returns the first name of a row, in lower case. */
function nameOf({ cells }: Row): string {
  return /`([^`]+?)(?:\(\))?`/.exec(cells[0]!)![1]!.toLowerCase();
}

/** Returns the asyncio names in the index. */
function namesOfPython(): Set<string> {
  const rows = tables().flat().filter((row) => row.isOfPython);
  return new Set(
    rows.flatMap(({ cells }) =>
      [...cells[0]!.matchAll(/`([^`]+?)(?:\(\))?`/g)].map(([, name]) => name!)
    ),
  );
}

/** Returns the names of this library in the index, with their files. */
function claims(): { name: string; isCalled: boolean; file: string }[] {
  return [...text.matchAll(/\[`([\w.]+)(\(\))?`\]\(([^)]+)\)/g)].map(
    ([, name, call, file]) => ({
      name: name!.replace(/^loop\./, "EventLoop."),
      isCalled: call !== undefined,
      file: file!,
    }),
  );
}

async function declarations(): Promise<Declarations> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "doc",
      "--json",
      "mod.ts",
      "testing/mod.ts",
      "queues/durable/mod.ts",
      "inspect/mod.ts",
    ],
    cwd: new URL("../../", import.meta.url),
  }).output();
  const { nodes }: Documentation = JSON.parse(new TextDecoder().decode(stdout));
  const exports = new Set<string>();
  const classes = new Map<string, DocumentedClass>();
  for (const { symbols } of Object.values(nodes)) {
    for (const { name, declarations } of symbols) {
      exports.add(name);
      for (const { kind, def } of declarations) {
        if (kind === "class" && def !== undefined) classes.set(name, def);
      }
    }
  }
  const members = new Set<string>();
  const unreal = new Set<string>();
  for (const [name, definition] of classes) {
    const inherited = inheritedMembersOf(definition, classes);
    const { methods = [], properties = [] } = definition;
    for (const { name: member } of [...methods, ...properties]) {
      if (/^\w+$/.test(member) && !inherited.has(member)) {
        members.add(`${name}.${member}`);
      }
    }
    const abstract = methods.filter((method) => method.isAbstract);
    for (const { name: member } of [...abstract, ...properties]) {
      unreal.add(`${name}.${member}`);
    }
  }
  return { exports, members, unreal };
}

/** The names of what a class has from others. */
function inheritedMembersOf(
  definition: DocumentedClass,
  classes: ReadonlyMap<string, DocumentedClass>,
): Set<string> {
  const names = new Set(["toString"]);
  const bases = [
    definition.extends,
    ...definition.implements?.map(({ repr }) => repr) ?? [],
  ];
  for (const base of bases.map((name) => classes.get(name ?? ""))) {
    if (base === undefined) continue;
    for (const name of inheritedMembersOf(base, classes)) names.add(name);
    for (const { name } of base.methods ?? []) names.add(name);
    for (const { name } of base.properties ?? []) names.add(name);
  }
  return names;
}

const python = await findPython();

Deno.test("The index is what `deno task index` writes", async () => {
  assertEquals(text, await generateIndex());
});

Deno.test("The index has every name of this python3's asyncio", {
  ignore: python === null,
}, async () => {
  const script = new URL("asyncio_names.py", import.meta.url);
  const names = (await runPython(python!, script)).split("\n");
  assert(names.includes("gather") && names.includes("loop.call_soon"));
  const listed = namesOfPython();
  assertEquals(names.filter((name) => !listed.has(name)), []);
});

Deno.test("The index has asyncio's additions after Python 3.11", () => {
  const listed = namesOfPython();
  const names = [
    "capture_call_graph",
    "EventLoop",
    "future_add_to_awaited_by",
    "Handle.get_context",
    "Queue.shutdown",
    "Server.abort_clients",
    "TaskGroup.cancel",
  ];
  assertEquals(names.filter((name) => !listed.has(name)), []);
});

Deno.test("The index has all that the library exports", async () => {
  const { exports, members } = await declarations();
  const listed = new Set(claims().map(({ name }) => name));
  const missing = [...exports, ...members].filter((name) => !listed.has(name));
  assertEquals(missing, []);
});

Deno.test("The index names nothing that the library does not have", async () => {
  const { exports, unreal } = await declarations();
  const isUnreal = (name: string) =>
    unreal.has(name) || unreal.has(`Base${name}`);
  for (const { name, isCalled } of claims()) {
    const [owner = "", member] = name.split(".");
    const value = VALUES[owner];
    assert(exports.has(owner), `${owner} is not exported`);
    if (member === undefined) {
      if (isCalled) assertEquals(typeof value, "function", name);
      continue;
    }
    assert(typeof value === "function", `${owner} is not a class`);
    const kind = kindOf(value.prototype, member) ?? kindOf(value, member);
    if (kind === null) assert(isUnreal(name), `There is no ${name}`);
    else assertEquals(kind, isCalled ? "method" : "property", name);
  }
});

Deno.test("The index leads to where a name is declared", async () => {
  for (const { name, file } of claims()) {
    const source = await Deno.readTextFile(new URL(file, INDEX));
    const last = name.split(".").at(-1)!;
    const declaration = name.includes(".")
      ? String.raw`^  .*\b${last}\b`
      : String.raw`^export .*\b${last}\b`;
    assert(
      new RegExp(declaration, "m").test(source),
      `${name} is not declared in ${file}`,
    );
  }
});

Deno.test("The index is in the order of the alphabet, and lists nothing twice", () => {
  for (const table of tables()) {
    const names = table.map(nameOf);
    assertEquals(names, names.toSorted());
    const cells = table.map(({ cells }) => cells[0]!.trim());
    assertEquals(cells.length, new Set(cells).size);
  }
});

/** Returns the kind of a member. A getter is not called, since it may need an instance. */
function kindOf(object: object, name: string): "method" | "property" | null {
  for (let each = object; each !== null; each = Object.getPrototypeOf(each)) {
    const property = Object.getOwnPropertyDescriptor(each, name);
    if (property === undefined) continue;
    return typeof property.value === "function" ? "method" : "property";
  }
  return null;
}
