// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { TimedCall } from "../loop/core/call.ts";
import { type Delay, secondsOf } from "../loop/core/delay.ts";
import { homeOf, withResult } from "../loop/core/future.ts";
import type { PrimitiveBehavior } from "../loop/core/primitive_future.ts";
import { type Source, source } from "../loop/core/selectable.ts";
import type { Selectable } from "./select.ts";

/**
 * Returns a source for `select()` that is ready after a delay, which starts when `select()` is called. It may be used
 * any number of times.
 *
 * @param delay The delay in seconds; zero or less goes once round the ready queue, as `sleep(0)` does.
 * @returns The source.
 * @throws {TypeError} If `delay` is not a duration.
 * @throws {RangeError} If `delay` is `NaN`, or a duration without a fixed length.
 *
 * @example Usage
 * ```ts
 * import { after, Queue, select } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new Queue<string>();
 * const won = await select({ job: queue, late: after(0.001) });
 * assertEquals(won.key, "late");
 * ```
 *
 * @category Waiting for several
 */
export function after(delay: Delay): Selectable<void> {
  const seconds = secondsOf("after", "delay", delay);
  return {
    [source]: (): Source<void> => ({
      behavior: DELAY,
      subject: { seconds, timer: null },
    }),
  };
}

const DELAY: PrimitiveBehavior<
  void,
  { readonly seconds: number; timer: TimedCall | null }
> = {
  name: "after()",
  begin(delay, alternative) {
    const scheduler = homeOf(alternative);
    const when = scheduler.time() + delay.seconds;
    delay.timer = scheduler.at(when, () => alternative.wake());
    return null;
  },
  poll: () => OVER,
  onCancelled: ({ timer }) => timer?.cancel(),
  handBack() {},
};

const OVER = withResult(undefined);
