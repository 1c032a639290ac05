// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Prints how many bytes of resident memory a sleeping task takes, now and at the peak, of as many as the argument
 * says. Linux only.
 *
 * @module
 */

import { createTask, gather, run, sleep } from "../../mod.ts";

function resident(field: "VmRSS" | "VmHWM"): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)![1]) * 1024;
}

const count = Number(Deno.args[0]);
await run(async () => {
  for (let i = 0; i < 100; i++) await createTask(() => sleep(0.001));
  const before = resident("VmRSS");
  const tasks = Array.from(
    { length: count },
    () => createTask(async () => await sleep(3600)),
  );
  await sleep(0.5);
  console.log(JSON.stringify({
    now: (resident("VmRSS") - before) / count,
    peak: (resident("VmHWM") - before) / count,
  }));
  for (const task of tasks) task.cancel();
  await gather(tasks, { returnExceptions: true });
});
