// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { linksInMarkdown } from "../links.ts";
import { stagePages } from "./stage.ts";

async function* pagesIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* pagesIn(`${folder}/${name}`);
    else if (name.endsWith(".md")) yield `${folder}/${name}`;
  }
}

Deno.test("stagePages() writes every page that its pages link to", async () => {
  const stage = await Deno.makeTempDir();
  try {
    await stagePages(stage);
    const pages = new Set(await Array.fromAsync(pagesIn(stage)));
    const missing = new Set<string>();
    for (const page of pages) {
      for (const { target } of linksInMarkdown(await Deno.readTextFile(page))) {
        if (!target.startsWith("/") || target.startsWith("/api/")) continue;
        const path = stage +
          target.replace(/#.*$/, "").replace(/(?<!\.md)$/, ".md");
        if (!pages.has(path)) missing.add(target);
      }
    }
    assertEquals([...missing], []);
    assertEquals(pages.has(`${stage}/index.md`), true);
    assertEquals(pages.has(`${stage}/docs/tutorial.md`), true);
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
});
