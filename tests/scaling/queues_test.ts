// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  asCompleted,
  DatagramProtocol,
  Future,
  getRunningLoop,
  Queue,
  run,
  sleep,
  StreamReader,
} from "../../mod.ts";
import { testScaling } from "./scaling.ts";

// From some ten thousands of items on, shift() of an array moves them all.

function doneFutures(count: number): Future<number>[] {
  return Array.from({ length: count }, (_, i) => {
    const future = new Future<number>();
    future.setResult(i);
    return future;
  });
}

testScaling(
  "asCompleted() over futures that are done takes time in proportion to their number",
  50_000,
  (size) =>
    run(async () => {
      for (const each of asCompleted(doneFutures(size))) await each;
    }),
);

testScaling(
  "asCompleted() iterated over asynchronously takes time in proportion to the number of futures",
  50_000,
  (size) =>
    run(async () => {
      for await (const each of asCompleted(doneFutures(size))) each.result();
    }),
);

testScaling(
  "Queue.get() takes the same time however long the queue is",
  50_000,
  (size) =>
    run(async () => {
      const queue = new Queue<number>();
      for (let i = 0; i < size; i++) queue.putNowait(i);
      for (let i = 0; i < size; i++) await queue.get();
    }),
);

testScaling(
  "StreamReader.readExactly() takes the same time however much has been fed",
  50_000,
  (size) =>
    run(async () => {
      const reader = new StreamReader({ limit: 2 ** 30 });
      const chunk = new Uint8Array(512);
      for (let i = 0; i < size; i++) reader.feedData(chunk);
      for (let i = 0; i < size; i++) await reader.readExactly(512);
    }),
);

testScaling(
  "DatagramTransport.sendTo() queues in time in proportion to the number of datagrams",
  25_000,
  (size) =>
    run(async () => {
      const loop = getRunningLoop();
      const make = () => new DatagramProtocol();
      const [receiver] = await loop.createDatagramEndpoint(make, {
        localAddr: { hostname: "127.0.0.1", port: 0 },
      });
      const [transport] = await loop.createDatagramEndpoint(make, {
        remoteAddr: receiver.getExtraInfo("sockname") as Deno.NetAddr,
      });
      const data = new Uint8Array(1);
      for (let i = 0; i < size; i++) transport.sendTo(data);
      while (transport.getWriteBufferSize() > 0) await sleep(0.001);
      transport.close();
      receiver.close();
      await sleep(0);
    }),
);
