// Copyright 2026 the asyncio for Deno authors. MIT license.

import { documentedExports } from "../documented_exports.ts";
import { ownEntries, pathOf } from "../doc.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
/** The folders whose pages are on the site; "" stands for the root alone. */
const FOLDERS = ["", "docs", "examples", "bench"];

/** Writes the pages in the form that VitePress takes, and a page for each source that one of them links to. */
export async function stagePages(stage: string): Promise<void> {
  const api = new Map(
    (await documentedExports(await ownEntries()))
      .map((each) => [each.name, `/api/${pathOf(each).slice(2)}`]),
  );
  const sources = new Set<string>();
  for (const folder of FOLDERS) {
    for await (const { name } of Deno.readDir(ROOT + folder)) {
      const path = folder === "" ? name : `${folder}/${name}`;
      if (name.endsWith(".md")) {
        const text = await Deno.readTextFile(ROOT + path);
        await write(stage, pageOf(path), pageText(text, path, api, sources));
      } else if (folder === "docs" && name.endsWith(".svg")) {
        await Deno.mkdir(`${stage}/docs`, { recursive: true });
        await Deno.copyFile(ROOT + path, `${stage}/${path}`);
      }
    }
  }
  for (const path of sources) await stageSource(stage, path, sources);
}

/** Writes a page that shows a file, or lists a folder. */
async function stageSource(
  stage: string,
  path: string,
  sources: Set<string>,
): Promise<void> {
  const { isDirectory } = await Deno.stat(ROOT + path);
  let text = `---\nsearch: false\nsidebar: true\n---\n\n# ${path}\n\n`;
  if (isDirectory) {
    const names = await Array.fromAsync(
      Deno.readDir(ROOT + path),
      (entry) => entry.name,
    );
    for (const name of names.toSorted()) {
      const child = `${path}/${name}`;
      sources.add(child); // a set may grow while it is iterated
      text += `- [${name}](/${sourcePage(child)})\n`;
    }
  } else {
    const code = await Deno.readTextFile(ROOT + path);
    const language = /\.(ts|py|json|sh)$/.exec(path)?.[1] ?? "txt";
    text += `\`\`\`\`${language}\n${code}\`\`\`\`\n`;
  }
  await write(stage, `${sourcePage(path)}.md`, text);
}

/** Adapts a page: links to pages stay, links to exports lead to the API, links to files to their source pages. */
function pageText(
  text: string,
  path: string,
  api: ReadonlyMap<string, string>,
  sources: Set<string>,
): string {
  return text
    .replaceAll(/^(```ts) ignore$/gm, "$1")
    .replaceAll(
      /\[([^\]]*)\]\((?!https?:|mailto:|#)([^()\s#]+)(#[^()\s]*)?\)/g,
      (whole, label: string, target: string, hash = "") => {
        const to = new URL(target, `file:///${path}`).pathname.slice(1)
          .replace(/\/$/, "");
        if (to.endsWith(".svg")) return whole;
        if (to.endsWith(".md") && isStaged(to)) {
          return `[${label}](/${pageOf(to)}${hash})`;
        }
        const [, name] = /^`(?:loop\.)?([A-Za-z_]\w*)/.exec(label) ?? [];
        const page = label.startsWith("`loop.")
          ? api.get("EventLoop")
          : api.get(name ?? "");
        if (page !== undefined) return `[${label}](${page}){target="_self"}`;
        sources.add(to);
        return `[${label}](/${sourcePage(to)})`;
      },
    );
}

function isStaged(path: string): boolean {
  const folder = path.split("/").slice(0, -1).join("/");
  return FOLDERS.includes(folder);
}

/** Returns the path of a staged page: README.md is the index of its folder. */
function pageOf(path: string): string {
  return path.replace(/(^|\/)README\.md$/, "$1index.md");
}

function sourcePage(path: string): string {
  return `source/${path.replaceAll(".", "_")}`;
}

async function write(stage: string, path: string, text: string): Promise<void> {
  const file = `${stage}/${path}`;
  await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(file, text);
}
