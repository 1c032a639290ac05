// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { gather, getRunningLoop, sleep } from "../../mod.ts";
import { inVirtualTime } from "../../testing/mod.ts";
import { Pace } from "./pace.ts";

Deno.test(
  "Pace.turn() comes in order and in time, and is not saved up",
  inVirtualTime(async () => {
    const loop = getRunningLoop();
    const start = loop.time();
    const pace = new Pace(2);
    const order: number[] = [];
    const take = async (id: number) => {
      await pace.turn();
      order.push(id);
      return loop.time() - start;
    };
    const times = await gather([1, 2, 3].map((id) => () => take(id)));
    assertEquals(order, [1, 2, 3]);
    await sleep(20);
    times.push(await take(4), await take(5));
    for (const [i, time] of [0, 2, 4, 24, 26].entries()) {
      assertAlmostEquals(times[i]!, time);
    }
  }),
);
