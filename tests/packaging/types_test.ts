// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

Deno.test("The library's types need none that Deno has as unstable", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const config = `${folder}/deno.json`;
    const program = `${folder}/main.ts`;
    await Deno.writeTextFile(
      config,
      JSON.stringify({ compilerOptions: { lib: ["dom", "deno.ns"] } }),
    );
    await Deno.writeTextFile(
      program,
      `import ${JSON.stringify(new URL("mod.ts", ROOT).href)};
      import ${JSON.stringify(new URL("testing/mod.ts", ROOT).href)};
      // @ts-expect-error -- as long as this fails, the test is about what it says
      export type Unstable = Deno.DatagramConn;`,
    );
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", "--no-lock", "--config", config, program],
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(new TextDecoder().decode(stderr), "");
    assertEquals(success, true);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
