// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { findPython } from "../../tests/peers/python.ts";
import { downloads } from "./pages.ts";

const PROGRAMS = ["asyncio", "promises", "p_queue", "effect", "effection"];
const PAGES = ["one", "two", "slow", "three", "four"];

for (const name of PROGRAMS) {
  const { main } = await import(`./${name}.ts`);

  Deno.test(`${name} downloads two pages at a time, each within the limit`, async () => {
    downloads.most = 0;
    const sizes = await main(PAGES, new AbortController().signal);
    assertEquals(
      PAGES.map((page) => sizes.get(page)),
      ["3 bytes", "3 bytes", "too slow", "5 bytes", "4 bytes"],
    );
    assertEquals(downloads.most, 2);
  });

  Deno.test(`${name} ends when the signal aborts`, async () => {
    const controller = new AbortController();
    const ended = assertRejects(() => main(PAGES, controller.signal));
    setTimeout(() => controller.abort(), 30);
    await ended;
    assertEquals(downloads.open, 0);
  });
}

/** Runs a Python program of this folder; null if there is no Python that can. */
async function pythonOutput(name: string): Promise<string | null> {
  const newest = await findPython();
  for (const command of [newest?.command ?? [], ["/usr/bin/python3"]]) {
    const [program, ...args] = command;
    if (program === undefined) continue;
    try {
      const { success, stdout } = await new Deno.Command(program, {
        args: [...args, "-B", "pages.py", name, ...PAGES],
        cwd: new URL("./", import.meta.url),
        stderr: "null",
      }).output();
      if (success) return new TextDecoder().decode(stdout).trim();
    } catch {
      // There is no such program.
    }
  }
  return null;
}

for (const name of ["python_asyncio", "python_trio"]) {
  const output = await pythonOutput(name);
  Deno.test(`${name} gives the same sizes`, { ignore: output === null }, () => {
    assertEquals(output, "3 bytes, 3 bytes, too slow, 5 bytes, 4 bytes");
  });
}

Deno.test("docs/comparison.md shows the programs as they are", async () => {
  const here = new URL("./", import.meta.url);
  const page = await Deno.readTextFile(
    new URL("../../docs/comparison.md", here),
  );
  for await (const { name } of Deno.readDir(here)) {
    if (!/^(?!pages|comparison_test)\w+\.(ts|py)$/.test(name)) continue;
    const source = await Deno.readTextFile(new URL(name, here));
    const program = source.replace(/^.*Copyright.*\n+/, "");
    assert(page.includes(program), `${name} is not in docs/comparison.md`);
  }
});
