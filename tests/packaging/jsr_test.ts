// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import { ownEntries } from "../../tools/doc.ts";
import { documentedExports } from "../../tools/documented_exports.ts";

const ROOT = new URL("../../", import.meta.url);

const { exports, license, publish } = JSON.parse(
  await Deno.readTextFile(new URL("deno.json", ROOT)),
) as {
  exports: Record<string, string>;
  license: string;
  publish: { exclude: string[] };
};

Deno.test("every entry says what it is for, with an example", async () => {
  for (const path of Object.values(exports)) {
    const source = await Deno.readTextFile(new URL(path, ROOT));
    const [doc = ""] = /\/\*\*[^]*?@module[^]*?\*\//.exec(source) ?? [];
    assert(doc.includes("@example"), `${path} has no example`);
    assert(/^\/\*\*\s+\* \S/.test(doc), `${path} has no description`);
  }
});

Deno.test("the package has a license and a README", async () => {
  assertEquals(license, "MIT");
  for (const name of ["LICENSE", "README.md"]) {
    assert((await Deno.stat(new URL(name, ROOT))).size > 0);
    assert(!publish.exclude.includes(name));
  }
});

Deno.test("every export has a category", async () => {
  const exports = await documentedExports(await ownEntries());
  assertEquals(
    exports.filter(({ category }) => category === "Other")
      .map(({ name }) => name),
    [],
  );
});
