// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import { Random, seedOf } from "./_random.ts";

Deno.test("Random returns the same numbers for the same seed, and others for another", () => {
  const numbers = (seed: number) => {
    const random = new Random(seed);
    return Array.from({ length: 5 }, () => random.next());
  };
  assertEquals(numbers(1), numbers(1));
  assert(numbers(1).every((each, index) => each !== numbers(2)[index]));
});

Deno.test("Random.below() returns every integer of its range about equally often", () => {
  const random = new Random(1);
  const counts = [0, 0, 0, 0, 0];
  for (let i = 0; i < 5000; i++) counts[random.below(5)]!++;
  assert(counts.every((count) => count > 900 && count < 1100), `${counts}`);
});

Deno.test("seedOf() returns one seed for each index", () => {
  const seeds = Array.from({ length: 1000 }, (_, index) => seedOf(7, index));
  assertEquals(new Set(seeds).size, 1000);
});
