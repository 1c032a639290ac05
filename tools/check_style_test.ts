// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { phrasesIn } from "./check_style.ts";

function found(path: string, source: string): string[] {
  return phrasesIn(path, source).map(({ line, text }) => `${line}: ${text}`);
}

Deno.test("phrasesIn() finds phrases in pages, but not in code and links", () => {
  const page = [
    "# Title",
    "An error arises at whoever waits. `meanwhile` [link](meanwhile.md)",
    "```ts",
    "// Nobody",
    "```",
    "Else it is no number.",
  ].join("\n");
  assertEquals(found("a.md", page).toSorted(), [
    "2: arises",
    "2: whoever",
    "6: Else",
    "6: is no",
  ]);
});

Deno.test("phrasesIn() finds phrases in comments and titles of modules only", () => {
  const source = [
    "/** Has the loop call it. */",
    'const text = "nobody // nobody";',
    "// Nobody reads this",
    'Deno.test("Lock tells whom it wakes", () => {});',
    "Deno.test(`Queue of ${somebody} that nobody reads`, () => {});",
    'test("Lock calls `meanwhile`, else nothing", () => {});',
    '/^nobody$/.test("nobody");',
    'Deno.test({ name: "Lock is no lock", ignore: true });',
  ].join("\n");
  assertEquals(found("a.ts", source).toSorted(), [
    "1: /** Has the",
    "3: Nobody",
    "4: whom",
    "5: nobody",
    "5: somebody",
    "6: , else",
    "8: is no",
  ]);
});

Deno.test("phrasesIn() accepts plain English", () => {
  const page = [
    "This page is no longer needed. There is no limit.",
    "What to do: cancel the task. What is a scope? Something else happens.",
    "The order of Deno's event loop, or else a timer. The library's own error.",
    "The rest of the caller's synchronous section. True of Deno's own errors.",
    "There may be no timer. The next one looks at the clock. It is no",
    "longer open. Where nothing is buffered, it reads from the connection.",
  ].join("\n");
  assertEquals(found("a.md", page), []);
});

Deno.test("phrasesIn() finds possessives without a noun, and one for you", () => {
  const page = [
    "An error of Deno's, and one of the user's own.",
    "An option of Node's that one can set.",
    "What is awaited ends.",
  ].join("\n");
  assertEquals(found("a.md", page).toSorted(), [
    "1: of Deno's",
    "1: of the user's",
    "2: of Node's",
    "2: one can",
    "3: What is awaited ends",
  ]);
});
