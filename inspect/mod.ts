// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * See into a running program: which tasks there are, what each waits for and where, which loops are held up.
 *
 * A program opts in with {@linkcode inspect}. The same module is the viewer:
 *
 * ```sh
 * deno run -A jsr:@asyncio/asyncio/inspect            # the programs that can be inspected
 * deno run -A jsr:@asyncio/asyncio/inspect ps 4711    # the tasks of one, as a table
 * deno run -A jsr:@asyncio/asyncio/inspect pstree     # the tree of awaits
 * deno run -A jsr:@asyncio/asyncio/inspect --help
 * ```
 *
 * @example Usage
 * ```ts
 * import { run, sleep } from "@asyncio/asyncio";
 * import { inspect } from "@asyncio/asyncio/inspect";
 *
 * await using _ = await inspect();
 * await run(() => sleep(0.001));
 * ```
 *
 * @module
 */

import "../loop/preload.ts";
import { rememberQueues } from "../loop/core/introspection/snapshot.ts";

export { inspect, type InspectOptions, Inspector } from "./inspector.ts";
export {
  type GaugeLike,
  instrument,
  type InstrumentOptions,
  type MeterLike,
  type ObserveLike,
  type SpanLike,
  type TracerLike,
} from "./instrument.ts";

// Already here, since modules create queues when they are loaded.
rememberQueues();

if (import.meta.main) {
  const { main } = await import("./_cli.ts");
  await main(Deno.args);
  // A pending read of the terminal would keep the viewer up.
  Deno.exit();
}
