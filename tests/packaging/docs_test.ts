// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import { linksInMarkdown } from "../../tools/links.ts";

const DOCS = new URL("../../docs/", import.meta.url);
/** Not guides: the list of pages, and the index, which is searched. */
const LISTS = ["README.md", "api_index.md"];

const pages = await Array.fromAsync(Deno.readDir(DOCS), ({ name }) => name);
const guides = pages.filter((name) =>
  name.endsWith(".md") && !LISTS.includes(name)
);

Deno.test("docs/README.md lists every page", async () => {
  const index = await Deno.readTextFile(new URL("README.md", DOCS));
  const listed = linksInMarkdown(index).map(({ target }) => target);
  assertEquals(
    pages.filter((name) =>
      name.endsWith(".md") && name !== "README.md" && !listed.includes(name)
    ),
    [],
  );
});

Deno.test("every page begins with what it is for", async () => {
  for (const name of guides) {
    const text = await Deno.readTextFile(new URL(name, DOCS));
    const [title, first] = text.split("\n\n", 2);
    assert(/^# \S.*$/.test(title!), `${name} has no title`);
    assert(/^This page /.test(first!), `${name} begins with: ${first}`);
  }
});

Deno.test("every page ends with where to go next", async () => {
  for (const name of guides) {
    const text = await Deno.readTextFile(new URL(name, DOCS));
    const last = text.slice(text.lastIndexOf("\n## "));
    assert(last.startsWith("\n## Where to go next\n"), name);
    const links = linksInMarkdown(last);
    assert(links.length >= 2, `${name} has ${links.length} links at its end`);
  }
});
