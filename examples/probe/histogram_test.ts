// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { histogram, median } from "./histogram.ts";

Deno.test("histogram() goes from the first bucket in use to the last", () => {
  assertEquals(histogram([]), []);
  assertEquals(histogram([0]), [{ fromMs: 0, toMs: 0.1, count: 1 }]);
  assertEquals(histogram([0.2, 0.3, 1, 1.9, 5]), [
    { fromMs: 0.2, toMs: 0.5, count: 2 },
    { fromMs: 0.5, toMs: 1, count: 0 },
    { fromMs: 1, toMs: 2, count: 2 },
    { fromMs: 2, toMs: 5, count: 0 },
    { fromMs: 5, toMs: 10, count: 1 },
  ]);
});

Deno.test("histogram() reaches past the longest timeout", () => {
  assertEquals(histogram([3_600_000]), [
    { fromMs: 2_000_000, toMs: 5_000_000, count: 1 },
  ]);
});

Deno.test("median() is the middle one, or between the middle ones", () => {
  assertEquals(median([3]), 3);
  assertEquals(median([1, 2, 9]), 2);
  assertEquals(median([1, 2, 4, 9]), 3);
});
