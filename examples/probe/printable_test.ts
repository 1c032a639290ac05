// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { printable, shorten } from "./printable.ts";

Deno.test("printable() removes characters that control a terminal", () => {
  assertEquals(printable("\x1b[31mred\x1b[0m", 80), "·[31mred·[0m");
  assertEquals(printable("\x1b]0;title\x07", 80), "·]0;title·");
  assertEquals(printable("a\r\x08\x7fb", 80), "a·b");
  assertEquals(printable("C1 \x9b31m", 80), "C1 ·31m");
  assertEquals(printable("bidi \u202eevil\u2066", 80), "bidi ·evil·");
  assertEquals(printable("zero\u200bwidth\u{e0001}", 80), "zero·width·");
  assertEquals(printable("two\u2028lines", 80), "two·lines");
  assertEquals(printable("\ud800", 80), "·");
});

Deno.test("printable() keeps readable characters", () => {
  const text = "220 Grüße, 世界 😀 ready~";
  assertEquals(printable(text, 80), text);
});

Deno.test("shorten() counts characters, including the …", () => {
  assertEquals(shorten("abc", 3), "abc");
  assertEquals(shorten("abcd", 3), "ab…");
  assertEquals(shorten("😀😀😀", 3), "😀😀😀");
  assertEquals(shorten("😀😀😀😀", 3), "😀😀…");
  assertEquals(shorten("abc", Infinity), "abc");
  assertEquals(shorten("abc", 1), "…");
  assertEquals(shorten("abc", -5), "…");
});
