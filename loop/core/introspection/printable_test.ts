// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { printable } from "./printable.ts";

Deno.test("printable() escapes what a terminal would obey or hide", () => {
  const cases: [string, string][] = [
    ["plain, ümläut, 日本, 👍", "plain, ümläut, 日本, 👍"],
    ["\x1b[2J\x1b]0;title\x07", "\\u{1b}[2J\\u{1b}]0;title\\u{7}"],
    ["\x9b31m", "\\u{9b}31m"],
    ["two\nlines\r\t", "two\\u{a}lines\\u{d}\\u{9}"],
    ["\u202eabc\u2028", "\\u{202e}abc\\u{2028}"],
    ["\ud800", "\\u{d800}"],
  ];
  for (const [text, expected] of cases) assertEquals(printable(text), expected);
});

Deno.test("printable() cuts off long texts, not in the middle of a character", () => {
  assertEquals(printable("abcdef", 3), "abc…");
  assertEquals(printable("ab👍", 3), "ab…");
});
