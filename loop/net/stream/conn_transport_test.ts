// Copyright 2026 the asyncio for Deno authors. MIT license.

import { AsyncLocalStorage } from "node:async_hooks";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
} from "@std/assert";
import {
  BufferedProtocol,
  currentTask,
  Future,
  getRunningLoop,
  Protocol,
  run,
  RuntimeError,
} from "../../../mod.ts";
import { FakeConn } from "../../../tests/doubles/conn.ts";
import { recordExceptions } from "../../../tests/doubles/exceptions.ts";
import { fake, Recorder, turns } from "../../../tests/doubles/recorder.ts";
import { bytesOf, textOf } from "../../../tests/doubles/text.ts";
import { ConnTransport } from "./conn_transport.ts";

Deno.test("Transport.toString() has the address and the state", () =>
  run(async () => {
    const loop = getRunningLoop();
    await using server = await loop.createServer(
      () => new Protocol(),
      "127.0.0.1",
      0,
    );
    const { hostname, port } = server.sockets[0]!.addr;
    const [transport] = await loop.createConnection(
      () => new Protocol(),
      hostname,
      port,
    );
    const open = `<ConnTransport 127.0.0.1:${port} open>`;
    assertEquals(String(transport), open);
    assertEquals(Deno.inspect({ transport }), `{ transport: ${open} }`);
    transport.close();
    assertEquals(
      String(transport),
      `<ConnTransport 127.0.0.1:${port} closing>`,
    );
    await turns();
    assertEquals(String(transport), `<ConnTransport 127.0.0.1:${port} closed>`);
  }));

Deno.test("Transport calls its protocol outside any task, in its creator's context", () =>
  run(async () => {
    const user = new AsyncLocalStorage<string>();
    const loop = getRunningLoop();
    const calls: string[] = [];
    const note = (name: string) => {
      assertEquals(currentTask(), null);
      assertStrictEquals(getRunningLoop(), loop);
      calls.push(`${name} ${user.getStore()}`);
    };
    class Nosy extends Protocol {
      readonly lost = new Future<void>();
      override connectionMade = () => note("made");
      override dataReceived = () => note("data");
      override eofReceived() {
        note("eof");
        return true;
      }
      override pauseWriting = () => note("pause");
      override resumeWriting = () => note("resume");
      override connectionLost() {
        note("lost");
        this.lost.setResult();
      }
    }
    const conn = new FakeConn();
    const [transport, protocol] = await user.run(
      "creator",
      () => loop.createConnection(() => new Nosy(), { sock: conn }),
    );
    await turns();
    transport.setWriteBufferLimits(1);
    await user.run("writer", async () => {
      transport.write("more than the mark");
      await turns();
      conn.receive("data");
      await turns();
      conn.receive(null);
      await turns();
      transport.close();
      await protocol.lost;
    });
    assertEquals(
      calls,
      ["made", "pause", "resume", "data", "eof", "lost"]
        .map((name) => `${name} creator`),
    );
  }));

Deno.test("Transport.close() stops receiving", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    conn.block();
    transport.write("a");
    transport.close();
    conn.receive("late");
    await turns();
    conn.unblock();
    await protocol.lost;
    assertEquals(protocol.events, ["made", "lost null"]);
  }));

Deno.test("Transport.pauseReading() defers arriving data", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    assert(transport.isReading());
    transport.pauseReading();
    transport.pauseReading();
    assertEquals(transport.isReading(), false);
    conn.receive("kept");
    await turns();
    assertEquals(protocol.events, ["made"]);
    assertEquals(conn.isReading, false);
    transport.resumeReading();
    transport.resumeReading();
    assertEquals(protocol.events, ["made"]);
    await turns();
    assertEquals(protocol.events, ["made", "kept"]);
    assert(conn.isReading);
    transport.close();
    transport.pauseReading();
    transport.resumeReading();
    assertEquals(transport.isReading(), false);
    await protocol.lost;
  }));

Deno.test("Transport.pauseReading() defers data that is about to be delivered", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    conn.receive("held");
    // The read has completed, but nothing else runs until the end of this step.
    for (let i = 0; i < 20; i++) await Promise.resolve();
    transport.pauseReading();
    await turns();
    assertEquals(protocol.events, ["made"]);
    transport.resumeReading();
    await turns();
    assertEquals(protocol.events, ["made", "held"]);
    transport.close();
    await protocol.lost;
  }));

Deno.test("Transport.pauseReading() in a callback defers the end of the stream", () =>
  run(async () => {
    const [conn, transport, protocol] = await fake();
    protocol.dataReceived = () => transport.pauseReading();
    conn.receive("one");
    await turns();
    assertEquals(conn.isReading, false);
    transport.resumeReading();
    await turns();
    transport.pauseReading();
    conn.receive(null);
    await turns();
    assertEquals(protocol.events, ["made"]);
    transport.resumeReading();
    await protocol.lost;
    assertEquals(protocol.events, ["made", "eof", "lost null"]);
  }));

Deno.test("Transport can be closed while paused", () =>
  run(async () => {
    for (const end of ["close", "abort"] as const) {
      const [, transport, protocol] = await fake();
      transport.pauseReading();
      await turns();
      transport[end]();
      assertEquals(await protocol.lost, null);
    }
  }));

Deno.test("Transport reports errors in the protocol and ends", async () => {
  for (
    const method of [
      "dataReceived",
      "eofReceived",
      "connectionLost",
    ] as const
  ) {
    await run(async () => {
      const reports = recordExceptions(getRunningLoop());
      const conn = new FakeConn();
      const error = new Error(`by ${method}`);
      const protocol = new Recorder();
      protocol[method] = () => {
        throw error;
      };
      const [transport] = await getRunningLoop().createConnection(
        () => protocol,
        null,
        null,
        { sock: conn },
      );
      await turns();
      if (method === "dataReceived") conn.receive("data");
      if (method === "eofReceived") conn.receive(null);
      if (method === "connectionLost") transport.abort();
      else assertStrictEquals(await protocol.lost, error);
      await turns();
      assert(conn.isClosed);
      assertEquals(reports.map(({ exception }) => exception), [error]);
      assertStrictEquals(reports[0]!.transport, transport);
      assertStrictEquals(reports[0]!.protocol, protocol);
    });
  }
});

Deno.test("Transport reports errors in connectionMade() and continues", () =>
  run(async () => {
    const reports = recordExceptions(getRunningLoop());
    const conn = new FakeConn();
    const error = new Error("by connectionMade");
    const protocol = new Recorder();
    protocol.connectionMade = () => {
      throw error;
    };
    const [transport] = await getRunningLoop()
      .createConnection(() => protocol, { sock: conn });
    assertEquals(reports.map(({ exception }) => exception), [error]);
    assertStrictEquals(reports[0]!.transport, transport);
    await turns();
    conn.receive("data");
    await turns();
    conn.receive(null);
    assertEquals(await protocol.lost, null);
    assertEquals(protocol.events, ["data", "eof", "lost null"]);
  }));

Deno.test("Transport reads into the buffer of a BufferedProtocol", () =>
  run(async () => {
    class Buffered extends BufferedProtocol {
      readonly memory = new Uint8Array(8);
      readonly lost = new Future<Error | null>();
      counts: number[] = [];
      override getBuffer(sizeHint: number): Uint8Array {
        assertEquals(sizeHint, -1);
        return this.memory;
      }
      override bufferUpdated(count: number): void {
        this.counts.push(count);
      }
      override connectionLost(error: Error | null): void {
        this.lost.setResult(error);
      }
    }
    const conn = new FakeConn();
    const [, protocol] = await getRunningLoop().createConnection(
      () => new Buffered(),
      null,
      null,
      { sock: conn },
    );
    await turns();
    conn.receive("abc");
    assertEquals(protocol.memory.subarray(0, 3), bytesOf("abc"));
    await turns();
    assertEquals(protocol.counts, [3]);
    conn.receive(null);
    assertEquals(await protocol.lost, null);
  }));

Deno.test("Transport ends when getBuffer() returns an invalid buffer", () =>
  run(async () => {
    getRunningLoop().setExceptionHandler(() => {});
    class Mean extends BufferedProtocol {
      readonly lost = new Future<Error | null>();
      override getBuffer(): Uint8Array {
        return new Uint8Array(0);
      }
      override connectionLost(error: Error | null): void {
        this.lost.setResult(error);
      }
    }
    const [, protocol] = await getRunningLoop().createConnection(
      () => new Mean(),
      null,
      null,
      { sock: new FakeConn() },
    );
    assertInstanceOf(await protocol.lost, RuntimeError);
  }));

Deno.test("Transport.setProtocol() delivers a pending read to the new protocol", () =>
  run(async () => {
    class Small extends BufferedProtocol {
      readonly memory = new Uint8Array(2);
      text = "";
      override getBuffer(): Uint8Array {
        return this.memory;
      }
      override bufferUpdated(count: number): void {
        this.text += new TextDecoder().decode(this.memory.subarray(0, count));
      }
    }
    const [conn, transport, recorder] = await fake();
    const small = new Small();
    transport.setProtocol(small);
    assertStrictEquals(transport.getProtocol(), small);
    conn.receive("abcde");
    await turns();
    assertEquals(small.text, "abcde");
    transport.setProtocol(recorder);
    let chunk;
    recorder.dataReceived = (data) => void (chunk = data);
    conn.receive("xy");
    await turns();
    // It is not the memory of the block before.
    small.memory.fill(0);
    assertEquals(textOf(chunk), "xy");
    transport.close();
    await recorder.lost;
  }));

Deno.test("ConnTransport.detach() passes a pending read on to its successor", () =>
  run(async () => {
    const [conn, transport] = await fake();
    assertInstanceOf(transport, ConnTransport);
    const heir = transport.detach(bytesOf("a"));
    transport.pauseReading();
    conn.receive("bc");
    const memory = new Uint8Array(4);
    assertEquals(await heir.read(memory), 1);
    assertEquals(await heir.read(memory), 2);
    assertEquals(textOf(memory.subarray(0, 2)), "bc");
    heir.close();
  }));
