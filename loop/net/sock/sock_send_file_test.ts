// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertRejects } from "@std/assert";
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

Deno.test("loop.sockSendFile() sends a file in several chunks", () =>
  run(() => {
    const text = "0123456789".repeat(80_000);
    return withFile(text, async (file) => {
      const conn = new FakeConn();
      const count = await getRunningLoop().sockSendFile(conn, file);
      assertEquals(count, text.length);
      assertEquals(conn.written.join(""), text);
    });
  }));

Deno.test("loop.sockSendFile() sets the position after the sent part", () =>
  run(() =>
    withFile("0".repeat(800_000), async (file) => {
      const loop = getRunningLoop();
      const conn = new FakeConn();
      conn.takes = 1000;
      const write = conn.write.bind(conn);
      conn.write = (data) =>
        conn.written.length < 300
          ? write(data)
          : Promise.reject(new Error("broken"));
      await assertRejects(
        () => loop.sockSendFile(conn, file),
        Error,
        "broken",
      );
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
        await loop.sockSendAll(conn, "after");
        const sent = conn.written.join("").length - "after".length;
        assertEquals(positionOf(file), 1 + sent);
      }
    })
  ));

Deno.test("loop.sockSendFile() cancelled sends the current chunk and sets the position", () =>
  run(() => {
    const text = "0123456789".repeat(80_000);
    return withFile(text, async (file) => {
      const loop = getRunningLoop();
      const conn = new FakeConn();
      conn.takes = 1000;
      conn.block();
      const task = createTask(() => loop.sockSendFile(conn, file));
      while (!conn.isWriting) await turns();
      task.cancel();
      await assertRejects(() => task, CancelledError);
      const offset = positionOf(file);
      const rest = createTask(() => loop.sockSendFile(conn, file, { offset }));
      await turns();
      conn.unblock();
      assertEquals(await rest, text.length - offset);
      await loop.sockSendAll(conn, "after");
      assertEquals(conn.written.join(""), text + "after");
    });
  }));

Deno.test("loop.sockSendAll() waits for a pending file chunk", () =>
  run(() => {
    const text = "0123456789".repeat(1000);
    return withFile(text, async (file) => {
      const loop = getRunningLoop();
      const conn = new FakeConn();
      conn.takes = 1000;
      conn.block();
      const task = createTask(() => loop.sockSendFile(conn, file));
      while (!conn.isWriting) await turns();
      task.cancel();
      await assertRejects(() => task, CancelledError);
      const after = createTask(() => loop.sockSendAll(conn, "after"));
      await turns();
      conn.unblock();
      await after;
      assertEquals(conn.written.join(""), text + "after");
    });
  }));

Deno.test("loop.sockSendFile() validates its arguments", () =>
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
