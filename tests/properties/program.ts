// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Random programs: some tasks that do random things to one primitive, cancel each other at random moments
 * and give up at random times, all in virtual time.
 *
 * @module
 */

import { assert } from "@std/assert";
import * as fc from "fast-check";
import {
  CancelledError,
  getRunningLoop,
  type Task,
  TimeoutError,
} from "../../loop/mod.ts";
import { createTask, sleep, timeout, waitFor } from "../../tasks/mod.ts";
import { VirtualTimeLoop } from "../../testing/mod.ts";

/** The next action of a task. */
export interface Step<A> {
  /** How often the task goes round the ready queue before. */
  passes: number;
  /** How many seconds it has for it. */
  within: number | null;
  /** The operation on the primitive, or the duration of a sleep. */
  action: A | Sleep;
  /**
   * The task that it cancels right after, before the tasks that the action woke continue: of the tasks at an
   * action, the one that began it first, or so many after that; or itself, if there is none. The first one was
   * most likely woken.
   */
  cancels: number | null;
}

/** The actions of tasks in every program. */
interface Sleep {
  do: "sleep";
  seconds: number;
}

/** The actions of each task, in order. A task that is cancelled, or late, continues with the next action. */
export type Program<A> = Step<A>[][];

/** A primitive, and what is known of it. */
export interface World<A> {
  /** Does what the action says; throws what the primitive throws, and where it does what it must not. */
  perform(action: A): Promise<void> | void;
  /** Throws unless all is as it must be when nothing happens at the moment. */
  assertAtRest(): void;
  /** Helps pending waiters along. */
  help(): Promise<void> | void;
  /** Throws unless all is as it must be when all tasks have ended. */
  assertAtEnd(): void;
}

const MOST_STEPS = 8;
const MOST_SECONDS = 3;

/**
 * Programs whose tasks do some actions.
 *
 * @param actions The actions.
 * @param options Whether tasks can be cancelled, and have limits of time.
 * @returns The programs.
 */
export function programs<A>(
  actions: fc.Arbitrary<A>,
  { cancelling = true } = {},
): fc.Arbitrary<Program<A>> {
  const seconds = fc.nat(MOST_SECONDS);
  const sleeps = fc.record({ do: fc.constant("sleep" as const), seconds });
  const step = fc.record<Step<A>>({
    passes: fc.oneof(
      { weight: 2, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.nat(4) },
    ),
    within: cancelling ? fc.option(seconds, { freq: 2 }) : fc.constant(null),
    action: fc.oneof<fc.MaybeWeightedArbitrary<A | Sleep>[]>(
      { weight: 4, arbitrary: actions },
      { weight: 1, arbitrary: sleeps },
    ),
    cancels: cancelling
      ? fc.option(fc.constantFrom(0, 0, 1, 2), { freq: 2 })
      : fc.constant(null),
  });
  const task = fc.array(step, { maxLength: MOST_STEPS, size: "max" });
  const program = fc.array(task, { minLength: 1, maxLength: 5, size: "max" });
  // A bias towards the small finds the simple mistakes sooner, and hardly ever those that take three tasks.
  return fc.noBias(program);
}

/**
 * Programs act only at whole seconds: half a second later every task sleeps, holds something or waits.
 */
const HALF = 0.5;
/** The largest number of seconds until the program is at rest. */
const LONGEST = 2 * MOST_STEPS * MOST_SECONDS;
/** How often pending waiters are helped. */
const HELPINGS = 60;
/** Milliseconds after which an inactive loop counts as stalled. */
const STALLED = 10_000;

/**
 * Runs a program.
 *
 * @param program The program.
 * @param makeWorld Makes what its tasks act on.
 */
export async function live<A>(
  program: Program<A>,
  makeWorld: () => World<A>,
): Promise<void> {
  const loop = new VirtualTimeLoop();
  const stray: unknown[] = [];
  loop.setExceptionHandler((_, context) => void stray.push(context));
  const { promise: stalled, reject } = Promise.withResolvers<never>();
  const watchdog = setTimeout(
    () => reject(new Error("The loop has stalled")),
    STALLED,
  );
  try {
    const end = loop.runUntilComplete(() => drive(program, makeWorld()));
    await Promise.race([end, stalled]);
  } finally {
    clearTimeout(watchdog);
    if (!loop.isRunning()) loop.close();
  }
  assert(stray.length === 0, `Reported: ${Deno.inspect(stray)}`);
}

async function drive<A>(program: Program<A>, world: World<A>): Promise<void> {
  const acting = new Set<Actor<A>>();
  const actors = program.map((steps) => new Actor(steps, world, acting));
  const assertSound = () => {
    for (const actor of actors) actor.assertSound();
    world.assertAtRest();
  };
  const isOver = () => actors.every(({ task }) => task.done());
  try {
    await sleep(HALF);
    for (let i = 0; i < LONGEST && !isOver(); i++) {
      assertSound();
      await sleep(1);
    }
    for (let i = 0; i < HELPINGS && !isOver(); i++) {
      assertSound();
      await waitFor(async () => await world.help(), LONGEST);
      await sleep(LONGEST);
    }
    assertSound();
    const left = actors.filter(({ task }) => !task.done());
    assert(left.length === 0, `Hangs: ${left.map(({ task }) => task)}`);
    world.assertAtEnd();
  } finally {
    for (const { task } of actors) {
      task.cancel();
      if (task.done() && !task.cancelled()) task.exception();
    }
    await sleep(LONGEST);
  }
}

/** A task of a program. */
class Actor<A> {
  readonly task: Task<void>;
  readonly #world: World<A>;
  /** The tasks at an action, in the order in which they began it. */
  readonly #acting: Set<Actor<A>>;
  /** The number of requested cancellations that have not been delivered. */
  #cancellations = 0;
  /** When it must have given up what it does. */
  #deadline = Infinity;

  constructor(
    steps: readonly Step<A>[],
    world: World<A>,
    acting: Set<Actor<A>>,
  ) {
    this.#world = world;
    this.#acting = acting;
    this.task = createTask(() => this.#live(steps));
  }

  /** Throws unless the task goes on or ended well. */
  assertSound(): void {
    if (!this.task.done()) {
      assert(this.#cancellations === 0, "Cancelled, and still waits");
      assert(getRunningLoop().time() < this.#deadline, "Late, and still waits");
    } else if (!this.task.cancelled()) {
      this.task.result();
    }
  }

  async #live(steps: readonly Step<A>[]): Promise<void> {
    for (const step of steps) {
      try {
        for (let i = 0; i < step.passes; i++) await sleep(0);
        await this.#do(step);
      } catch (error) {
        this.#assertExpected(error, step);
        this.#cancellations = 0;
        while (this.task.cancelling() > 0) this.task.uncancel();
      }
    }
  }

  async #do({ within, action, cancels }: Step<A>): Promise<void> {
    if (within === null) await this.#act(action);
    else await this.#actWithin(within, action);
    if (cancels !== null) this.#cancelOther(cancels);
  }

  async #actWithin(seconds: number, action: A | Sleep): Promise<void> {
    this.#deadline = getRunningLoop().time() + seconds;
    try {
      await timeout(seconds, () => this.#act(action));
    } finally {
      this.#deadline = Infinity;
    }
  }

  async #act(action: A | Sleep): Promise<void> {
    if (isSleep(action)) await sleep(action.seconds);
    else await this.#perform(action);
  }

  async #perform(action: A): Promise<void> {
    this.#acting.add(this);
    try {
      await this.#world.perform(action);
    } finally {
      this.#acting.delete(this);
    }
  }

  #cancelOther(place: number): void {
    const acting = [...this.#acting];
    (acting[place % acting.length] ?? this).cancel();
  }

  /** Asks the task to stop what it does; between its wake-up and its next step, too. */
  cancel(): void {
    if (this.task.cancel()) this.#cancellations++;
  }

  #assertExpected(error: unknown, { within }: Step<A>): void {
    if (error instanceof CancelledError && this.#cancellations > 0) return;
    if (error instanceof TimeoutError && within !== null) return;
    throw error instanceof CancelledError
      ? new Error("Nobody cancelled the task", { cause: error })
      : error;
  }
}

function isSleep<A>(action: A | Sleep): action is Sleep {
  return (action as Sleep).do === "sleep";
}

/** Records requests and grants. */
export class Requests {
  /** How many have asked. */
  asked = 0;
  /** How many got it. */
  granted = 0;
  /** How many gave up. */
  withdrawn = 0;
  readonly #inOrder: boolean;
  #latest = -1;

  /**
   * Constructs a new instance.
   *
   * @param options Whether grants must be in FIFO order.
   */
  constructor({ inOrder = true } = {}) {
    this.#inOrder = inOrder;
  }

  /** How many wait. */
  get waiting(): number {
    return this.asked - this.granted - this.withdrawn;
  }

  /** Waits for something; throws if it is given in another order than it is to be. */
  async grant<T>(wish: PromiseLike<T>): Promise<T> {
    const place = this.asked++;
    let got: T;
    try {
      got = await wish;
    } catch (error) {
      this.withdrawn++;
      throw error;
    }
    this.granted++;
    assert(
      place > this.#latest || !this.#inOrder,
      "One who asked later was given it before",
    );
    this.#latest = place;
    return got;
  }
}

/** Arbitrary actions of a name that need to say nothing more. */
export function plain<const N extends string>(
  name: N,
): fc.Arbitrary<{ do: N }> {
  return fc.constant({ do: name });
}
