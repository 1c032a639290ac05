// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { backoff } from "./backoff.ts";

const ATTEMPTS = [1, 2, 3, 4, 5, 6];

Deno.test("backoff() grows by the factor up to the longest delay", () => {
  const delay = backoff({ first: 1, factor: 3, max: 20, jitter: "none" });
  assertEquals(ATTEMPTS.map(delay), [1, 3, 9, 20, 20, 20]);
});

Deno.test("backoff() begins with 0.1, doubles, and ends at 30 by default", () => {
  const delay = backoff({ random: () => 1 });
  assertEquals(ATTEMPTS.map(delay), [0.1, 0.2, 0.4, 0.8, 1.6, 3.2]);
  assertEquals(delay(100), 30);
  assertEquals(delay(100_000), 30);
});

Deno.test("backoff() takes a random part of each delay", () => {
  const parts = [0, 0.5, 1];
  const delay = backoff({ first: 4, random: () => parts.shift()! });
  assertEquals([1, 2, 3].map(delay), [0, 4, 16]);
  const natural = backoff({ first: 1 });
  for (let i = 0; i < 100; i++) {
    const seconds = natural(3);
    assert(seconds >= 0 && seconds <= 4);
  }
});

Deno.test("backoff() gives a number whatever the bounds", () => {
  assertEquals(backoff({ first: 0, factor: Infinity })(1000), 0);
  const endless = backoff({ max: Infinity, random: () => 0 });
  assertEquals(endless(100_000), 0);
  assertEquals(backoff({ max: Infinity, jitter: "none" })(1e5), Infinity);
  assertEquals(backoff({ factor: 1, jitter: "none" })(1e5), 0.1);
});

Deno.test("backoff() refuses a random number that is none", () => {
  const delay = backoff({ random: () => NaN });
  assertThrows(() => delay(1), RangeError, "from 0 to 1: received NaN");
});
