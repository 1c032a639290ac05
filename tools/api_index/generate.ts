// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Writes docs/api_index.md from tools/api_index/table.txt: `deno task index`.
 *
 * The table has the text of the page, and after a line that begins with `!` its rows, as
 * `asyncio's names | what is here`:
 *
 * - Without a second part, the name here follows from the rule: `call_soon()` is `callSoon()`.
 * - A second part that begins with a name of this library links it to its source: `wrapFuture(), which takes a promise`.
 * - `[[name]]` links a name anywhere, and `[[name|path]]` to another file than that of its class.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);
const TABLE = new URL("table.txt", import.meta.url);
const ENTRIES = [
  "mod.ts",
  "testing/mod.ts",
  "inspect/mod.ts",
  "queues/durable/mod.ts",
];

interface Documentation {
  nodes: Record<string, {
    symbols: {
      name: string;
      declarations: { location: { filename: string } }[];
    }[];
  }>;
}

/** Maps each export to the path of the file that declares it. */
async function files(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const entries = await Array.fromAsync(ENTRIES, async (path) => {
    const exists = await Deno.stat(new URL(path, ROOT)).catch(() => null);
    return exists === null ? [] : [path];
  });
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", ...entries.flat()],
    cwd: ROOT,
    stderr: "null",
  }).output();
  const { nodes }: Documentation = JSON.parse(new TextDecoder().decode(stdout));
  for (const { symbols } of Object.values(nodes)) {
    for (const { name, declarations } of symbols) {
      const { filename } = declarations[0]!.location;
      found.set(name, filename.replace(ROOT.href, ""));
    }
  }
  return found;
}

/** Returns the page. */
export async function generateIndex(): Promise<string> {
  const where = await files();
  const table = await Deno.readTextFile(TABLE);
  const lines: string[] = [];
  let isOfPython = true;
  let isInTable = false;
  for (const line of table.split("\n")) {
    if (line === "## Only here") isOfPython = false;
    if (line.startsWith("! ")) {
      isInTable = true;
      lines.push(`| ${line.slice(2)} |`, "| --- | --- |");
    } else if (isInTable && line !== "") {
      lines.push(rowOf(line, isOfPython, where));
    } else {
      isInTable = false;
      lines.push(linked(line, where));
    }
  }
  return await formatted(lines.join("\n"));
}

function rowOf(
  line: string,
  isOfPython: boolean,
  where: ReadonlyMap<string, string>,
): string {
  const [, names, text] = /^(.+?)(?: \| (.*))?$/.exec(line)!;
  const first = isOfPython
    ? names!.split(", ").map((name) => `\`${name}\``).join(", ")
    : names!.split(", ").map((name) => link(name, where) ?? name).join(", ");
  const second = text === undefined
    ? link(byRule(names!), where) ?? fail(`${names} is not exported`)
    : withLeadingLink(text, where);
  return `| ${first} | ${second} |`;
}

/** The name that the rule gives: all words but those of classes in camel case. */
function byRule(name: string): string {
  return name.split(".").map((part) =>
    /^[A-Z]/.test(part)
      ? part
      : part.replaceAll(/(?<=.)_([a-z])/g, (_, letter) => letter.toUpperCase())
  ).join(".");
}

/** Links the name with which a text begins, if there is one. */
function withLeadingLink(
  text: string,
  where: ReadonlyMap<string, string>,
): string {
  const [name] = /^[A-Za-z_]\w*(?:\.\w+)?(?:\(\))?(?=$|[,;:. ])/.exec(text) ??
    [];
  const leading = name === undefined ? null : link(name, where);
  return linked(
    leading === null ? text : leading + text.slice(name!.length),
    where,
  );
}

function linked(text: string, where: ReadonlyMap<string, string>): string {
  return text.replaceAll(
    /\[\[([\w.]+(?:\(\))?)(?:\|([^\]]+))?\]\]/g,
    (_, name: string, path?: string) =>
      path === undefined
        ? link(name, where) ?? fail(`${name} is not exported`)
        : `[\`${name}\`](../${path})`,
  );
}

function link(name: string, where: ReadonlyMap<string, string>): string | null {
  const owner = name.replace(/\(\)$/, "").split(".")[0]!;
  const path = where.get(owner === "loop" ? "EventLoop" : owner);
  return path === undefined ? null : `[\`${name}\`](../${path})`;
}

function fail(message: string): never {
  throw new Error(message);
}

async function formatted(text: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext=md", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout);
}

if (import.meta.main) {
  const page = new URL("docs/api_index.md", ROOT);
  await Deno.writeTextFile(page, await generateIndex());
}
