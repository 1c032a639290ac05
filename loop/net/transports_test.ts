// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  BaseTransport,
  DatagramTransport,
  getRunningLoop,
  type ReadablePipe,
  ReadTransport,
  run,
  sleep,
  type StreamWriter,
  type TlsInfo,
  Transport,
  type WritablePipe,
} from "../../mod.ts";
import type { DatagramSocket } from "./datagram_socket.ts";
import { closeBoth, pair } from "../../tests/doubles/recorder.ts";

const PEER: Deno.NetAddr = {
  transport: "tcp",
  hostname: "192.0.2.1",
  port: 1,
};

Deno.test("BaseTransport.getExtraInfo() returns the constructor's information", () => {
  class Fake extends Transport {}
  const transport = new Fake({ peername: PEER, cipher: null });
  assertEquals(transport.getExtraInfo("peername"), PEER);
  assertEquals(transport.getExtraInfo("peername", "unknown"), PEER);
  assertEquals(transport.getExtraInfo("sockname"), null);
  assertEquals(transport.getExtraInfo("sockname", "unknown"), "unknown");
  assertEquals(transport.getExtraInfo("cipher", "none"), "none");
  assertEquals(new BaseTransport().getExtraInfo("pipe"), null);
});

Deno.test("BaseTransport.getExtraInfo() ignores inherited properties", () => {
  assertEquals(new BaseTransport().getExtraInfo("constructor"), null);
  assertEquals(new BaseTransport().getExtraInfo("toString", "none"), "none");
});

Deno.test("BaseTransport.getExtraInfo() is typed by the name", () => {
  const transport = new Transport();
  const peername = transport.getExtraInfo("peername");
  assertType<IsExact<typeof peername, Deno.Addr | null>>(true);
  const sslobject = transport.getExtraInfo("sslobject");
  assertType<IsExact<typeof sslobject, TlsInfo | null>>(true);
  const cipher = transport.getExtraInfo("cipher", 0);
  assertType<IsExact<typeof cipher, string | 0>>(true);
  const socket = transport.getExtraInfo("socket");
  assertType<IsExact<typeof socket, Deno.Conn | null>>(true);
  const datagrams = new DatagramTransport().getExtraInfo("socket");
  assertType<IsExact<typeof datagrams, DatagramSocket | null>>(true);
  const pipe = new ReadTransport().getExtraInfo("pipe");
  assertType<IsExact<typeof pipe, ReadablePipe | WritablePipe | null>>(true);
  const other = transport.getExtraInfo("compression", "none");
  assertType<IsExact<typeof other, unknown>>(true);
  const peerOf = (writer: StreamWriter) => writer.getExtraInfo("peername");
  assertType<IsExact<ReturnType<typeof peerOf>, Deno.Addr | null>>(true);
  const socketOf = (writer: StreamWriter) => writer.getExtraInfo("socket");
  assertType<IsExact<ReturnType<typeof socketOf>, Deno.Conn | null>>(true);
});

Deno.test("Transport delivers bytes to the peer's protocol", () =>
  run(async () => {
    const [one, other] = await pair();
    one.transport.write("hello");
    await other.got.wait();
    assertEquals(other.events, ["made", "hello"]);
    await closeBoth(one, other);
  }));

Deno.test("Transport.getExtraInfo() returns the addresses even after the end", () =>
  run(async () => {
    const [one, other] = await pair();
    assertEquals(
      one.transport.getExtraInfo("peername"),
      other.transport.getExtraInfo("sockname"),
    );
    assertEquals(
      one.transport.getExtraInfo("sockname"),
      other.transport.getExtraInfo("peername"),
    );
    assert("read" in (one.transport.getExtraInfo("socket") as Deno.Conn));
    assertEquals(one.transport.getExtraInfo("cipher"), null);
    assertEquals(one.transport.getExtraInfo("cipher", "none"), "none");
    const sockname = one.transport.getExtraInfo("sockname");
    await closeBoth(one, other);
    assertEquals(one.transport.getExtraInfo("sockname"), sockname);
  }));

Deno.test("Transport stays half-open if the protocol requests it", () =>
  run(async () => {
    const [one, other] = await pair();
    other.keepOpen = true;
    one.keepOpen = true;
    one.transport.writeEof();
    await other.eof.wait();
    other.transport.write("answer");
    await one.got.wait();
    other.transport.writeEof();
    await one.eof.wait();
    assertEquals(one.events, ["made", "answer", "eof"]);
    assertEquals(one.transport.isClosing(), false);
    await closeBoth(one, other);
    assertEquals(await one.lost, null);
  }));

Deno.test("Transport closes at the end of the stream by default", () =>
  run(async () => {
    const [one, other] = await pair();
    one.transport.close();
    await one.lost;
    assertEquals(await other.lost, null);
    assertEquals(other.events, ["made", "eof", "lost null"]);
  }));

Deno.test("Transport.close() delivers megabytes to a slow peer", () =>
  run(async () => {
    const size = 8_000_000;
    const [one, other] = await pair();
    let received = 0;
    other.dataReceived = (data) => {
      received += data.length;
    };
    other.transport.pauseReading();
    one.transport.write(new Uint8Array(size));
    one.transport.close();
    assert(one.events.includes("pause"));
    other.transport.resumeReading();
    await other.lost;
    assertEquals(received, size);
    assertEquals(await one.lost, null);
    assertEquals(one.losses, 1);
  }));

Deno.test("Transport.abort() ends a write to a peer that never reads", () =>
  run(async () => {
    const [one, other] = await pair();
    other.transport.pauseReading();
    one.transport.write(new Uint8Array(50_000_000));
    one.transport.close();
    one.transport.abort();
    assertEquals(await one.lost, null);
    other.transport.abort();
    await other.lost;
  }));

Deno.test("Transport ends when a write fails", () =>
  run(async () => {
    const [one, other] = await pair();
    one.keepOpen = true;
    other.transport.abort();
    await one.eof.wait();
    const write = () => {
      if (one.lost.done()) return;
      one.transport.write("anybody?");
      getRunningLoop().callSoon(write);
    };
    write();
    const error = await one.lost;
    assert(
      error instanceof Deno.errors.BrokenPipe ||
        error instanceof Deno.errors.ConnectionReset,
      String(error),
    );
  }));

Deno.test("Transport ends once after any sequence of calls", () =>
  run(async () => {
    const acts: ((transport: Transport) => void)[] = [
      (transport) => transport.close(),
      (transport) => transport.abort(),
      (transport) => transport.writeEof(),
      (transport) => transport.write(new Uint8Array(300_000)),
      (transport) => transport.pauseReading(),
      (transport) => transport.resumeReading(),
    ];
    const write = acts[3];
    for (const first of acts) {
      for (const second of acts) {
        for (const third of acts) {
          const [one, other] = await pair();
          for (
            const [side, act] of [[one, first], [other, second], [
              one,
              third,
            ]] as const
          ) {
            // Nothing may be written after writeEof().
            if (act === write && first === acts[2]) continue;
            act(side.transport);
            await sleep(0);
          }
          one.transport.abort();
          other.transport.abort();
          await one.lost;
          await other.lost;
          await sleep(0);
          assertEquals([one.losses, other.losses], [1, 1]);
        }
      }
    }
  }));
