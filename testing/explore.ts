// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Attempt, attempt } from "./_attempt.ts";
import { ExplorationError } from "./exploration_error.ts";
import { Random, seedOf } from "./_random.ts";
import { Priorities, type RandomPlan, RandomWalk } from "./_random_walk.ts";
import { Path } from "./_search.ts";
import type { Strategy } from "./_strategy.ts";
import { makeTrial, type Trial } from "./trial.ts";

/** How {@linkcode explore} looks for a schedule in which a body fails. */
export interface ExploreOptions {
  /**
   * `"random"`, the default, tries schedules at random; `"exhaustive"` tries all that deviate from the
   * ordinary one at few places, which only takes small programs to an end.
   */
  strategy?: "random" | "exhaustive" | undefined;
  /** How many schedules are tried at most; 1,000 by default, and 100,000 if the search is exhaustive. */
  schedules?: number | undefined;
  /** For how many real seconds at most schedules are tried; 10 by default. */
  seconds?: number | undefined;
  /** What decides the random choices, an integer; another one each time by default. */
  seed?: number | undefined;
  /** At how many places a schedule of an exhaustive search deviates at most; 2 by default. */
  deviations?: number | undefined;
  /** How many times at most a schedule cancels a task for which `trial.mayCancel()` was called; 1 by default. */
  cancellations?: number | undefined;
  /** Whether a timer may be due although others are not done yet, as when those take long; `true` by default. */
  timeouts?: boolean | undefined;
  /** After how many steps a schedule is taken for endless; 10,000 by default. */
  maxSteps?: number | undefined;
  /** The one schedule to run: the `replay` of an {@linkcode ExplorationError}. */
  replay?: string | undefined;
}

/** What {@linkcode explore} has tried, and in which the body did not fail. */
export interface Exploration {
  /** How many schedules. */
  readonly schedules: number;
  /** How many steps in all of them. */
  readonly steps: number;
  /** Whether no schedule is left that an exhaustive search might have tried. */
  readonly complete: boolean;
}

/**
 * Runs a body again and again, each time in another order of events, until it fails or the budget is spent.
 *
 * Wherever several tasks are ready to go on, any of them may be the next; callbacks keep their order among
 * each other. Tasks for which `trial.mayCancel()` was called may be cancelled at any step, and a timer may be due
 * before what is ready has run. It all happens in virtual time. The body fails if it throws, if it hangs or
 * does not end, or if an exception is reported to the loop's exception handler. It must do everything anew
 * each time, and nothing that is outside the loop.
 *
 * @param body What is run, as the main task of a loop of its own.
 * @param options How, and for how long.
 * @returns What was tried.
 * @throws {ExplorationError} If the body failed.
 *
 * @example A race that the ordinary order hides
 * ```ts
 * import { createTask, gather, sleep } from "@asyncio/asyncio";
 * import { ExplorationError, explore } from "@asyncio/asyncio/testing";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * await assertRejects(() =>
 *   explore(async () => {
 *     let balance = 100;
 *     async function withdraw() {
 *       if (balance < 100) return;
 *       await sleep(0);
 *       balance -= 100;
 *     }
 *     await gather([createTask(withdraw), createTask(withdraw)]);
 *     assertEquals(balance, 0);
 *   }), ExplorationError);
 * ```
 */
export async function explore(
  body: (trial: Trial) => unknown,
  options: ExploreOptions = {},
): Promise<Exploration> {
  if (typeof body !== "function") {
    throw new TypeError(
      `explore() takes a function as its body: received ${typeof body}`,
    );
  }
  const settings = settingsOf(options);
  if (settings.replay !== undefined) {
    const run = replayedRun(settings, settings.replay);
    return await tryAll(body, [run][Symbol.iterator](), settings);
  }
  const runs = settings.strategy === "random"
    ? randomRuns(settings)
    : searchRuns(settings);
  return await tryAll(body, runs, settings);
}

/** Runs one schedule after the other until one fails. */
async function tryAll(
  body: (trial: Trial) => unknown,
  runs: Iterator<Run, unknown, Attempt>,
  settings: Settings,
): Promise<Exploration> {
  const end = performance.now() + settings.seconds * 1000;
  let steps = 0;
  let next = runs.next();
  for (let schedules = 0;; schedules++) {
    if (next.done) return { schedules, steps, complete: true };
    if (schedules >= settings.schedules || performance.now() >= end) {
      return { schedules, steps, complete: false };
    }
    const { strategy, random, replay } = next.value;
    const result = await attempt(
      (loop) => body(makeTrial(loop, random)),
      strategy,
      settings,
    );
    if (result.failure !== null) {
      throw failureOf(result, replay(), schedules + 1);
    }
    steps += result.trace.length;
    next = runs.next(result);
  }
}

/** How many steps a message shows, the last ones; the error has all. */
const SHOWN_STEPS = 50;

function failureOf(
  { failure, trace }: Attempt,
  replay: string,
  schedule: number,
): ExplorationError {
  const cause = failure?.error;
  const shown = trace.slice(-SHOWN_STEPS);
  const lines = [
    `Schedule ${schedule} failed: ${cause}`,
    `Run it again with { replay: ${JSON.stringify(replay)} }`,
    shown.length < trace.length
      ? `The last ${shown.length} of its ${trace.length} steps:`
      : "Its steps:",
    ...shown.map((step) => `  ${step}`),
  ];
  return new ExplorationError(lines.join("\n"), { trace, replay, cause });
}

type Settings = ReturnType<typeof settingsOf>;

function settingsOf(options: ExploreOptions) {
  const { strategy = "random" } = options;
  return {
    strategy,
    schedules: options.schedules ?? (strategy === "random" ? 1000 : 100_000),
    seconds: options.seconds ?? 10,
    seed: options.seed ?? Math.floor(Math.random() * 2 ** 31),
    deviations: options.deviations ?? 2,
    cancellations: options.cancellations ?? 1,
    timeouts: options.timeouts ?? true,
    maxSteps: options.maxSteps ?? 10_000,
    replay: options.replay,
  };
}

/** Random schedules change the priorities at fewer places than this. */
const MAX_CHANGES = 4;

/** One schedule, before it is run. */
interface Run {
  readonly strategy: Strategy;
  /** Decides what the body does at random. */
  readonly random: Random;
  /** What runs it again. */
  readonly replay: () => string;
}

/** The ordinary schedule, and then random ones of several kinds. */
function* randomRuns(settings: Settings): Generator<Run, void, Attempt> {
  const { seed, cancellations, timeouts } = settings;
  const { trace } = yield pathRun(settings, new Path([]));
  const plan = {
    steps: Math.max(1, trace.length),
    faults: cancellations + (timeouts ? 1 : 0),
  };
  for (let index = 1;; index++) yield randomRun(seed, index, plan);
}

function randomRun(seed: number, index: number, plan: RandomPlan): Run {
  const random = new Random(seedOf(seed, index));
  const changes = index % MAX_CHANGES;
  const strategy = changes === 0
    ? new RandomWalk(random, plan)
    : new Priorities(random, plan, changes);
  const { steps, faults } = plan;
  const replay = () => `random ${seed} ${index} ${steps} ${faults}`;
  return { strategy, random: new Random(seedOf(~seed, index)), replay };
}

/** The ordinary schedule, then all that deviate from it at one place, then those that deviate at two, and so on. */
function* searchRuns(settings: Settings): Generator<Run, void, Attempt> {
  let level = [new Path([])];
  yield pathRun(settings, level[0]!);
  for (let deviations = 1; deviations <= settings.deviations; deviations++) {
    const next: Path[] = [];
    for (const path of level) {
      for (const choices of path.deviations()) {
        const deviating = new Path(choices);
        yield pathRun(settings, deviating);
        next.push(deviating);
      }
    }
    level = next;
  }
}

function pathRun({ seed }: Settings, path: Path): Run {
  const replay = () => `path ${seed} ${path.choices().join(".")}`;
  return { strategy: path, random: new Random(seedOf(~seed, 0)), replay };
}

/** The run that an {@linkcode ExplorationError} names. */
function replayedRun(settings: Settings, replay: string): Run {
  const [kind, ...rest] = replay.split(" ");
  if (kind === "random" && rest.length === 4) {
    const [seed, index, steps, faults] = rest.map(Number);
    if ([seed, index, steps, faults].every(Number.isInteger)) {
      return randomRun(seed!, index!, { steps: steps!, faults: faults! });
    }
  }
  if (kind === "path" && rest.length === 2) {
    const seed = Number(rest[0]);
    const choices = rest[1] === "" ? [] : rest[1]!.split(".").map(Number);
    if ([seed, ...choices].every(Number.isInteger)) {
      return pathRun({ ...settings, seed }, new Path(choices));
    }
  }
  throw new RangeError(
    `Expected the replay of an ExplorationError as replay: received ${
      JSON.stringify(replay)
    }`,
  );
}
