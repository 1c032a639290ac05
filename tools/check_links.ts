// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Checks the links of all pages and of the documentation in the code: that what is in the project is there,
 * with the heading that is linked to, and that other addresses are addresses. Asks no server.
 *
 * @module
 */

import {
  anchorsIn,
  type Link,
  linksInMarkdown,
  linksInModule,
} from "./links.ts";

/** Returns the broken links of a folder's files, a line each. */
export async function brokenLinks(root: URL): Promise<string[]> {
  const problems: string[] = [];
  for await (const file of filesIn(root)) {
    const text = await Deno.readTextFile(file);
    const links = file.pathname.endsWith(".md")
      ? linksInMarkdown(text)
      : linksInModule(text);
    for (const link of links) {
      const problem = await problemWith(link, file, root);
      if (problem === null) continue;
      const path = pathFrom(root, file);
      problems.push(`${path}:${link.line}: ${link.target}: ${problem}`);
    }
  }
  return problems;
}

/** All pages and modules, in the order of their names; but what is hidden, as what is not ours is. */
async function* filesIn(folder: URL): AsyncGenerator<URL> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  for (const { name, isDirectory } of entries.toSorted(byName)) {
    const path = encodeURIComponent(name);
    if (isDirectory) {
      const isHidden = name.startsWith(".") && name !== ".github";
      if (isHidden || name === "node_modules") continue;
      yield* filesIn(new URL(`${path}/`, folder));
    } else if (/\.(md|ts)$/.test(name)) yield new URL(path, folder);
  }
}

async function problemWith(
  { target }: Link,
  file: URL,
  root: URL,
): Promise<string | null> {
  if (/^[a-z][a-z\d+.-]*:/i.test(target)) return problemWithAddress(target);
  const to = URL.parse(target, file);
  if (to === null || target === "") return "is no link";
  if (target.startsWith("/") || !to.href.startsWith(root.href)) {
    return "leads out of the project";
  }
  const anchor = decodeURIComponent(to.hash.slice(1));
  to.hash = "";
  if (!await exists(to)) return "there is no such file";
  if (anchor === "") return null;
  if (!to.pathname.endsWith(".md")) return "only pages have headings";
  return anchorsIn(await Deno.readTextFile(to)).has(anchor)
    ? null
    : "there is no such heading";
}

function problemWithAddress(target: string): string | null {
  const url = URL.parse(target);
  if (url === null) return "is no address";
  if (url.protocol === "mailto:") return null;
  if (url.protocol !== "https:") return "is not https";
  return url.hostname.includes(".") ? null : "names no host";
}

async function exists(url: URL): Promise<boolean> {
  try {
    await Deno.stat(url);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function pathFrom(root: URL, file: URL): string {
  return decodeURIComponent(file.href.slice(root.href.length));
}

function byName(one: Deno.DirEntry, other: Deno.DirEntry): number {
  return one.name < other.name ? -1 : 1;
}

if (import.meta.main) {
  const problems = await brokenLinks(new URL("../", import.meta.url));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) Deno.exit(1);
}
