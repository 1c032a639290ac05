// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { Condition } from "../../sync/mod.ts";
import { sleep } from "../../tasks/mod.ts";
import { live, programs, Requests, type World } from "./program.ts";
import { property } from "./property.ts";

/** Each takes the lock first, and stays in for some passes. */
type Action =
  | { do: "wait"; passes: number }
  | { do: "notify"; passes: number; count: number }
  | { do: "notifyAll"; passes: number };

const passes = fc.nat(2);
const actions: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("wait" as const), passes }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("notify" as const),
      passes,
      count: fc.constantFrom(1, 1, 1, 3),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("notifyAll" as const), passes }),
  },
);

property(
  "Condition.wait() returns with the lock for notified waiters in order, under random cancellation",
  2_000,
  programs(actions),
  (program) => live(program, () => new NotifyWorld()),
);

property(
  "Condition.wait() returns for exactly the notified waiters",
  2_000,
  programs(actions, { cancelling: false }),
  (program) => live(program, () => new NotifyWorld()),
);

property(
  "Condition.waitFor() loses no notification under random cancellation",
  2_000,
  programs(actions),
  (program) => live(program, () => new TokenWorld()),
);

/** A condition whose lock is watched. */
abstract class ConditionWorld implements World<Action> {
  protected readonly condition = new Condition();
  protected readonly requests: Requests;
  #isHeld = false;

  constructor(requests: Requests) {
    this.requests = requests;
  }

  async perform(action: Action): Promise<void> {
    using _ = await this.condition.acquire();
    this.#enter();
    try {
      for (let i = 0; i < action.passes; i++) await sleep(0);
      if (action.do === "wait") await this.wait();
      else if (action.do === "notify") this.notify(action.count);
      else this.notifyAll();
    } finally {
      this.#isHeld = false;
    }
  }

  protected abstract wait(): Promise<void>;
  protected abstract notify(count: number): void;
  protected abstract notifyAll(): void;

  #enter(): void {
    assert(!this.#isHeld, "Two hold the lock");
    assert(this.condition.locked(), "Nobody holds the lock");
    this.#isHeld = true;
  }

  /** Waits for a turn; however that ends, the lock is held again. */
  protected async leaveFor(turn: () => Promise<unknown>): Promise<void> {
    this.#isHeld = false;
    try {
      await this.requests.grant(turn());
    } finally {
      this.#enter();
    }
  }

  assertAtRest(): void {
    assert(!this.condition.locked(), "Nobody can hold the lock any more");
  }

  async help(): Promise<void> {
    using _ = await this.condition.acquire();
    this.notifyAll();
  }

  assertAtEnd(): void {
    assertEquals(String(this.condition), "<Condition [unlocked]>");
  }
}

/** Notified tasks continue. */
class NotifyWorld extends ConditionWorld {
  /** The number of notified waiters, if none of them was cancelled. */
  #notified = 0;

  constructor() {
    super(new Requests());
  }

  protected override wait(): Promise<void> {
    return this.leaveFor(() => this.condition.wait());
  }

  protected override notify(count: number): void {
    const { asked, withdrawn } = this.requests;
    const waiting = asked - withdrawn - this.#notified;
    this.#notified += Math.max(0, Math.min(count, waiting));
    this.condition.notify(count);
  }

  protected override notifyAll(): void {
    this.notify(Infinity);
  }

  override assertAtRest(): void {
    super.assertAtRest();
    const { granted, withdrawn } = this.requests;
    if (withdrawn === 0) assertEquals(granted, this.#notified);
  }
}

/** Notified tasks continue if there is a token. */
class TokenWorld extends ConditionWorld {
  #tokens = 0;

  constructor() {
    // A task that finds a token on arrival does not wait for notified waiters.
    super(new Requests({ inOrder: false }));
  }

  protected override async wait(): Promise<void> {
    await this.leaveFor(() => this.condition.waitFor(() => this.#isThere()));
    assert(this.#tokens > 0, "Went on without a token");
    this.#tokens--;
  }

  protected override notify(count: number): void {
    this.#tokens += count;
    this.condition.notify(count);
  }

  protected override notifyAll(): void {
    this.#tokens += this.requests.waiting;
    this.condition.notifyAll();
  }

  #isThere(): boolean {
    assert(this.condition.locked(), "Asks without the lock");
    return this.#tokens > 0;
  }

  override assertAtRest(): void {
    super.assertAtRest();
    assert(
      this.#tokens === 0 || this.requests.waiting === 0,
      "Waits for a token that is there",
    );
  }
}
