// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertMatch } from "@std/assert";
import { runExample } from "../tests/doubles/example.ts";

const EXAMPLES = new URL(".", import.meta.url).pathname;

Deno.test("run_in_executor prints the results of three executors", async () => {
  assertEquals(
    await runExample("run_in_executor.ts", [`--allow-read=${EXAMPLES}`]),
    {
      code: 0,
      stdout:
        `default executor: // Copyright 2026 the asyncio for Deno authors. MIT license.
own executor: // Copyright 2026 the asyncio for Deno authors. MIT license.
functions of a module: 2666646666700000
`,
      stderr: "",
    },
  );
});

Deno.test("to_thread blocks a thread but not the event loop", async () => {
  const { code, stdout, stderr } = await runExample("to_thread.ts", [], [
    "0.01",
  ]);
  assertEquals(stderr, "");
  assertMatch(
    stdout,
    /^main\(\) began at .*\nblock\(\) began at .*\nblock\(\) was done at .*\nmain\(\) was done at .*\n$/,
  );
  assertEquals(code, 0);
});

Deno.test("threadsafe calls the event loop from a thread", async () => {
  const { pathname } = new URL("../", import.meta.url);
  assertEquals(
    await runExample("threadsafe.ts", [`--allow-read=${pathname}`]),
    { code: 0, stdout: "the thread asks\nanswer: 6\n", stderr: "" },
  );
});
