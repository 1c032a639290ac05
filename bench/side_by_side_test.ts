// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertRejects } from "@std/assert";
import { pythonWith, UVLOOP_PYTHON } from "./side_by_side.ts";

// Stand-ins for interpreters, which are shell scripts.
const ignore = Deno.build.os === "windows";

/** Names an interpreter for uvloop that can, or cannot, import it. */
async function withUvloopPython(
  canImport: boolean,
  body: (program: string) => Promise<void>,
): Promise<void> {
  const program = await Deno.makeTempFile();
  // It is asked who it is, and then to import.
  await Deno.writeTextFile(
    program,
    `#!/bin/sh
case "$2" in
  "import uvloop") exit ${canImport ? 0 : 1} ;;
  *) echo 3.13.1 ;;
esac
`,
  );
  await Deno.chmod(program, 0o755);
  const before = Deno.env.get(UVLOOP_PYTHON);
  Deno.env.set(UVLOOP_PYTHON, program);
  try {
    await body(program);
  } finally {
    if (before === undefined) Deno.env.delete(UVLOOP_PYTHON);
    else Deno.env.set(UVLOOP_PYTHON, before);
    await Deno.remove(program);
  }
}

Deno.test("pythonWith() finds the interpreter that is named for uvloop", {
  ignore,
}, () =>
  withUvloopPython(true, async (program) => {
    assertEquals(await pythonWith("uvloop"), {
      command: [program],
      version: "3.13.1",
    });
  }));

Deno.test(
  "pythonWith() rejects a named interpreter without uvloop",
  { ignore },
  () =>
    withUvloopPython(false, async (program) => {
      await assertRejects(
        () => pythonWith("uvloop"),
        Error,
        `${UVLOOP_PYTHON} must name an interpreter that can import uvloop, but it is "${program}"`,
      );
    }),
);
