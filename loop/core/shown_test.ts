// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { shown } from "./shown.ts";

Deno.test("shown() tells values of different types apart", () => {
  const values: [unknown, string][] = [
    ["80", '"80"'],
    [80, "80"],
    [80n, "80n"],
    [Number.NaN, "NaN"],
    [true, "true"],
    [undefined, "undefined"],
    [null, "null"],
    [Symbol("s"), "Symbol(s)"],
    [() => {}, "a function"],
    [{}, "an instance of Object"],
    [new Date(0), "an instance of Date"],
    [Object.create(null), "an instance of no class"],
    [{ constructor: { name: Symbol("s") } }, "an instance of no class"],
    [Proxy.revocable({}, {}).proxy, "an instance of Object"],
    ["x".repeat(81), `"${"x".repeat(80)}"…`],
  ];
  for (const [value, text] of values) assertEquals(shown(value), text);
});

Deno.test("shown() describes what throws when it is looked at", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  assertEquals(shown(proxy), "an instance of no class");
});
