// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { createTask, sleep } from "../../mod.ts";
import { inVirtualTime } from "../../testing/mod.ts";
import { Display } from "./display.ts";

const ERASE = "\r\x1b[K";

Deno.test(
  "Display shows below the lines what runs for how long",
  inVirtualTime(async () => {
    const written: string[] = [];
    const display = new Display(3, {
      write: (text) => written.push(text),
      columns: () => 50,
    });
    const endOfFirst = display.begin("first");
    const showing = createTask(() => display.show());
    await sleep(0.05);
    const endOfSecond = display.begin("second, of a long name");
    display.print("a line");
    endOfFirst(true);
    await sleep(0.1);
    endOfSecond(false);
    showing.cancel();
    await sleep(0);
    assertEquals(written, [
      `${ERASE}0 of 3 done, 0 failed | 0.0 s first`,
      `${ERASE}a line\n`,
      `${ERASE}0 of 3 done, 0 failed | 0.1 s first | 0.0 s second`,
      `${ERASE}1 of 3 done, 1 failed | 0.1 s second, of a long na`,
      ERASE,
    ]);
    assertEquals(display.failed, 1);
  }),
);
