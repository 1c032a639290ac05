// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertFalse } from "@std/assert";
import { FirstLine } from "./first_line.ts";

function firstLine(...chunks: (string | number[])[]): FirstLine {
  const line = new FirstLine();
  for (const chunk of chunks) {
    line.push(
      typeof chunk === "string"
        ? new TextEncoder().encode(chunk)
        : Uint8Array.from(chunk),
    );
  }
  return line;
}

Deno.test("FirstLine is null until data arrives", () => {
  assertEquals(firstLine().text, null);
  assertEquals(firstLine("\r\n").text, null);
  assertFalse(firstLine("\r\n").isComplete);
});

Deno.test("FirstLine ends at the line feed, wherever the chunks end", () => {
  const line = firstLine("\n22", "0 ready\r", "\n250");
  assert(line.isComplete);
  assertEquals(line.text, "220 ready");
});

Deno.test("FirstLine shows a line that has not ended", () => {
  const line = firstLine("login: ");
  assertFalse(line.isComplete);
  assertEquals(line.text, "login:");
});

Deno.test("FirstLine decodes characters that are split by chunks, and invalid UTF-8", () => {
  assertEquals(firstLine([0xc3], [0xbc, 10]).text, "ü");
  assertEquals(firstLine([0xff, 65, 10]).text, "\ufffdA");
  assertEquals(firstLine([74, 0, 0, 1, 56, 10]).text, "J·8");
});

Deno.test("FirstLine is complete after enough bytes without a line feed", () => {
  const line = firstLine("x".repeat(FirstLine.MAX_BYTES + 1));
  assert(line.isComplete);
  assertEquals(line.text, "x".repeat(FirstLine.MAX_LENGTH - 1) + "…");
});
