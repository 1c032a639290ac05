// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RateLimiter } from "npm:limiter@^3";
import { type Contestant, OPERATIONS, RATE, timed } from "./contest.ts";

/** limiter: a token bucket. Waiting calls cannot be cancelled, and are not served in order. */
export const limiter: Contestant = {
  name: "limiter",
  cases: {
    "rate limiter, without waiting": timed(async () => {
      const limiter = makeLimiter();
      for (let i = 0; i < OPERATIONS; i++) await limiter.removeTokens(1);
    }),
    // deno-lint-ignore require-await -- the measure is of something asynchronous
    "rate limiter, trying": timed(async () => {
      const limiter = makeLimiter();
      for (let i = 0; i < OPERATIONS; i++) limiter.tryRemoveTokens(1);
    }),
  },
};

function makeLimiter(): RateLimiter {
  return new RateLimiter({ tokensPerInterval: RATE, interval: "second" });
}
