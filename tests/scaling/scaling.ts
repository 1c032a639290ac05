// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert } from "@std/assert";
import { cpuUsage } from "node:process";

/** How much longer four times the work may take: 4 is in proportion, 16 is the square. */
const MAX_RATIO = 9;
/** Other programs and the garbage collector disturb a measurement; they do not disturb every one. */
const ATTEMPTS = 3;

/**
 * Tests that the time some work takes grows in proportion to its size, more or less.
 *
 * @param name The name of the test.
 * @param size The size of the smaller work: so large that the garbage collector has the same share in both.
 * @param work The work, of a given size.
 */
export function testScaling(
  name: string,
  size: number,
  work: (size: number) => Promise<unknown>,
): void {
  Deno.test(name, async () => {
    const times: string[] = [];
    await work(size);
    for (let i = 0; i < ATTEMPTS; i++) {
      const small = await timeOf(() => work(size));
      const large = await timeOf(() => work(4 * size));
      if (large < MAX_RATIO * small) return;
      times.push(`${Math.round(small)} and ${Math.round(large)} ms`);
    }
    assert(
      false,
      `${size} and ${4 * size} took ${
        times.join(", ")
      }: that is out of proportion`,
    );
  });
}

/** How long some work keeps the processor busy, in milliseconds. */
async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const before = cpuUsage();
  await work();
  const { user, system } = cpuUsage(before);
  return (user + system) / 1000;
}
