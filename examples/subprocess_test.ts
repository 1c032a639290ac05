// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertMatch } from "@std/assert";
import { withDirectory } from "../tests/doubles/directory.ts";
import { runExample } from "../tests/doubles/example.ts";

Deno.test({
  name:
    "subprocess_shell runs commands concurrently, and prints the outcome of each",
  // The shell is different there
  ignore: Deno.build.os === "windows",
  fn: () =>
    withDirectory(async (path) => {
      const file = `${path}/file`;
      const waiting = `until [ -e ${file} ]; do sleep 0.01; done; echo hello`;
      const failing = `echo wrong >&2; : > ${file}; exit 3`;
      const { code, stdout, stderr } = await runExample(
        "subprocess_shell.ts",
        ["--allow-run=/bin/sh"],
        [waiting, failing],
      );
      assertEquals(stderr, "");
      const texts = [
        `[${failing} exited with 3]\n[stderr]\nwrong\n`,
        `[${waiting} exited with 0]\n[stdout]\nhello\n`,
      ];
      // The first command usually ends first.
      if (stdout !== texts.join("")) {
        assertEquals(stdout, texts.reverse().join(""));
      }
      assertEquals(code, 0);
    }),
});

for (const name of ["subprocess_exec", "subprocess_protocol"]) {
  Deno.test(`${name} prints the output of another Deno process`, async () => {
    const { code, stdout, stderr } = await runExample(`${name}.ts`, [
      `--allow-run=${Deno.execPath()}`,
    ]);
    assertEquals(stderr, "");
    assertMatch(stdout, /^Current date: \d{4}-\d\d-\d\dT[\d:.]+Z\n$/);
    assertEquals(code, 0);
  });
}
