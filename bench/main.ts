// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * All benchmarks: `deno task bench`.
 *
 * Figures of different runs do not compare: a machine is never twice as busy in the same way. What
 * compares is what was measured in turn in one run, so the tables give the ratio of each round's
 * figures, its median and its spread.
 *
 * @module
 */

import { main as echo } from "./echo.ts";
import { main as fairness } from "./fairness.ts";
import { main as memory } from "./memory.ts";
import { main as peers } from "./peers.ts";
import { main as primitives } from "./primitives.ts";
import { main as tasks } from "./tasks.ts";

for (const main of [tasks, primitives, peers, memory, fairness, echo]) {
  await main();
}
