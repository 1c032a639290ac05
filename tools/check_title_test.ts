// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertMatch } from "@std/assert";
import { problemWithTitle } from "./check_title.ts";

Deno.test("problemWithTitle() accepts the form of a commit", () => {
  for (
    const title of [
      "fix(loop): keep equal deadlines in the order of creation",
      "feat(tasks, sync)!: drop `shield()`",
      "docs: say more about Node.js",
      "chore: release 0.2.0",
    ]
  ) assertEquals(problemWithTitle(title), null);
});

Deno.test("problemWithTitle() says what is wrong", () => {
  for (
    const [title, problem] of [
      ["Fix the loop", /must be "type\(folder\)/],
      ["", /must be "type\(folder\)/],
      ["fixes: the loop", /type must be one of/],
      ["fix(core): the loop", /folder must be one of/],
      ["fix: the loop.", /full stop/],
      [`fix: ${"x".repeat(100)}`, /at most 100 characters: received 105/],
    ] as const
  ) assertMatch(problemWithTitle(title)!, problem);
});
