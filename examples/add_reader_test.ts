// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { Example } from "../tests/doubles/example.ts";

Deno.test({
  name: "add_reader prints what it reads, and ends with its input",
  // Where there is no poll(2)
  ignore: Deno.build.os === "windows",
  async fn() {
    await using watcher = new Example(
      "add_reader.ts",
      ["--allow-ffi"],
      [],
      "piped",
    );
    for (const line of ["one", "two"]) {
      await watcher.type(`${line}\n`);
      assertEquals(await watcher.nextLine(), `Received: ${line}`);
    }
    await watcher.endInput();
    assertEquals(
      await watcher.end(),
      { code: 0, stdout: "The end\n", stderr: "" },
    );
  },
});
