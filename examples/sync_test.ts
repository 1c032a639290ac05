// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertMatch } from "@std/assert";
import { runExample } from "../tests/doubles/example.ts";

/** The arguments and the output of the examples. */
const PRINTED: readonly [name: string, args: string[], stdout: string][] = [
  [
    "lock",
    [],
    '[ "80: paid, 20 left", "30: not enough", "20: paid, 0 left" ]\n',
  ],
  ["event", ["0.01"], "waiting for it ...\n... got it!\n"],
  [
    "condition",
    [],
    `delivered 1
took 1, 0 left
delivered 1
delivered 2
took 3, 0 left
`,
  ],
  [
    "semaphore",
    [],
    `1 begins
2 begins
3 begins
4 begins
5 begins
at most 2 at the same time
`,
  ],
  [
    "barrier",
    ["0.01"],
    `<Barrier [filling, waiters:2/3]>
barrier passed
<Barrier [filling, waiters:0/3]>
`,
  ],
];

for (const [name, args, stdout] of PRINTED) {
  Deno.test(`${name} prints its lines, and ends`, async () => {
    assertEquals(
      await runExample(`${name}.ts`, [], args),
      { code: 0, stdout, stderr: "" },
    );
  });
}

Deno.test("queue_workers does all jobs, each worker some", async () => {
  const { code, stdout, stderr } = await runExample("queue_workers.ts", [], [
    "0.02",
  ]);
  assertEquals(stderr, "");
  const lines = stdout.split("\n");
  assertEquals(
    [...new Set(lines.slice(0, 20).map((line) => line.split(" ")[0]))].sort(),
    ["worker-0", "worker-1", "worker-2"],
  );
  assertMatch(
    lines.slice(20).join("\n"),
    /^====\n3 workers slept for \d+\.\d\d seconds\none would have slept for \d+\.\d\d seconds\n$/,
  );
  assertEquals(code, 0);
});
