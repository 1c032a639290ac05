// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  BaseTransport,
  DatagramTransport,
  type ReadablePipe,
  ReadTransport,
  type StreamWriter,
  type TlsInfo,
  Transport,
  type WritablePipe,
} from "../../mod.ts";
import type { DatagramSocket } from "./datagram_socket.ts";

const NOBODY: Deno.NetAddr = {
  transport: "tcp",
  hostname: "192.0.2.1",
  port: 1,
};

Deno.test("BaseTransport.getExtraInfo() returns the constructor's information", () => {
  class Fake extends Transport {}
  const transport = new Fake({ peername: NOBODY, cipher: null });
  assertEquals(transport.getExtraInfo("peername"), NOBODY);
  assertEquals(transport.getExtraInfo("peername", "nobody"), NOBODY);
  assertEquals(transport.getExtraInfo("sockname"), null);
  assertEquals(transport.getExtraInfo("sockname", "nobody"), "nobody");
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
