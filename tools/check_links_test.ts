// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { withDirectory } from "../tests/doubles/directory.ts";
import { brokenLinks } from "./check_links.ts";

/** Returns the broken links of a project that consists of these files. */
async function problemsOf(
  files: Readonly<Record<string, string>>,
): Promise<string[]> {
  let problems: string[] = [];
  await withDirectory(async (path) => {
    const slashes = path.replaceAll("\\", "/").replace(/^\//, "");
    const root = new URL(`file:///${slashes}/`);
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(new URL("./", new URL(name, root)), { recursive: true });
      await Deno.writeTextFile(new URL(name, root), text);
    }
    problems = await brokenLinks(root);
  });
  return problems;
}

Deno.test("brokenLinks() says nothing where all is there", async () => {
  assertEquals(
    await problemsOf({
      "README.md":
        "# Start\n[a](docs/a.md#a-part) [docs](docs/) [here](#start) [src](src/a.ts)",
      "docs/a.md": "## A part\n[back](../README.md) <https://example.org>",
      "src/a.ts": "/** {@link ../docs/a.md#a-part}, {@linkcode Task.cancel} */",
      ".hidden/a.md": "[a](nothing.md)",
      "node_modules/a.md": "[a](nothing.md)",
      "a.txt": "[a](nothing.md)",
    }),
    [],
  );
});

Deno.test("brokenLinks() names the file, the line, the link and what is wrong", async () => {
  assertEquals(
    await problemsOf({
      "README.md": "\n[a](docs/b.md)\n[b](docs/a.md#part)\n[c](#c)",
      "docs/a.md": "[a](../src/a.ts#L1) [b]() [c](/README.md) [d](../../d.md)",
      "src/a.ts": "\n/** {@link ./b.ts} [b](../docs/a.md#b) */",
    }),
    [
      "README.md:2: docs/b.md: there is no such file",
      "README.md:3: docs/a.md#part: there is no such heading",
      "README.md:4: #c: there is no such heading",
      "docs/a.md:1: ../src/a.ts#L1: only pages have headings",
      "docs/a.md:1: : is no link",
      "docs/a.md:1: /README.md: leads out of the project",
      "docs/a.md:1: ../../d.md: leads out of the project",
      "src/a.ts:2: ../docs/a.md#b: there is no such heading",
      "src/a.ts:2: ./b.ts: there is no such file",
    ],
  );
});

Deno.test("brokenLinks() looks at the form of other addresses", async () => {
  assertEquals(
    await problemsOf({
      "a.md":
        "[a](https://example.org/a#b) [b](mailto:a@example.org) [c](http://example.org/) [d](https://) [e](https://localhost/) [f](ftp://example.org/)",
    }),
    [
      "a.md:1: http://example.org/: is not https",
      "a.md:1: https://: is no address",
      "a.md:1: https://localhost/: names no host",
      "a.md:1: ftp://example.org/: is not https",
    ],
  );
});
