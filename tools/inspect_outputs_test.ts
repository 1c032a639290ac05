// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { withOutputs } from "./inspect_outputs.ts";

Deno.test("withOutputs() replaces the blocks after the comments, and nothing else", async () => {
  const page = [
    "text",
    "```text",
    "stays",
    "```",
    "<!-- output: deadlock: ps -->",
    "",
    "```text",
    "old",
    "```",
    "between",
    "<!-- output: long_step: top --limit 3 -->",
    "",
    "```text",
    "```",
    "end",
  ].join("\n");
  const filled = await withOutputs(
    page,
    (example, command) => Promise.resolve(`${example} by ${command}`),
  );
  assertEquals(
    filled,
    page.replace("\nold\n", "\ndeadlock by ps\n").replace(
      "top --limit 3 -->\n\n```text\n",
      "top --limit 3 -->\n\n```text\nlong_step by top --limit 3\n",
    ),
  );
});
