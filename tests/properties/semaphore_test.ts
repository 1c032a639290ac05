// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { BoundedSemaphore, Semaphore } from "../../sync/mod.ts";
import { live, plain, programs, Requests, type World } from "./program.ts";
import { property } from "./property.ts";

type Action =
  | { do: "acquire" }
  /** Releases a permit: by its guard, by its guard twice, or by hand. */
  | { do: "release"; permit: number; by: "guard" | "guard twice" | "hand" };

const actions: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: plain("acquire") },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("release" as const),
      permit: fc.nat(3),
      by: fc.constantFrom("guard", "guard twice", "hand"),
    }),
  },
);

property(
  "Semaphore grants its permits in order and recovers each, under random cancellation",
  2_000,
  fc.record({ value: fc.nat(3), program: programs(actions) }),
  ({ value, program }) =>
    live(program, () => new SemaphoreWorld(new Semaphore(value), value)),
);

property(
  "BoundedSemaphore grants its permits in order and recovers each, under random cancellation",
  2_000,
  fc.record({
    value: fc.integer({ min: 1, max: 3 }),
    program: programs(actions),
  }),
  ({ value, program }) =>
    live(program, () => new SemaphoreWorld(new BoundedSemaphore(value), value)),
);

class SemaphoreWorld implements World<Action> {
  readonly #semaphore: Semaphore;
  /** How many permits there are, those that are taken included. */
  #total: number;
  readonly #requests = new Requests();
  readonly #taken: Disposable[] = [];

  constructor(semaphore: Semaphore, value: number) {
    this.#semaphore = semaphore;
    this.#total = value;
  }

  get #free(): number {
    return this.#total - this.#taken.length;
  }

  async perform(action: Action): Promise<void> {
    if (action.do === "acquire") {
      const guard = await this.#requests.grant(this.#semaphore.acquire());
      assert(this.#free > 0, "More permits are out than there are");
      this.#taken.unshift(guard);
    } else {
      this.#release(action.permit, action.by);
    }
    // Free permits may already be on their way to a waiter.
    if (this.#free === 0) assert(this.#semaphore.locked());
  }

  #release(index: number, by: "guard" | "guard twice" | "hand"): void {
    const [guard] = this.#taken.splice(index, 1);
    if (guard === undefined) return;
    if (by === "hand") {
      this.#semaphore.release();
    } else {
      guard[Symbol.dispose]();
      if (by === "guard twice") guard[Symbol.dispose]();
    }
  }

  assertAtRest(): void {
    assert(
      this.#free === 0 || this.#requests.waiting === 0,
      "Waits for a permit that is free",
    );
    assertEquals(this.#semaphore.locked(), this.#free === 0);
  }

  help(): void {
    if (this.#taken.length > 0) {
      this.#release(0, "hand");
    } else {
      // They wait at a semaphore that never had a permit.
      this.#total++;
      this.#semaphore.release();
    }
  }

  assertAtEnd(): void {
    while (this.#taken.length > 0) this.#release(0, "guard twice");
    assertEquals(
      String(this.#semaphore).replace(/^<\w+/, "<"),
      this.#total === 0 ? "< [locked]>" : `< [unlocked, value:${this.#total}]>`,
    );
    if (this.#semaphore instanceof BoundedSemaphore) {
      assertThrows(() => this.#semaphore.release(), RangeError);
    }
  }
}
