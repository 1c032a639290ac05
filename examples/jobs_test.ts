// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { withDirectory } from "../tests/doubles/directory.ts";
import { Example, runExample } from "../tests/doubles/example.ts";

const ignore = Deno.build.os === "windows";

/** A job that prints its process number and never ends. */
async function endlessJob(directory: string, first = ""): Promise<string> {
  const path = `${directory}/job`;
  await Deno.writeTextFile(path, `${first}\necho $$\nwhile :; do :; done\n`);
  return `sh ${path}`;
}

Deno.test({
  name: "jobs prints what programs put out, and how they end",
  ignore,
  async fn() {
    const { code, stdout, stderr } = await runExample(
      "jobs.ts",
      ["--allow-run"],
      ["1", "60", "echo hello", "false", "no-such-program"],
    );
    assertEquals(stderr, "");
    assertEquals(
      stdout,
      "echo hello: hello\n" +
        "echo hello: exited with 0\n" +
        "false: exited with 1\n" +
        'no-such-program: Cannot start "no-such-program": the program does not exist\n',
    );
    assertEquals(code, 1);
  },
});

Deno.test({
  name: "jobs prints what programs complain about, and is content with all",
  ignore,
  fn: () =>
    withDirectory(async (path) => {
      await Deno.writeTextFile(`${path}/job`, "echo careful >&2\n");
      const job = `sh ${path}/job`;
      assertEquals(
        await runExample("jobs.ts", ["--allow-run=sh"], ["1", "60", job]),
        {
          code: 0,
          stdout: `${job}: careful\n${job}: exited with 0\n`,
          stderr: "",
        },
      );
    }),
});

Deno.test({
  name: "jobs ends a program whose time is over",
  ignore,
  async fn() {
    const { code, stdout } = await runExample(
      "jobs.ts",
      ["--allow-run=sleep"],
      ["2", "0.01", "sleep 60", "sleep 61"],
    );
    assertEquals(
      stdout.split("\n").sort(),
      ["", "sleep 60: was told to end", "sleep 61: was told to end"],
    );
    assertEquals(code, 1);
  },
});

Deno.test({
  name: "jobs kills a program that does not end",
  ignore,
  fn: () =>
    withDirectory(async (path) => {
      const job = await endlessJob(path, "trap '' TERM");
      // It has so long until it ignores the signal.
      const { stdout } = await runExample(
        "jobs.ts",
        ["--allow-run=sh"],
        ["1", "2", job],
      );
      assert(stdout.endsWith(`\n${job}: was killed\n`), stdout);
    }),
});

Deno.test({
  name: "jobs leaves no program behind when it is interrupted",
  ignore,
  fn: () =>
    withDirectory(async (path) => {
      await using example = new Example("jobs.ts", ["--allow-run=sh"], [
        "1",
        "60",
        await endlessJob(path),
      ]);
      const pid = Number((await example.nextLine()).split(": ")[1]);
      example.interrupt();
      assertEquals((await example.end()).code, 130);
      assertThrows(() => Deno.kill(pid, "SIGCONT"), Deno.errors.NotFound);
    }),
});
