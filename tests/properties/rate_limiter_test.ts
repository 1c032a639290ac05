// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { getRunningLoop } from "../../loop/mod.ts";
import { RateLimiter } from "../../sync/mod.ts";
import { sleep, taskGroup } from "../../tasks/mod.ts";
import { inVirtualTime } from "../../testing/mod.ts";
import { live, plain, programs, Requests, type World } from "./program.ts";
import { property } from "./property.ts";

type Action = { do: "acquire" } | { do: "tryAcquire" };

const actions: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: plain("acquire") },
  { weight: 1, arbitrary: plain("tryAcquire") },
);

interface Rate {
  readonly count: number;
  readonly per: number;
  readonly burst: number;
}

property(
  "RateLimiter never exceeds its rate, wastes nothing and is fair, under random cancellation",
  2_000,
  fc.record({
    // Tokens come at whole seconds, as everything does in these programs.
    interval: fc.integer({ min: 1, max: 3 }),
    count: fc.constantFrom(0.5, 1, 2, 3),
    burst: fc.integer({ min: 1, max: 3 }),
    program: programs(actions),
  }),
  ({ interval, count, burst, program }) => {
    const rate = { count, per: interval * count, burst };
    return live(program, () => new RateWorld(rate));
  },
);

const real = fc.double({ min: 0.01, max: 10, noNaN: true });

property(
  "RateLimiter never exceeds its rate, whatever the rate and the times are",
  500,
  fc.record({
    rate: fc.record({
      count: real,
      per: real,
      burst: fc.double({ min: 1, max: 10, noNaN: true }),
    }),
    pauses: fc.array(fc.oneof(fc.constant(0), real), { maxLength: 50 }),
  }),
  ({ rate, pauses }) =>
    inVirtualTime(async () => {
      const { count, per, burst } = rate;
      const limiter = new RateLimiter(count, { per, burst });
      const passed: number[] = [];
      await taskGroup(async (group) => {
        for (const pause of pauses) {
          await sleep(pause);
          group.createTask(async () => {
            await limiter.acquire();
            passed.push(getRunningLoop().time());
          });
        }
      });
      assertEquals(passed.length, pauses.length);
      assertWithin(rate, passed);
    })(),
);

/** The greatest rounding error of sums of seconds. */
const EPSILON = 1e-9;

/** Throws if more passed in any window than the rate allows. */
function assertWithin(
  { count, per, burst }: Rate,
  passed: readonly number[],
): void {
  for (const [i, from] of passed.entries()) {
    for (const [more, to] of passed.slice(i).entries()) {
      const most = burst + (to - from) * count / per + EPSILON;
      assert(more + 1 <= most, "More than the rate allows in a window");
    }
  }
}

class RateWorld implements World<Action> {
  readonly #rate: Rate;
  readonly #limiter: RateLimiter;
  readonly #requests = new Requests();
  /** When something passed. */
  readonly #passed: number[] = [];
  /** The tokens at the time of the last look. */
  #tokens: number;
  #lastLook = -Infinity;

  constructor(rate: Rate) {
    this.#rate = rate;
    const { count, per, burst } = rate;
    this.#limiter = new RateLimiter(count, { per, burst });
    this.#tokens = burst;
  }

  async perform(action: Action): Promise<void> {
    if (action.do === "acquire") {
      await this.#requests.grant(this.#limiter.acquire());
      this.#pass();
      return;
    }
    const hasToken = this.#look() >= 1;
    const isAwaited = this.#requests.waiting > 0;
    if (this.#limiter.tryAcquire()) {
      this.#pass();
    } else {
      assert(isAwaited || !hasToken, "Refused although there is a token");
    }
  }

  /** Returns how many tokens there are. */
  #look(): number {
    const { count, per, burst } = this.#rate;
    const now = getRunningLoop().time();
    const grown = this.#tokens + (now - this.#lastLook) * count / per;
    this.#tokens = Math.min(burst, grown);
    this.#lastLook = now;
    return this.#tokens;
  }

  #pass(): void {
    assert(this.#look() >= 1 - EPSILON, "Passed without a token");
    this.#tokens--;
    this.#passed.push(getRunningLoop().time());
  }

  assertAtRest(): void {
    const isAwaited = this.#requests.waiting > 0;
    assert(!isAwaited || this.#look() < 1, "Waits for a token that is there");
  }

  help(): void {}

  assertAtEnd(): void {
    assertWithin(this.#rate, this.#passed);
    const { count, per } = this.#rate;
    assertEquals(
      String(this.#limiter),
      `<RateLimiter [${count} per ${per} s]>`,
    );
    assertEquals(this.#requests.waiting, 0);
  }
}
