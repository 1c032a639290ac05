// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * The test that kills, for as long as you like: `deno task durability [KILLS] [sqlite | postgres]`.
 *
 * @module
 */

import { ordeal } from "./ordeal.ts";

const kills = Number(Deno.args[0] ?? 1000);
const kinds = Deno.args[1] === undefined
  ? ["sqlite", "postgres"]
  : [Deno.args[1]];

for (const kind of kinds) {
  const start = performance.now();
  const { faults, events, ...counts } = await ordeal({
    kind: kind as "sqlite" | "postgres",
    kills,
    onProgress(done) {
      if (done % 100 === 0 && done > 0) console.log(`${kind}: ${done} kills`);
    },
  });
  const seconds = Math.round((performance.now() - start) / 1000);
  console.log(kind, { ...counts, ...events, seconds, faults: faults.length });
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) Deno.exitCode = 1;
}
