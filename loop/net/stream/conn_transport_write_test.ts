// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { getRunningLoop, run, RuntimeError } from "../../../mod.ts";
import { recordExceptions } from "../../../tests/doubles/exceptions.ts";
import { runProgram } from "../../../tests/doubles/program.ts";
import { fake, turns } from "../../../tests/doubles/recorder.ts";
import { bytesOf } from "../../../tests/doubles/text.ts";

Deno.test("Transport.write() joins writes of one step and during a pending write", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    transport.write("a");
    transport.write(bytesOf("b"));
    transport.writeLines(["c", bytesOf("ü"), ""]);
    conn.block();
    await turns();
    transport.write("d");
    await turns();
    transport.write("e");
    conn.unblock();
    await turns();
    assertEquals(conn.written, ["abcü", "de"]);
    transport.close();
    await protocol.lost;
  }));

Deno.test("Transport.writeLines() starts one operation", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    transport.writeLines(["a", bytesOf("b"), "c"]);
    await turns();
    assertEquals(conn.written, ["abc"]);
    transport.writeLines([]);
    transport.close();
    await protocol.lost;
  }));

Deno.test("Transport.write() starts one operation for each step", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    for (let i = 0; i < 40; i++) {
      transport.write("a".repeat(500));
      transport.write("b".repeat(500));
      await turns();
    }
    assertEquals(conn.written.map((text) => text.length), Array(40).fill(1000));
    transport.close();
    await protocol.lost;
  }));

Deno.test("Transport.write() continues after a partial write", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    conn.takes = 3;
    transport.write("abcdefgh");
    await turns();
    assertEquals(conn.written, ["abc", "def", "gh"]);
    transport.close();
    await protocol.lost;
  }));

Deno.test("Transport.write() copies the data", () =>
  run(async () => {
    for (const size of [10, 100_000]) {
      const [conn, transport, protocol] = await fake();
      conn.block();
      const data = new Uint8Array(size).fill(97);
      transport.write(data);
      data.fill(98);
      conn.unblock();
      await turns();
      assertEquals(conn.written.join(""), "a".repeat(size));
      transport.close();
      await protocol.lost;
    }
  }));

Deno.test("Transport pauses and resumes writing at the water marks", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    assertEquals(transport.getWriteBufferLimits(), [16384, 65536]);
    transport.setWriteBufferLimits(10);
    assertEquals(transport.getWriteBufferLimits(), [2, 10]);
    conn.block();
    conn.takes = 6;
    transport.write("0123456789");
    assertEquals(protocol.events, ["made"]);
    transport.write("ab");
    assertEquals(protocol.events, ["made", "pause"]);
    assertEquals(transport.getWriteBufferSize(), 12);
    transport.write("c");
    await turns();
    // Not immediately below the high mark, but before it is empty.
    for (const [left, event] of [[7, "pause"], [1, "resume"]] as const) {
      conn.unblock();
      conn.block();
      await turns();
      assertEquals(transport.getWriteBufferSize(), left);
      assertEquals(protocol.events.at(-1), event);
    }
    conn.unblock();
    await turns();
    assertEquals(transport.getWriteBufferSize(), 0);
    assertEquals(protocol.events, ["made", "pause", "resume"]);
    transport.close();
    await protocol.lost;
  }));

Deno.test("Transport.setWriteBufferLimits() has defaults and pauses immediately", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    transport.setWriteBufferLimits(null, 100);
    assertEquals(transport.getWriteBufferLimits(), [100, 400]);
    assertThrows(() => transport.setWriteBufferLimits(1, 2), RangeError);
    assertThrows(() => transport.setWriteBufferLimits(1, -1), RangeError);
    assertEquals(transport.getWriteBufferLimits(), [100, 400]);
    conn.block();
    transport.write("abc");
    transport.setWriteBufferLimits(0);
    assertEquals(protocol.events, ["made", "pause"]);
    conn.unblock();
    transport.close();
    await protocol.lost;
    assertEquals(protocol.events, ["made", "pause", "resume", "lost null"]);
  }));

Deno.test("Transport.close() sends buffered data first", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    conn.block();
    transport.write("a");
    transport.write("b");
    transport.close();
    transport.close();
    assert(transport.isClosing());
    conn.takes = 1;
    await turns();
    conn.unblock();
    conn.block();
    await turns();
    assertEquals([conn.written, protocol.events], [["a"], ["made"]]);
    conn.unblock();
    assertEquals(await protocol.lost, null);
    assertEquals(conn.written, ["a", "b"]);
    assert(conn.isClosed);
  }));

Deno.test("Transport.abort() sends the data of the current step if possible", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    transport.write("a");
    transport.abort();
    assertEquals(await protocol.lost, null);
    assertEquals(conn.written, ["a"]);
  }));

Deno.test("Transport.abort() drops buffered data", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    conn.block();
    transport.write("a");
    await turns();
    transport.write("b");
    transport.close();
    transport.abort();
    transport.abort();
    assertEquals(transport.getWriteBufferSize(), 0);
    assertEquals(await protocol.lost, null);
    await turns();
    assertEquals(conn.written, []);
    assertEquals(protocol.losses, 1);
  }));

Deno.test("Transport.abort() does not reuse the memory of the pending write", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    let memory: Uint8Array = new Uint8Array(0);
    conn.write = (data) => {
      memory = data;
      return new Promise(() => {});
    };
    transport.write("one's");
    await turns();
    transport.abort();
    await protocol.lost;
    const [, other, otherProtocol] = await fake();
    for (let i = 0; i < 200; i++) other.write(new Uint8Array(10_000));
    await turns();
    assertEquals(new TextDecoder().decode(memory), "one's");
    other.abort();
    await otherProtocol.lost;
  }));

Deno.test("Transport passes the error to connectionLost()", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    conn.block();
    transport.write("a");
    await turns();
    const error = new Deno.errors.BrokenPipe("gone");
    conn.fail(error);
    assertStrictEquals(await protocol.lost, error);
    assert(transport.isClosing());
    assert(conn.isClosed);
  }));

Deno.test("Transport.writeEof() half-closes after buffered data", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    assert(transport.canWriteEof());
    conn.block();
    transport.write("a");
    transport.writeEof();
    transport.writeEof();
    assertThrows(() => transport.write("b"), RuntimeError, "writeEof");
    conn.unblock();
    await turns();
    assertEquals(conn.written, ["a", "EOF"]);
    conn.receive("still");
    await turns();
    assertEquals(protocol.events, ["made", "still"]);
    transport.close();
    await protocol.lost;
  }));

Deno.test("Transport survives errors in pauseWriting()", () =>
  run(async () => {
    const reports = recordExceptions(getRunningLoop());
    const [conn, transport, protocol] = await fake();
    protocol.pauseWriting = () => {
      throw new Error("by pauseWriting");
    };
    transport.setWriteBufferLimits(0);
    transport.write("a");
    assertEquals(reports.length, 1);
    transport.close();
    assertEquals(await protocol.lost, null);
    assertEquals(conn.written, ["a"]);
  }));

Deno.test("Transport.write() accepts only bytes and strings", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    assertThrows(
      () => transport.write(5 as never),
      TypeError,
      "The data of write() must be a Uint8Array or a string: received 5",
    );
    assertThrows(
      () => transport.writeLines(["a", [1] as never]),
      TypeError,
      "The data of writeLines() must be a Uint8Array or a string: received an instance of Array",
    );
    transport.write("");
    await turns();
    assertEquals(conn.written, []);
    transport.close();
    await protocol.lost;
  }));

Deno.test("Transport.write() discards data after the end, later with a warning", () =>
  run(async () => {
    const warn = console.warn;
    let warnings = 0;
    console.warn = () => warnings++;
    try {
      const [conn, transport, protocol] = await fake();
      transport.close();
      for (let i = 0; i < 10; i++) transport.write("a");
      await protocol.lost;
      assertEquals(conn.written, []);
      assertEquals(warnings, 6);
    } finally {
      console.warn = warn;
    }
  }));

Deno.test("Transport releases most of the memory that a slow peer required", async () => {
  const recorder = new URL(
    "../../../tests/doubles/recorder.ts",
    import.meta.url,
  );
  const { stdout, stderr } = await runProgram(
    `
      import { run } from "asyncio";
      import { fake, turns } from ${JSON.stringify(recorder.href)};
      await run(async () => {
        for (const size of [1_000, 60_000, 200_000]) {
          const [conn, transport, protocol] = await fake();
          conn.write = async (data) => (await blocked, data.length);
          const { promise: blocked, resolve } = Promise.withResolvers();
          for (let i = 0; i < 40_000_000; i += size) {
            transport.write(new Uint8Array(size));
          }
          resolve();
          transport.close();
          await protocol.lost;
          await turns();
        }
        for (let i = 0; i < 5; i++) await new Promise((go) => setTimeout(go, 0, gc()));
        console.log(Math.floor(Deno.memoryUsage().external / 10_000_000));
      });
    `,
    { v8Flags: "--expose-gc" },
  );
  assertEquals({ stdout, stderr }, { stdout: "0\n", stderr: "" });
});
