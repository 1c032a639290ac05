// Copyright 2026 the asyncio for Deno authors. MIT license.

import { messageOf } from "../loop/core/error_classes.ts";
import { wrongType } from "../loop/core/validate.ts";
/**
 * A schedule was found in which a body fails. The message has the steps that lead there, and says how to run
 * that schedule again; `cause` is what the body failed with.
 *
 * @example Running the schedule again, which goes the same way
 * ```ts
 * import { createTask, sleep, wait } from "@asyncio/asyncio";
 * import { ExplorationError, explore } from "@asyncio/asyncio/testing";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * async function body() {
 *   let count = 0;
 *   const increment = async () => {
 *     const before = count;
 *     await sleep(0);
 *     count = before + 1;
 *   };
 *   await wait([createTask(increment), createTask(increment)]);
 *   assertEquals(count, 2);
 * }
 *
 * const first = await assertRejects(() => explore(body), ExplorationError);
 * const { replay } = first;
 * const second = await assertRejects(() => explore(body, { replay }), ExplorationError);
 * assertEquals(second.trace, first.trace);
 * ```
 */
export class ExplorationError extends Error {
  /** What happened, a line for each step: when, and who went on, where in the program it had waited. */
  readonly trace: readonly string[];
  /** What `explore()` takes as `replay` to run the schedule again; empty where it was not `explore()` that failed. */
  readonly replay: string;

  /**
   * Constructs a new instance.
   *
   * @param message Which schedule failed, and how.
   * @param options The steps, how to run them again, and the error of the body.
   */
  constructor(
    message: string,
    options: { trace: readonly string[]; replay: string; cause: unknown },
  ) {
    if (typeof options !== "object" || options === null) {
      throw wrongType(
        "The options of ExplorationError()",
        "an object",
        options,
      );
    }
    super(messageOf(message), { cause: options.cause });
    this.name = "ExplorationError";
    this.trace = options.trace;
    this.replay = options.replay;
  }
}
