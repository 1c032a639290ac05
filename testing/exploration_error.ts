// Copyright 2026 the asyncio for Deno authors. MIT license.

import { messageOf } from "../loop/core/errors.ts";
import { wrongType } from "../loop/core/validate.ts";

/**
 * Thrown when a body fails in some schedule. The message has the steps that lead to the failure and explains how
 * to run that schedule again; `cause` is the error of the body.
 *
 * @example Running the failed schedule again
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
 *
 * @category Tests
 */
export class ExplorationError extends Error {
  /** The steps of the schedule, one line each: the time, the task, and the line of user code at which it resumed. */
  readonly trace: readonly string[];
  /** The `replay` option of `explore()` that runs the schedule again; empty if the error is not from `explore()`. */
  readonly replay: string;

  /**
   * Constructs a new instance.
   *
   * @param message The description of the failure.
   * @param options The steps, the replay text, and the error of the body.
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
