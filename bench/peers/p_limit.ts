// Copyright 2026 the asyncio for Deno authors. MIT license.

import pLimit from "npm:p-limit@^7";
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

/** p-limit: so many calls at a time. All are made at once, as promises; what runs cannot be cancelled. */
export const pLimitLibrary: Contestant = {
  name: "p-limit",
  cases: {
    "1,000 items, 10 at a time, an item": timed(
      () => repeatedly(() => workOnAll(async () => await null)),
      TIMES * ITEMS,
    ),
    "1,000 waits, 10 at a time, a wait": timed(
      () => repeatedly(() => workOnAll(hostTurn)),
      TIMES * ITEMS,
    ),
    "1,000 tasks for 10 permits, a task": timed(
      () => repeatedly(() => workOnAll(async () => await null)),
      TIMES * ITEMS,
    ),
    "map of 10,000 to promises, an item": timed(
      () => workOnAll(async (item) => await item, OPERATIONS),
    ),
    "map of 1,000 waits, an item": timed(
      () => repeatedly(() => workOnAll(hostTurn)),
      TIMES * ITEMS,
    ),
  },
};

async function workOnAll(
  workOn: (item: number) => Promise<unknown>,
  items = ITEMS,
): Promise<void> {
  const limit = pLimit(AT_A_TIME);
  await Promise.all(
    Array.from({ length: items }, (_, item) => limit(() => workOn(item))),
  );
}
