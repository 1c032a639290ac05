// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { linksInMarkdown } from "../../tools/links.ts";

const DOCS = new URL("../../docs/", import.meta.url);

Deno.test("docs/README.md lists every page", async () => {
  const index = await Deno.readTextFile(new URL("README.md", DOCS));
  const listed = linksInMarkdown(index).map(({ target }) => target);
  const pages = await Array.fromAsync(Deno.readDir(DOCS), ({ name }) => name);
  assertEquals(
    pages.filter((name) => name !== "README.md" && !listed.includes(name)),
    [],
  );
});
