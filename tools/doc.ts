// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Builds the API documentation as a site: `deno task doc`, or into the folder that follows.
 *
 * It is `deno doc --html` with a front page that lists all exports by category. The entries that `mod.ts` exports
 * again are left out, so that there is one page for each export.
 *
 * @module
 */

import { resolve } from "node:path";
import {
  type DocumentedExport,
  documentedExports,
  wholeName,
} from "./documented_exports.ts";

const ROOT = new URL("../", import.meta.url);
const PACKAGE = "@asyncio/asyncio";

/** The categories in the order of the front page; others follow in the order of their names. */
const CATEGORIES = [
  "Tasks",
  "Waiting for several",
  "Time limits and cancellation",
  "Synchronisation",
  "Queues",
  "Durable queues",
  "Streams",
  "Servers",
  "Subprocesses",
  "Threads",
  "Errors",
  "Event loop",
  "Futures",
  "Context",
  "Transports and protocols",
  "TLS",
  "Names and addresses",
  "Call graph",
  "Inspection",
  "Policies",
  "Tests",
  "Network in memory",
];

/** The entries that have exports of their own, by the name of their folder; "" is the whole library. */
export async function ownEntries(): Promise<string[]> {
  const config = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  ) as { exports: Record<string, string> };
  const all = await Deno.readTextFile(new URL("mod.ts", ROOT));
  return Object.values(config.exports)
    .filter((path) => path === "./mod.ts" || !all.includes(`"${path}"`))
    .map((path) => path.replace(/^\.\/|\/?mod\.ts$/g, ""));
}

/** The front page, in Markdown. */
function frontPage(
  exports: readonly DocumentedExport[],
  guides: string | undefined,
): string {
  const found = new Set(exports.map(({ category }) => category));
  const order = [
    ...CATEGORIES.filter((each) => found.has(each)),
    ...[...found].filter((each) => !CATEGORIES.includes(each)).toSorted(),
  ];
  const parts = order.map((category) => {
    const rows = exports.filter((each) => each.category === category)
      .toSorted((a, b) => rank(a) - rank(b) || compare(a.name, b.name))
      .map((each) =>
        `- [\`${wholeName(each)}\`](${pathOf(each)}): ${each.summary}`
      );
    return `## ${category}\n\n${rows.join("\n")}`;
  });
  return [
    "Python's `asyncio` for Deno: tasks that can be cancelled, task groups, time limits, locks, queues, streams, " +
    "subprocesses, threads, and an event loop you can inspect.",
    guides === undefined
      ? "This is the reference. The tutorial and the guides are in the repository, in `docs/`."
      : `This is the reference. There are also [a tutorial and guides](${guides}).`,
    ...parts,
  ].join("\n\n");
}

/** The page of an export, relative to the front page. */
export function pathOf({ entry, name }: DocumentedExport): string {
  return `./${entry === "" ? "" : `${entry}/`}~/${name}.html`;
}

/** Types and options come last. */
function rank({ kind }: DocumentedExport): number {
  return kind === "interface" || kind === "typeAlias" ? 1 : 0;
}

function compare(one: string, other: string): number {
  return one.toLowerCase() < other.toLowerCase() ? -1 : 1;
}

/** Keeps wide code inside its block on narrow screens, where `deno doc` widens the page. */
const NARROW_SCREENS = `
.ddoc > div, #content, main, main *:not(svg):not(svg *) { min-width: 0; }
pre { overflow-x: auto; }
@media (max-width: 640px) {
  #topnav > div { flex-wrap: wrap; height: auto; }
  main, main > * { max-width: 100%; }
  main code { overflow-wrap: anywhere; }
}
`;

/** Builds the site; its front page links to the guides if they are given. */
export async function buildApi(path: string, guides?: string): Promise<void> {
  const output = resolve(path);
  await Deno.mkdir(output, { recursive: true });
  const entries = await ownEntries();
  const exports = await documentedExports(entries);
  const folder = await Deno.makeTempDir({ dir: ROOT.pathname });
  try {
    const front = `${folder}/mod.ts`;
    const text = frontPage(exports, guides).replaceAll("*/", "*\\/");
    const comment = `/**\n${
      text.replaceAll(/^/gm, " * ")
    }\n *\n * @module\n */`;
    await Deno.writeTextFile(
      front,
      `${comment}\nexport * from "../mod.ts";\n`,
    );
    // By its exports deno doc tells which entry is the front page.
    const paths = Object.fromEntries(
      entries.map((entry) =>
        entry === "" ? [".", "./mod.ts"] : [`./${entry}`, `./${entry}/mod.ts`]
      ),
    );
    await Deno.writeTextFile(
      `${folder}/deno.json`,
      JSON.stringify({ name: PACKAGE, version: "0.0.0", exports: paths }),
    );
    for (const entry of entries.filter(Boolean)) {
      await Deno.mkdir(`${folder}/${entry}`, { recursive: true });
      const depth = "../".repeat(entry.split("/").length + 1);
      await Deno.writeTextFile(
        `${folder}/${entry}/mod.ts`,
        `/** Entry \`${PACKAGE}/${entry}\`. @module */\nexport * from "${depth}${entry}/mod.ts";\n`,
      );
    }
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: [
        "doc",
        "--html",
        "--quiet",
        "--name=asyncio",
        `--output=${output}`,
        ...entries.map((entry) => `${entry}/mod.ts`.replace(/^\//, "")),
      ],
      cwd: folder,
      stdout: "null",
      stderr: "inherit",
    }).output();
    if (!success) throw new Error("deno doc failed");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  await nameImports(output, entries);
  const css = `${output}/page.css`;
  await Deno.writeTextFile(css, NARROW_SCREENS, { append: true });
}

/** Names the package in the imports on the pages, where `deno doc` writes the path of the entry. */
async function nameImports(
  folder: string,
  entries: readonly string[],
): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) await nameImports(path, entries);
    else if (name.endsWith(".html")) {
      const html = await Deno.readTextFile(path);
      const named = html.replaceAll(
        /from &quot;([\w/.]+)&quot;/g,
        (whole, entry: string) => {
          if (entry === ".") return `from &quot;${PACKAGE}&quot;`;
          return entries.includes(entry)
            ? `from &quot;${PACKAGE}/${entry}&quot;`
            : whole;
        },
      );
      if (named !== html) await Deno.writeTextFile(path, named);
    }
  }
}

if (import.meta.main) {
  const [output = "site/api"] = Deno.args;
  await Deno.remove(output, { recursive: true }).catch(() => {});
  await buildApi(output);
  console.log(`The API documentation is in ${output}/index.html`);
}
