// Copyright 2026 the asyncio for Deno authors. MIT license.

import { PassThrough } from "node:stream";
import { assertEquals } from "@std/assert";
import { FakeConn } from "../../../tests/doubles/conn.ts";
import { bytesOf, textOf } from "../../../tests/doubles/text.ts";
import { DuplexConn } from "./_connect_from.ts";

Deno.test("DuplexConn.read() serves concurrent reads in order", async () => {
  const conn = new DuplexConn(new PassThrough(), new FakeConn());
  const memories = [new Uint8Array(2), new Uint8Array(2)];
  const reads = memories.map((memory) => conn.read(memory));
  await conn.write(bytesOf("abc"));
  assertEquals(await Promise.all(reads), [2, 1]);
  assertEquals(memories.map((memory) => textOf(memory)), ["ab", "c\0"]);
  conn.close();
});
