// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  CancelledError,
  createTask,
  getRunningLoop,
  run,
  SendfileNotAvailableError,
} from "../../../mod.ts";
import { FakeConn } from "../../../tests/doubles/conn.ts";
import { turns } from "../../../tests/doubles/recorder.ts";
import { positionOf, withFile } from "../../../tests/doubles/file.ts";

Deno.test("loop.sockSendFile() sends a file, or a part of it", () =>
  run(() =>
    withFile("0123456789", async (file) => {
      const loop = getRunningLoop();
      const conn = new FakeConn();
      assertEquals(await loop.sockSendFile(conn, file), 10);
      assertEquals(positionOf(file), 10);
      assertEquals(await loop.sockSendFile(conn, file, { offset: 7 }), 3);
      assertEquals(
        await loop.sockSendFile(conn, file, { offset: 2, count: 3 }),
        3,
      );
      assertEquals(positionOf(file), 5);
      assertEquals(await loop.sockSendFile(conn, file, { count: 100 }), 10);
      assertEquals(await loop.sockSendFile(conn, file, { offset: 20 }), 0);
      assertEquals(conn.written, ["0123456789", "789", "234", "0123456789"]);
    })
  ));

Deno.test("loop.sockSendFile() sends a file that is larger than what is read at once", () =>
  run(() => {
    const text = "0123456789".repeat(80_000);
    return withFile(text, async (file) => {
      const conn = new FakeConn();
      const count = await getRunningLoop().sockSendFile(conn, file);
      assertEquals(count, text.length);
      assertEquals(conn.written.join(""), text);
    });
  }));

Deno.test("loop.sockSendFile() leaves the position behind what was sent", () =>
  run(() =>
    withFile("0".repeat(800_000), async (file) => {
      const loop = getRunningLoop();
      const conn = new FakeConn();
      conn.takes = 1000;
      const failing = createTask(() => loop.sockSendFile(conn, file));
      while (conn.written.length < 300) await turns();
      conn.block();
      while (!conn.isWriting) await turns();
      conn.fail(new Error("broken"));
      await assertRejects(() => failing, Error, "broken");
      assertEquals(positionOf(file), 256 * 1024);
    })
  ));

Deno.test("loop.sockSendFile() can be cancelled at every await", () =>
  run(() =>
    withFile("0".repeat(800_000), async (file) => {
      const loop = getRunningLoop();
      for (let steps = 0; steps < 30; steps++) {
        const conn = new FakeConn();
        file.seekSync(1, Deno.SeekMode.Start);
        const task = createTask(() =>
          loop.sockSendFile(conn, file, { offset: 1 })
        );
        for (let i = 0; i < steps; i++) await turns();
        task.cancel();
        await task.catch((error) => {
          if (!(error instanceof CancelledError)) throw error;
        });
        // The last chunk may have been written, and nobody have been told.
        const unknown = 1 + conn.written.join("").length - positionOf(file);
        assert(unknown >= 0 && unknown <= 256 * 1024);
      }
    })
  ));

Deno.test("loop.sockSendFile() refuses what it cannot send", () =>
  run(() =>
    withFile("x", async (file) => {
      const loop = getRunningLoop();
      const conn = new FakeConn();
      await assertRejects(
        () => loop.sockSendFile(conn, file, { fallback: false }),
        SendfileNotAvailableError,
      );
      await assertRejects(
        () => loop.sockSendFile(conn, "x" as never),
        TypeError,
        "Deno.FsFile",
      );
      await assertRejects(
        () => loop.sockSendFile(conn, file, { offset: -1 }),
        RangeError,
        "received -1",
      );
      await assertRejects(
        () => loop.sockSendFile(conn, file, { count: 0 }),
        RangeError,
        "received 0",
      );
      await assertRejects(
        () => loop.sockSendFile(null as never, file),
        TypeError,
        "conn",
      );
      assertEquals(conn.written, []);
    })
  ));
