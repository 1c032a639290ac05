// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { RuntimeError } from "../../loop/mod.ts";
import { Lock } from "../../sync/mod.ts";
import { live, plain, programs, Requests, type World } from "./program.ts";
import { property } from "./property.ts";

type Action =
  | { do: "acquire" }
  | { do: "release" }
  /** Disposes a guard that was got, perhaps for the second time or after a release. */
  | { do: "dispose"; guard: number };

const actions: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: plain("acquire") },
  { weight: 2, arbitrary: plain("release") },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("dispose" as const),
      guard: fc.nat(3),
    }),
  },
);

property(
  "Lock is held by one task at a time in FIFO order, under random cancellation",
  1_000,
  programs(actions),
  (program) => live(program, () => new LockWorld()),
);

class LockWorld implements World<Action> {
  readonly #lock = new Lock();
  readonly #requests = new Requests();
  readonly #guards: Disposable[] = [];
  #holder: Disposable | null = null;

  async perform(action: Action): Promise<void> {
    if (action.do === "acquire") {
      const guard = await this.#requests.grant(this.#lock.acquire());
      assert(this.#holder === null, "Two hold the lock");
      this.#holder = guard;
      // The latest first: so shrunk programs dispose the latest.
      this.#guards.unshift(guard);
    } else if (action.do === "release") {
      this.#release();
    } else {
      this.#dispose(action.guard);
    }
    assertEquals(this.#lock.locked(), this.#holder !== null);
  }

  #release(): void {
    if (this.#holder === null) {
      assertThrows(() => this.#lock.release(), RuntimeError);
    } else {
      this.#holder = null;
      this.#lock.release();
    }
  }

  #dispose(index: number): void {
    const guard = this.#guards[index];
    if (guard === undefined) return;
    guard[Symbol.dispose]();
    if (this.#holder === guard) this.#holder = null;
  }

  assertAtRest(): void {
    assertEquals(this.#lock.locked(), this.#holder !== null);
    assert(
      this.#holder !== null || this.#requests.waiting === 0,
      "Waits for a lock that is free",
    );
  }

  help(): void {
    this.#release();
  }

  assertAtEnd(): void {
    if (this.#holder !== null) this.#release();
    assertEquals(String(this.#lock), "<Lock [unlocked]>");
  }
}
