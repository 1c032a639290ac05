// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { ExplorationLimits } from "./_exploring_loop.ts";
import { Random, seedOf } from "./_random.ts";
import { Priorities, RandomWalk } from "./_random_walk.ts";
import { PrefixSchedule } from "./_prefix_schedule.ts";
import type { Strategy } from "./_strategy.ts";

/** One of the many ways in which a program may go, so that it goes the same way each time. */
export type Schedule = RandomSchedule | PathSchedule;

interface RandomSchedule {
  readonly kind: "random";
  readonly limits: ExplorationLimits;
  readonly seed: number;
  /** Which of those of its seed. */
  readonly index: number;
  /** About how many steps there are. */
  readonly steps: number;
}

interface PathSchedule {
  readonly kind: "path";
  readonly limits: ExplorationLimits;
  readonly seed: number;
  /** What is chosen wherever there is a choice; where nothing is said, the first. */
  readonly choices: readonly number[];
}

/** Random schedules change the priorities at fewer places than this. */
const MAX_CHANGES = 4;

/** What a random schedule chooses. */
export function randomStrategy(schedule: RandomSchedule): Strategy {
  const { seed, index, steps, limits } = schedule;
  const random = new Random(seedOf(seed, index));
  // One cancellation may come often: a schedule has room for few faults, and most bugs need no more.
  const cancellations = Math.min(limits.cancellations, MAX_FAULTS);
  const plan = { steps, faults: cancellations + (limits.timeouts ? 1 : 0) };
  const changes = index % MAX_CHANGES;
  return changes === 0
    ? new RandomWalk(random, plan)
    : new Priorities(random, plan, changes);
}

const MAX_FAULTS = 8;

/** What a schedule chooses. */
export function strategyOf(schedule: Schedule): Strategy {
  return schedule.kind === "random"
    ? randomStrategy(schedule)
    : new PrefixSchedule(schedule.choices);
}

/** What a body does at random in a schedule. */
export function randomOf(schedule: Schedule): Random {
  const index = schedule.kind === "random" ? schedule.index : 0;
  return new Random(seedOf(~schedule.seed, index));
}

/** A schedule in words, for people to copy. */
export function formatSchedule(schedule: Schedule): string {
  const { kind, seed, limits } = schedule;
  const { cancellations, timeouts, maxSteps } = limits;
  const way = kind === "random"
    ? [schedule.index, schedule.steps]
    : [schedule.choices.join(".") || "-"];
  return [kind, seed, cancellations, Number(timeouts), maxSteps, ...way]
    .join(" ");
}

/** The schedule that such words stand for; `null` if they stand for none. */
export function parseSchedule(text: string): Schedule | null {
  const [kind, ...words] = text.split(" ");
  const [seed, cancellations, timeouts, maxSteps] = words.map(Number);
  const way = words.slice(4);
  const numbers = kind === "path" && way[0] !== undefined
    ? way[0] === "-" ? [] : way[0].split(".").map(Number)
    : way.map(Number);
  const isSound = Number.isInteger(seed) && isCount(cancellations) &&
    (timeouts === 0 || timeouts === 1) && isCount(maxSteps) &&
    numbers.every(isCount) && way.length === (kind === "path" ? 1 : 2);
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

/** Whether a number counts something: Infinity does where there is no limit. */
function isCount(value: number | undefined): boolean {
  return value === Infinity || (Number.isInteger(value) && value! >= 0);
}
