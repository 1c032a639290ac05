// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);
const MAX_WORDS = 800;

const text = await Deno.readTextFile(new URL("README.md", ROOT));
const blocks = [...text.matchAll(/^```ts\n([^]*?)^```$/gm)]
  .map(([, block]) => block!);

/** Returns the configuration that links the clone, as README.md shows it. */
function configOfClone(): string {
  const config = JSON.parse(text.match(/^```json\n([^]*?)^```$/m)![1]!);
  assertEquals(config.links, ["../asyncio"]);
  return JSON.stringify({ ...config, links: [ROOT.href] });
}

Deno.test("README.md is short", () => {
  const words = text.split(/\s+/).filter(Boolean).length;
  assert(words <= MAX_WORDS, `There are ${words} words`);
});

Deno.test("README.md has no block that is left out of the tests", () => {
  assert(blocks.length >= 2);
  assertEquals(/^```ts ignore/m.test(text), false);
});

Deno.test("README.md names tasks that exist", async () => {
  const { tasks } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  ) as { tasks: Record<string, unknown> };
  const commands = [...text.matchAll(/npx -y deno@2\.9\.6 task (\w+)/g)];
  assertEquals(commands.map(([, name]) => name), ["demo", "test"]);
  for (const [, name] of commands) assert(name! in tasks);
});

for (const [index, block] of blocks.entries()) {
  Deno.test(`README.md's block ${index + 1} runs as pasted, without permissions`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/deno.json`, configOfClone());
      await Deno.writeTextFile(`${folder}/main.ts`, block);
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--check", "--no-prompt", "--quiet", "main.ts"],
        cwd: folder,
        env: { NO_COLOR: "1" },
      }).output();
      assertEquals([new TextDecoder().decode(stderr), code], ["", 0]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
