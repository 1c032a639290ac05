// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { FEATURES, featuresProgram } from "./features.ts";

const LIBRARY = new URL("../../mod.ts", import.meta.url).href;

interface Output {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

async function deno(...args: string[]): Promise<Output> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    env: { ASYNCIO_DEBUG: "1", NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return {
    success,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

Deno.test('A program works that "deno bundle" made one file of', async (t) => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/program.ts`, featuresProgram(LIBRARY));
    const bundle = `${folder}/program.js`;
    for (const flags of [[], ["--minify"]]) {
      await t.step(["deno bundle", ...flags].join(" "), async () => {
        const made = await deno(
          "bundle",
          "--no-config",
          ...flags,
          "--output",
          bundle,
          `${folder}/program.ts`,
        );
        assertEquals(made.success, true, made.stderr);
        const { stdout, stderr } = await deno("run", "-A", bundle);
        assertEquals(stderr, "");
        const lines = stdout.trim().split("\n");
        // Minified, the last function has another name.
        const count = flags.length === 0 ? 3 : 2;
        assertEquals(lines.slice(0, count), FEATURES.slice(0, count));
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
