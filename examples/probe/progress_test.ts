// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertRejects } from "@std/assert";
import { CancelledError, createTask, run, sleep } from "@asyncio/asyncio";
import { newOutcome } from "./outcome.ts";
import { progressOf, showProgress } from "./progress.ts";
import { Survey } from "./survey.ts";
import { parseTarget } from "./targets.ts";

Deno.test("progressOf() counts", () => {
  const targets = ["a:1", "b:1", "c:1"].map(parseTarget);
  const survey = new Survey({ targets, duplicates: 0 });
  survey.outcomes.push(newOutcome(targets[0]!), {
    ...newOutcome(targets[1]!),
    failure: { kind: "refused", message: "" },
  });
  assertEquals(progressOf(survey), "Probed 2 of 3: 1 answered, 1 failed");
});

Deno.test("showProgress() erases its line when it is cancelled", async () => {
  const written: string[] = [];
  await run(async () => {
    const survey = new Survey({ targets: [], duplicates: 0 });
    const task = createTask(() =>
      showProgress(survey, (text) => written.push(text))
    );
    await sleep(0);
    task.cancel();
    await assertRejects(async () => await task, CancelledError);
  });
  assertEquals(written, [
    "\r\x1b[KProbed 0 of 0: 0 answered, 0 failed",
    "\r\x1b[K",
  ]);
});
