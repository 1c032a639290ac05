// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { Barrier, BrokenBarrierError } from "../../sync/mod.ts";
import { live, plain, programs, type World } from "./program.ts";
import { property } from "./property.ts";

type Action = { do: "wait" } | { do: "abort" } | { do: "reset" };

const waits = plain("wait");
const breaks: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: waits },
  { weight: 1, arbitrary: plain("abort") },
  { weight: 2, arbitrary: plain("reset") },
);
const parties = fc.integer({ min: 1, max: 4 });

property(
  "Barrier releases all tasks once all have arrived, under random cancellation",
  1_000,
  fc.record({ parties, program: programs<Action>(waits) }),
  ({ parties, program }) => live(program, () => new BarrierWorld(parties)),
);

property(
  "Barrier.wait() returns a distinct index for each task of a round",
  1_000,
  fc.record({
    parties,
    program: programs<Action>(waits, { cancelling: false }),
  }),
  ({ parties, program }) =>
    live(program, () => new BarrierWorld(parties, { numbered: true })),
);

property(
  "Barrier releases all waiters when it is aborted or reset, under random cancellation",
  1_000,
  fc.record({ parties, program: programs(breaks) }),
  ({ parties, program }) => live(program, () => new BarrierWorld(parties)),
);

/** One call of `wait()`. */
interface Visit {
  /** Whether it found others there, or others came, so that all were there. */
  isComplete: boolean;
  /** Whether the barrier was broken when it began, or was broken or reset since. */
  isBroken: boolean;
}

class BarrierWorld implements World<Action> {
  readonly #parties: number;
  readonly #barrier: Barrier;
  readonly #visits = new Set<Visit>();
  /** Which numbers were given in this round; not looked at where tasks are cancelled. */
  readonly #numbers: Set<number> | null;
  #isBroken = false;

  constructor(parties: number, { numbered = false } = {}) {
    this.#parties = parties;
    this.#barrier = new Barrier(parties);
    this.#numbers = numbered ? new Set() : null;
  }

  async perform(action: Action): Promise<void> {
    if (action.do === "wait") await this.#visit();
    else await this.#break(action.do);
  }

  async #visit(): Promise<void> {
    const visit = { isComplete: false, isBroken: this.#isBroken };
    this.#visits.add(visit);
    if (this.#visits.size >= this.#parties) {
      for (const each of this.#visits) each.isComplete = true;
    }
    try {
      this.#number(await this.#barrier.wait());
      assert(visit.isComplete, "Went through before all had come");
    } catch (error) {
      if (!(error instanceof BrokenBarrierError)) throw error;
      assert(visit.isBroken, "Nobody broke the barrier");
    } finally {
      this.#visits.delete(visit);
    }
  }

  #number(number: number): void {
    assert(number >= 0 && number < this.#parties, `Number ${number}`);
    if (this.#numbers === null) return;
    assert(!this.#numbers.has(number), `Number ${number} a second time`);
    this.#numbers.add(number);
    if (this.#numbers.size === this.#parties) this.#numbers.clear();
  }

  async #break(how: "abort" | "reset"): Promise<void> {
    // Even if this is cancelled, the reset may have begun and may fail tasks that arrive just then.
    const tell = () => {
      for (const visit of this.#visits) visit.isBroken = true;
    };
    tell();
    this.#isBroken = true;
    try {
      await this.#barrier[how]();
    } finally {
      this.#isBroken = this.#barrier.broken;
      tell();
    }
    assertEquals(this.#barrier.broken, how === "abort");
  }

  assertAtRest(): void {
    assertEquals(this.#isBroken, this.#barrier.broken);
    if (this.#isBroken) assertEquals(this.#visits.size, 0, "Waits in vain");
    else assertEquals(this.#barrier.nWaiting, this.#visits.size);
    assert(this.#visits.size < this.#parties, "All are there, and they wait");
  }

  async help(): Promise<void> {
    await this.#break("reset");
  }

  assertAtEnd(): void {
    assertEquals(
      String(this.#barrier),
      this.#isBroken
        ? "<Barrier [broken]>"
        : `<Barrier [filling, waiters:0/${this.#parties}]>`,
    );
  }
}
