// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { type Guard, ReadWriteLock } from "../../sync/mod.ts";
import { live, plain, programs, type World } from "./program.ts";
import { property } from "./property.ts";

type Action =
  | { do: "read" }
  | { do: "write" }
  | { do: "release"; guard: number };

const actions: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: plain("read") },
  { weight: 2, arbitrary: plain("write") },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("release" as const),
      guard: fc.nat(3),
    }),
  },
);

property(
  "ReadWriteLock excludes, and serves first come, first served, under random cancellation",
  3_000,
  programs(actions),
  (program) => live(program, () => new ReadWriteWorld()),
);

type Kind = "read" | "write";

interface Request {
  readonly kind: Kind;
  /** How many asked before it. */
  readonly place: number;
}

class ReadWriteWorld implements World<Action> {
  readonly #lock = new ReadWriteLock();
  /** The requests that wait, in order. */
  readonly #waiting = new Set<Request>();
  #asked = 0;
  /** The latest request of each kind that was granted. */
  readonly #latest: Record<Kind, number> = { read: -1, write: -1 };
  readonly #held: { kind: Kind; guard: Guard }[] = [];

  async perform(action: Action): Promise<void> {
    if (action.do === "release") {
      this.#held.splice(action.guard, 1)[0]?.guard.release();
      return;
    }
    const request = { kind: action.do, place: this.#asked++ };
    this.#waiting.add(request);
    try {
      const acquisition = action.do === "read"
        ? this.#lock.read()
        : this.#lock.write();
      this.#acquired(request, await acquisition);
    } finally {
      this.#waiting.delete(request);
    }
  }

  #acquired({ kind, place }: Request, guard: Guard): void {
    assert(this.#admits(kind), "A writer is not alone");
    this.#held.push({ kind, guard });
    // Readers do not wait for each other, so a reader may overtake another that was woken.
    const ahead = kind === "read"
      ? ["write"] as const
      : ["read", "write"] as const;
    for (const each of ahead) {
      assert(
        place > this.#latest[each],
        "One who asked later was given it before",
      );
    }
    this.#latest[kind] = Math.max(this.#latest[kind], place);
  }

  #admits(kind: Kind): boolean {
    return kind === "read"
      ? this.#held.every((each) => each.kind === "read")
      : this.#held.length === 0;
  }

  assertAtRest(): void {
    const [first] = this.#waiting;
    assert(
      first === undefined || !this.#admits(first.kind),
      "The first waits although the lock admits it",
    );
  }

  help(): void {
    this.#held.shift()?.guard.release();
  }

  assertAtEnd(): void {
    for (const { guard } of this.#held.splice(0)) guard[Symbol.dispose]();
    assertEquals(String(this.#lock), "<ReadWriteLock [unlocked]>");
  }
}
