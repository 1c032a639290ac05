// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { anchorsIn, linksInMarkdown, linksInModule } from "./links.ts";

function targets(text: string): string[] {
  return linksInMarkdown(text).map(({ target }) => target);
}

Deno.test("linksInMarkdown() finds links of every form, and their lines", () => {
  const text = [
    "# Title",
    "",
    "See [a](a.md), [`b`](b.md#part) and ![c](c.svg).",
    "A [long",
    'one](d.md "with a title"), [e](<e.md>), and [f](f_(g).md).',
    "",
    "[h]: h.md",
  ].join("\n");
  assertEquals(linksInMarkdown(text), [
    { target: "a.md", line: 3 },
    { target: "b.md#part", line: 3 },
    { target: "c.svg", line: 3 },
    { target: "d.md", line: 5 },
    { target: "e.md", line: 5 },
    { target: "f_(g).md", line: 5 },
    { target: "h.md", line: 7 },
  ]);
});

Deno.test("linksInMarkdown() finds none in code", () => {
  assertEquals(targets("`[a](a.md)` [b](b.md) ``[`c`](c.md)``"), ["b.md"]);
  assertEquals(
    targets(
      "```ts\n[a](a.md);\n```\n[b](b.md)\n\n    ~~~\n[c](c.md)\n    ~~~\n",
    ),
    ["b.md"],
  );
  assertEquals(targets("a ` alone\n\n[a](a.md) and `code`"), ["a.md"]);
});

Deno.test("linksInMarkdown() finds a link of nothing", () => {
  assertEquals(targets("[a]()"), [""]);
});

Deno.test("linksInModule() finds links in documentation comments only", () => {
  const source = [
    "/**",
    " * See {@link ./a.ts}, {@link b.md | the page} and [c](../c.md).",
    " *",
    " * ```ts",
    " * [d](d.md);",
    " * ```",
    " * @see {@link https://example.org/}",
    " */",
    'const text = "[e](e.md) {@link ./e.ts}"; // [f](f.md)',
    "/* [g](g.md) */",
    "class A {",
    "  /** As {@linkcode ./h.ts}. */",
    "  b = 1;",
    "}",
  ].join("\n");
  assertEquals(
    linksInModule(source).toSorted((a, b) => a.line - b.line),
    [
      { target: "../c.md", line: 2 },
      { target: "./a.ts", line: 2 },
      { target: "b.md", line: 2 },
      { target: "https://example.org/", line: 7 },
      { target: "./h.ts", line: 12 },
    ],
  );
});

Deno.test("linksInModule() leaves symbols out", () => {
  assertEquals(
    linksInModule(
      "/** {@linkcode Task}, {@link Task.cancel}, {@link $a[b]} */",
    ),
    [],
  );
});

Deno.test("anchorsIn() makes them as GitHub does", () => {
  const text = [
    "# What `run()` does, on Deno",
    "## TLS by version",
    "## [A page](a.md) & more",
    "## TLS by version",
    "```sh",
    "# no heading",
    "```",
    "### snake_case - Größe",
  ].join("\n");
  assertEquals([...anchorsIn(text)], [
    "what-run-does-on-deno",
    "tls-by-version",
    "a-page--more",
    "tls-by-version-1",
    "snake_case---größe",
  ]);
});
