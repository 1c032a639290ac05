// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * All benchmarks: `deno task bench`, or those that are named: `deno task bench tasks echo`.
 *
 * Figures of different runs do not compare: a machine is never twice as busy in the same way. What
 * compares is what was measured in turn in one run, so the tables give the ratio of each round's
 * figures, its median and its spread. Each benchmark has a process of its own: what one loads or leaves
 * on the heap slows down the next.
 *
 * @module
 */

const ALL = [
  "tasks",
  "primitives",
  "peers",
  "memory",
  "fairness",
  "echo",
  "connections",
  "subprocess",
  "executors",
];

for (const name of Deno.args.length > 0 ? Deno.args : ALL) {
  if (!ALL.includes(name)) {
    console.error(`Expected one of ${ALL.join(", ")}, got ${name}`);
    Deno.exit(2);
  }
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--v8-flags=--expose-gc",
      new URL(`./${name}.ts`, import.meta.url).href,
    ],
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (!success) Deno.exit(1);
}
