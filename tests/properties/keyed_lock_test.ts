// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertFalse } from "@std/assert";
import * as fc from "fast-check";
import { type Guard, KeyedLock } from "../../sync/mod.ts";
import { live, programs, Requests, type World } from "./program.ts";
import { property } from "./property.ts";

type Action =
  | { do: "acquire"; key: number }
  | { do: "release"; guard: number; isTwice: boolean };

const KEYS = [0, 1];

const actions: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("acquire" as const),
      key: fc.constantFrom(...KEYS),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("release" as const),
      guard: fc.nat(2),
      isTwice: fc.boolean(),
    }),
  },
);

property(
  "KeyedLock excludes, is fair and forgets keys, under random cancellation",
  2_000,
  programs(actions),
  (program) => live(program, () => new KeyedLockWorld()),
);

class KeyedLockWorld implements World<Action> {
  readonly #locks = new KeyedLock<number>();
  readonly #requests = KEYS.map(() => new Requests());
  readonly #held: { key: number; guard: Guard }[] = [];

  async perform(action: Action): Promise<void> {
    if (action.do === "release") {
      this.#release(action.guard, action.isTwice);
      return;
    }
    const { key } = action;
    const guard = await this.#requests[key]!.grant(this.#locks.acquire(key));
    assertFalse(this.#isHeld(key), "Two hold the lock of a key");
    assert(this.#locks.locked(key));
    this.#held.push({ key, guard });
  }

  #isHeld(key: number): boolean {
    return this.#held.some((each) => each.key === key);
  }

  #release(index: number, isTwice: boolean): void {
    const [held] = this.#held.splice(index, 1);
    held?.guard.release();
    if (isTwice) held?.guard.release();
  }

  assertAtRest(): void {
    for (const key of KEYS) {
      const isHeld = this.#isHeld(key);
      assertEquals(this.#locks.locked(key), isHeld);
      assert(
        isHeld || this.#requests[key]!.waiting === 0,
        "Waits for a free key",
      );
    }
    assertEquals(
      this.#locks.size,
      KEYS.filter((key) => this.#isHeld(key)).length,
    );
  }

  help(): void {
    this.#release(0, false);
  }

  assertAtEnd(): void {
    while (this.#held.length > 0) this.#release(0, true);
    assertEquals(this.#locks.size, 0);
  }
}
