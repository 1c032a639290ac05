// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import type { AddrInfo } from "../dns/get_addr_info.ts";
import { interleave } from "./_dial.ts";

function infos(families: string): AddrInfo[] {
  return [...families].map((digit, i) => ({
    transport: "tcp",
    hostname: `host ${i}`,
    port: 1,
    family: digit === "6" ? 6 : 4,
  }));
}

Deno.test("interleave() alternates between the families", () => {
  const cases: [families: string, count: number, expected: string][] = [
    ["", 1, ""],
    ["4", 1, "0"],
    ["666444", 1, "031425"],
    ["6644446", 1, "0213645"],
    ["444466", 1, "041523"],
    ["66644", 2, "01324"],
    ["66644", 3, "01234"],
    ["66644", 9, "01234"],
  ];
  for (const [families, count, expected] of cases) {
    const result = interleave(infos(families), count);
    assertEquals(
      result.map(({ hostname }) => hostname.slice(5)).join(""),
      expected,
      `${families}, ${count}`,
    );
  }
});
