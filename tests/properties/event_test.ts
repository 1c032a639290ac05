// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { Event } from "../../sync/mod.ts";
import { live, plain, programs, Requests, type World } from "./program.ts";
import { property } from "./property.ts";

type Action = { do: "wait" } | { do: "set" } | { do: "clear" };

const actions: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: plain("wait") },
  { weight: 2, arbitrary: plain("set") },
  { weight: 2, arbitrary: plain("clear") },
);

property(
  "Event.set() wakes exactly the current waiters, in order",
  1_000,
  programs(actions),
  (program) => live(program, () => new EventWorld()),
);

class EventWorld implements World<Action> {
  readonly #event = new Event();
  /** The tasks that found the flag unset. */
  readonly #requests = new Requests();
  #isSet = false;
  /** How often the flag was set. */
  #times = 0;
  /** The value of that number when the current waiters arrived. */
  readonly #waiting = new Set<{ since: number }>();

  async perform(action: Action): Promise<void> {
    if (action.do === "wait") await this.#wait();
    else if (action.do === "set") this.#set();
    else this.#clear();
    assertEquals(this.#event.isSet(), this.#isSet);
  }

  #set(): void {
    if (!this.#isSet) this.#times++;
    this.#isSet = true;
    this.#event.set();
  }

  #clear(): void {
    this.#isSet = false;
    this.#event.clear();
  }

  async #wait(): Promise<void> {
    if (this.#isSet) {
      assertEquals(await this.#event.wait(), true);
      return;
    }
    const wait = { since: this.#times };
    this.#waiting.add(wait);
    try {
      assertEquals(await this.#requests.grant(this.#event.wait()), true);
      assert(this.#times > wait.since, "Woken although it was not set");
    } finally {
      this.#waiting.delete(wait);
    }
  }

  assertAtRest(): void {
    for (const { since } of this.#waiting) {
      assertEquals(since, this.#times, "Waits although it was set");
    }
    assert(!this.#isSet || this.#waiting.size === 0, "Waits while it is set");
  }

  help(): void {
    this.#clear();
    this.#set();
  }

  assertAtEnd(): void {
    assertEquals(
      String(this.#event),
      `<Event [${this.#isSet ? "set" : "unset"}]>`,
    );
  }
}
