// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Example, type ExampleEnd } from "../tests/doubles/example.ts";

/** There is no `exec` and no SIGTERM. */
const ignore = Deno.build.os === "windows";

const FLAGS = ["--allow-run"];

function supervisor(...commands: string[]): Example {
  return new Example("process_supervisor.ts", FLAGS, commands);
}

async function endOf(example: Example): Promise<ExampleEnd> {
  await using _ = example;
  return await example.end();
}

Deno.test({
  name: "process_supervisor ends when all commands have ended well",
  ignore,
  async fn() {
    const { code, stdout, stderr } = await endOf(
      supervisor("one=echo a=b", "two=true"),
    );
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, "one: a=b\n");
    assertStringIncludes(stdout, "two has ended\n");
  },
});

Deno.test({
  name: "process_supervisor restarts what fails, and gives up in the end",
  ignore,
  async fn() {
    const { code, stdout, stderr } = await endOf(
      supervisor("bad=sh -c 'echo trying; exit 3'", "good=sleep 3600"),
    );
    assertEquals(code, 1);
    assertEquals(stdout.match(/^bad: trying$/gm)?.length, 6);
    assertEquals(stdout.match(/code 3; again in/g)?.length, 5);
    assertEquals(stdout.match(/^good has started$/gm)?.length, 1);
    assertStringIncludes(stdout, "good has ended\n");
    assertStringIncludes(
      stderr,
      "1 of 2 tasks failed: bad: Error: ended with code 3",
    );
  },
});

Deno.test({
  name: "process_supervisor passes SIGTERM on, and waits for the commands",
  ignore,
  async fn() {
    const example = supervisor(
      "polite=sh -c 'trap \"echo bye; exit 0\" TERM; echo ready; while :; do sleep 0.01; done'",
      "other=sleep 3600",
    );
    await using _ = example;
    const lines = new Set<string>();
    while (!lines.has("polite: ready") || !lines.has("other has started")) {
      lines.add(await example.nextLine());
    }
    const begin = performance.now();
    example.signal("SIGTERM");
    const { code, stdout, stderr } = await example.end();
    assert(stdout.includes("polite has ended\n"), stdout);
    assert(stdout.includes("other has ended\n"), stdout);
    assertEquals(code, 143);
    assertEquals(stderr, "KeyboardInterrupt: Interrupted by SIGTERM\n");
    assert(performance.now() - begin < 8000);
  },
});
