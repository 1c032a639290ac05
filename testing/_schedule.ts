// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { ExplorationLimits } from "./_exploring_loop.ts";
import { Random, seedOf } from "./_random.ts";
import { Priorities, RandomWalk } from "./_random_walk.ts";
import { PrefixSchedule } from "./_prefix_schedule.ts";
import type { Strategy } from "./_strategy.ts";

/** One order of events, in a form that can be run again. */
export type Schedule = RandomSchedule | PathSchedule;

interface RandomSchedule {
  readonly kind: "random";
  readonly limits: ExplorationLimits;
  readonly seed: number;
  /** The number of the schedule among those of its seed. */
  readonly index: number;
  /** The approximate number of steps. */
  readonly steps: number;
}

interface PathSchedule {
  readonly kind: "path";
  readonly limits: ExplorationLimits;
  readonly seed: number;
  /** The choice at each place that has one; after the last of them, always the first move. */
  readonly choices: readonly number[];
}

/** The number of priority changes in a random schedule is below this. */
const MAX_CHANGES = 4;

/** Returns the strategy of a random schedule. */
export function randomStrategy(schedule: RandomSchedule): Strategy {
  const { seed, index, steps, limits } = schedule;
  const random = new Random(seedOf(seed, index));
  // The limit may be large, but a schedule has room for few faults, and most bugs need no more.
  const cancellations = Math.min(limits.cancellations, MAX_FAULTS);
  const plan = { steps, faults: cancellations + (limits.timeouts ? 1 : 0) };
  const changes = index % MAX_CHANGES;
  return changes === 0
    ? new RandomWalk(random, plan)
    : new Priorities(random, plan, changes);
}

const MAX_FAULTS = 8;

/** Returns the strategy of a schedule. */
export function strategyOf(schedule: Schedule): Strategy {
  return schedule.kind === "random"
    ? randomStrategy(schedule)
    : new PrefixSchedule(schedule.choices);
}

/** Returns the source of a body's random numbers in a schedule. */
export function randomOf(schedule: Schedule): Random {
  const index = schedule.kind === "random" ? schedule.index : 0;
  return new Random(seedOf(~schedule.seed, index));
}

/** Formats a schedule as text that can be copied. */
export function formatSchedule(schedule: Schedule): string {
  const { kind, seed, limits } = schedule;
  const { cancellations, timeouts, maxSteps } = limits;
  const details = kind === "random"
    ? [schedule.index, schedule.steps]
    : [schedule.choices.join(".") || "-"];
  return [kind, seed, cancellations, Number(timeouts), maxSteps, ...details]
    .join(" ");
}

/** Parses the text of {@linkcode formatSchedule}; returns `null` if it is malformed. */
export function parseSchedule(text: string): Schedule | null {
  const [kind, ...words] = text.split(" ");
  const [seed, cancellations, timeouts, maxSteps] = words.map(Number);
  const details = words.slice(4);
  const numbers = kind === "path" && details[0] !== undefined
    ? details[0] === "-" ? [] : details[0].split(".").map(Number)
    : details.map(Number);
  const isSound = Number.isInteger(seed) && isCount(cancellations) &&
    (timeouts === 0 || timeouts === 1) && isCount(maxSteps) &&
    numbers.every(isCount) && details.length === (kind === "path" ? 1 : 2);
  if (!isSound) return null;
  const limits = {
    cancellations: cancellations!,
    timeouts: timeouts === 1,
    maxSteps: maxSteps!,
  };
  if (kind === "path") return { kind, seed: seed!, limits, choices: numbers };
  if (kind !== "random") return null;
  const [index, steps] = numbers;
  return { kind, seed: seed!, limits, index: index!, steps: steps! };
}

/** Returns whether a number is a count. `Infinity` is: it means no limit. */
function isCount(value: number | undefined): boolean {
  return value === Infinity || (Number.isInteger(value) && value! >= 0);
}
