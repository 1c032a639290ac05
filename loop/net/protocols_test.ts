// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assertEquals,
  assertNotStrictEquals,
  assertStrictEquals,
} from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  type DatagramProtocol,
  type EventLoop,
  Future,
  getRunningLoop,
  type IncompleteReadError,
  Protocol,
  run,
  type StreamReader,
} from "../../mod.ts";
import { ownBytes } from "./protocols.ts";

type Own = Uint8Array<ArrayBuffer>;

function shared(...bytes: number[]): Uint8Array {
  const array = new Uint8Array(new SharedArrayBuffer(bytes.length));
  array.set(bytes);
  return array;
}

Deno.test("ownBytes() copies shared memory only", () => {
  const unshared = new Uint8Array([1, 2, 3]).subarray(1);
  assertStrictEquals(ownBytes(unshared), unshared);
  const bytes = shared(1, 2, 3);
  assertNotStrictEquals(ownBytes(bytes), bytes);
  assertEquals(ownBytes(bytes), new Uint8Array([1, 2, 3]));
});

Deno.test("Protocol.dataReceived() gets a copy of a pipe's shared memory", () =>
  run(async () => {
    const bytes = shared(1, 2, 3);
    const received = new Future<Uint8Array>();
    class Taker extends Protocol {
      override dataReceived(data: Uint8Array<ArrayBuffer>): void {
        received.setResult(data);
      }
    }
    const [transport] = await getRunningLoop()
      .connectReadPipe(() => new Taker(), ReadableStream.from([bytes]));
    const data = await received;
    bytes.fill(0);
    assertEquals(data, new Uint8Array([1, 2, 3]));
    transport.close();
  }));

Deno.test("Protocol.dataReceived() is typed to get unshared memory", () => {
  type Result<M extends (...args: never[]) => PromiseLike<unknown>> = Awaited<
    ReturnType<M>
  >;
  assertType<IsExact<Result<StreamReader["read"]>, Own>>(true);
  assertType<IsExact<Result<StreamReader["readLine"]>, Own>>(true);
  assertType<IsExact<Result<StreamReader["readExactly"]>, Own>>(true);
  assertType<IsExact<Result<StreamReader["readUntil"]>, Own>>(true);
  assertType<IsExact<StreamReader["readable"], ReadableStream<Own>>>(true);
  assertType<IsExact<IncompleteReadError["partial"], Own>>(true);
  assertType<IsExact<Result<EventLoop["sockRecv"]>, Own>>(true);
  assertType<IsExact<Result<EventLoop["sockRecvFrom"]>[0], Own>>(true);
  assertType<IsExact<Parameters<Protocol["dataReceived"]>[0], Own>>(true);
  assertType<IsExact<Parameters<DatagramProtocol["datagramReceived"]>[0], Own>>(
    true,
  );
});
