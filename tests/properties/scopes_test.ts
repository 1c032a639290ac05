// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { property } from "./property.ts";
import type { Oracle } from "./scope_model.ts";
import {
  type Hints,
  type Program,
  programs,
  runByLibrary,
  runByModel,
  type Runnable,
} from "./scope_programs.ts";

/** How many programs, and in how many of those lines could not be told apart. */
const counts = { programs: 0, missed: 0, repeated: 0, late: 0 };

async function assertLikeModel(program: Program): Promise<void> {
  const { log, hints } = await runByLibrary(program);
  const oracle = oracleOf(log, hints);
  const { log: expected, model } = await runByModel(program, oracle);
  const { missed, repeated, late } = model.undecidable;
  counts.programs++;
  if (missed > 0) counts.missed++;
  if (repeated > 0) counts.repeated++;
  if (late > 0) counts.late++;
  assertEquals(lines(log), lines(expected));
}

function lines(log: readonly Runnable[]): string[] {
  return log.map(({ time, place, text }) =>
    `${time.toFixed(9).padStart(13)} ${place}: ${text}`
  ).toSorted();
}

/** What the library did, where that decides. */
function oracleOf(
  log: readonly Runnable[],
  hints: Hints,
): Oracle {
  const order = new Map(log.map(({ place }, index) => [place, index]));
  return {
    isGroupStruck: (place) => hints.groups.has(place),
    isAborted: (place) => hints.aborted.has(place),
    isStruck(place, time) {
      const index = order.get(place);
      if (index === undefined) return false;
      const entry = log[index]!;
      return entry.time === time && entry.text.endsWith("CancelledError");
    },
    order: (place) => order.get(place) ?? Infinity,
    hasFailed: (place) =>
      log[order.get(place) ?? -1]?.text.includes("throws") ?? false,
  };
}

property(
  "Requests to cancel reach what the model predicts in tasks of one line",
  500,
  programs({ foreign: true, concurrent: false }),
  assertLikeModel,
);

property(
  "Requests to cancel reach what the model predicts when only the library is awaited",
  500,
  programs({ foreign: false, concurrent: true }),
  assertLikeModel,
);

property(
  "Requests to cancel reach what the model predicts in concurrent lines",
  1000,
  programs({ foreign: true, concurrent: true }),
  async (program) => await assertLikeModel(program),
);

Deno.test("Lines that cannot be told apart are counted", () => {
  console.log(counts);
});
