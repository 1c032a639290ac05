// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { judge, judgeMean, report, type Result, RESULTS } from "./report.ts";

const RESULT: Result = {
  title: "Tasks",
  name: "a case",
  unit: "ns",
  ours: [10, 20, 10],
  peer: "asyncio",
  theirs: [40, 40, 30],
};

Deno.test("judge() takes the median and the spread of the rounds' ratios", () => {
  const { ratio, spread, medians } = judge(RESULT);
  assertEquals([ratio, spread], [3, [2, 4]]);
  assertEquals(medians, { ours: 10, theirs: 40 });
});

Deno.test("judge() knows that more of what happens a second is better", () => {
  const { ratio, spread } = judge({ ...RESULT, unit: "a second" });
  assertEquals([ratio, spread], [1 / 3, [1 / 4, 1 / 2]]);
});

Deno.test("judgeMean() takes the geometric mean of each round's ratios", () => {
  const { ratio, spread } = judgeMean([
    RESULT, // 4, 2, 3
    { ...RESULT, theirs: [10, 40, 30] }, // 1, 2, 3
  ]);
  for (const [mean, expected] of [[ratio, 2], [spread[0], 2], [spread[1], 3]]) {
    assertAlmostEquals(mean!, expected!);
  }
});

Deno.test("report() adds a line to the file that the environment names, if it names one", async () => {
  report(RESULT);
  const file = await Deno.makeTempFile();
  Deno.env.set(RESULTS, file);
  try {
    report(RESULT);
    report(RESULT);
    const lines = (await Deno.readTextFile(file)).trimEnd().split("\n");
    assertEquals(lines.map((line) => JSON.parse(line)), [RESULT, RESULT]);
  } finally {
    Deno.env.delete(RESULTS);
    await Deno.remove(file);
  }
});
