// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { linksIn } from "./links.ts";

Deno.test("linksIn() finds each link once, without its fragment", () => {
  const html = `<a href="a">A</a> <A class=x HREF='/b?c&amp;d#e'>B</A>
    <a href="/x/a#top"> <a href="http://[/"> <abbr href="no"> <a>`;
  assertEquals(
    linksIn(html, "http://example.org/x/y").map(String),
    ["http://example.org/x/a", "http://example.org/b?c&d"],
  );
});
