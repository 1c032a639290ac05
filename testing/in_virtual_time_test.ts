// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { getRunningLoop, sleep } from "../mod.ts";
import { inVirtualTime } from "./in_virtual_time.ts";

Deno.test("inVirtualTime() returns a function that can be called again", async () => {
  const test = inVirtualTime(async () => {
    await sleep(3600);
    return getRunningLoop().time();
  }, { start: 1 });
  assertEquals(await test(), 3601);
  assertEquals(await test(), 3601);
});

Deno.test("inVirtualTime() throws what the body throws", async () => {
  const test = inVirtualTime(() => {
    throw new TypeError("of the body");
  });
  await assertRejects(test, TypeError, "of the body");
});

Deno.test("inVirtualTime() takes the options of the loop, and debug mode", async () => {
  await inVirtualTime(() => assert(getRunningLoop().getDebug()), {
    debug: true,
  })();
  await assertRejects(
    inVirtualTime(() => sleep(1), { start: NaN }),
    RangeError,
    "The start option must be a number: received NaN",
  );
});

Deno.test("inVirtualTime() rejects a non-function", () => {
  assertThrows(
    () => inVirtualTime(Promise.resolve() as never),
    TypeError,
    "The body of inVirtualTime() must be a function: received an instance of Promise",
  );
});
