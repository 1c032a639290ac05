// Copyright 2026 the asyncio for Deno authors. MIT license.

import pMap from "npm:p-map@^7";
import {
  AT_A_TIME,
  type Contestant,
  hostTurn,
  ITEMS,
  OPERATIONS,
  repeatedly,
  timed,
  TIMES,
} from "./contest.ts";

/**
 * p-map: so many calls at a time, and all results in an array. An error ends it, but what runs goes on, and a slow
 * consumer has no say.
 */
export const pMapLibrary: Contestant = {
  name: "p-map",
  cases: {
    "10,000 calls, 10 at a time, a call": timed(mapToValues),
    "map of 10,000 to values, an item": timed(mapToValues),
    "map of 10,000 to promises, an item": timed(() =>
      pMap(Array(OPERATIONS).keys(), async (item) => await item, {
        concurrency: AT_A_TIME,
      })
    ),
    "map of 1,000 waits, an item": timed(
      () =>
        repeatedly(() =>
          pMap(Array(ITEMS).keys(), hostTurn, { concurrency: AT_A_TIME })
        ),
      TIMES * ITEMS,
    ),
  },
};

function mapToValues(): Promise<number[]> {
  const items = Array(OPERATIONS).keys();
  return pMap(items, (item) => item, { concurrency: AT_A_TIME });
}
