// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createTask, getRunningLoop, run, sleep } from "../../mod.ts";
import { connected, connPair, runOn } from "../../tests/doubles/in_memory.ts";
import { turns } from "../../tests/doubles/recorder.ts";
import { bytesOf, textOf } from "../../tests/doubles/text.ts";
import { MemoryNetwork } from "./memory_network.ts";

type Pair = [Deno.Conn, Deno.Conn];

/** Returns the outcome, without the message, which is the system's. */
async function outcomeOf(operation: () => unknown): Promise<string> {
  try {
    return String(await operation() ?? "nothing");
  } catch (error) {
    return (error as Error).name;
  }
}

/** Operations on a connection and their outcomes, which must be the same as those of a Deno connection. */
const habits: Record<string, (pair: Pair) => Promise<string[]>> = {
  async "reads and writes"([one, other]) {
    const outcomes = [
      await outcomeOf(() => one.read(new Uint8Array(0))),
      await outcomeOf(() => one.write(new Uint8Array(0))),
      await outcomeOf(() => one.write(bytesOf("hello"))),
      await outcomeOf(() => other.read(new Uint8Array(3))),
      await outcomeOf(() => other.read(new Uint8Array(3))),
    ];
    one.close();
    outcomes.push(await outcomeOf(() => other.read(new Uint8Array(3))));
    outcomes.push(await outcomeOf(() => other.read(new Uint8Array(3))));
    other.close();
    return outcomes;
  },
  async "reads in turn"([one, other]) {
    const first = one.read(new Uint8Array(9));
    const second = one.read(new Uint8Array(9));
    await other.write(bytesOf("abc"));
    const outcomes = [await outcomeOf(() => first)];
    await other.write(bytesOf("defg"));
    outcomes.push(await outcomeOf(() => second));
    one.close();
    other.close();
    return outcomes;
  },
  async "is half closed"([one, other]) {
    const outcomes = [
      await outcomeOf(() => one.closeWrite()),
      await outcomeOf(() => one.closeWrite()),
      await outcomeOf(() => one.write(bytesOf("x"))),
      await outcomeOf(() => other.read(new Uint8Array(9))),
      await outcomeOf(() => other.write(bytesOf("answer"))),
      await outcomeOf(() => one.read(new Uint8Array(9))),
      await outcomeOf(() => other.closeWrite()),
      await outcomeOf(() => one.read(new Uint8Array(9))),
    ];
    one.close();
    other.close();
    return outcomes;
  },
  async "is closed"([one, other]) {
    const reading = one.read(new Uint8Array(9));
    // Deno's begins by then.
    await other.write(bytesOf("x"));
    await reading;
    const next = one.read(new Uint8Array(9));
    one.close();
    const outcomes = [
      await outcomeOf(() => next),
      await outcomeOf(() => one.read(new Uint8Array(9))),
      await outcomeOf(() => one.write(bytesOf("x"))),
      await outcomeOf(() => one.closeWrite()),
      await outcomeOf(() => one.close()),
      await outcomeOf(() => one[Symbol.dispose]()),
    ];
    other.close();
    return outcomes;
  },
  async "has web streams"([one, other]) {
    const reader = one.readable.getReader();
    await other.write(bytesOf("abc"));
    const outcomes = [
      await outcomeOf(async () => textOf((await reader.read()).value)),
      await outcomeOf(() => other.closeWrite()),
      await outcomeOf(async () => (await reader.read()).done),
      // The end of the stream has closed it.
      await outcomeOf(() => one.close()),
    ];
    other.close();
    return outcomes;
  },
  async "is closed by its writable stream"([one, other]) {
    const writer = one.writable.getWriter();
    await writer.write(bytesOf("abc"));
    const outcomes = [
      await outcomeOf(() => other.read(new Uint8Array(9))),
      await outcomeOf(() => writer.close()),
      await outcomeOf(() => other.read(new Uint8Array(9))),
      await outcomeOf(() => one.close()),
    ];
    other.close();
    return outcomes;
  },
};

async function realPair(): Promise<Pair> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [one, other] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
    listener.accept(),
  ]);
  return [one, other];
}

for (const [habit, play] of Object.entries(habits)) {
  Deno.test(`MemoryConn ${habit} as Deno's connections do`, async () => {
    const network = new MemoryNetwork();
    const outcomes = await runOn(
      network,
      async () => play(await connPair(network)),
    );
    assertEquals(outcomes, await play(await realPair()));
  });
}

Deno.test("MemoryConn buffers 64 KiB and no more", () =>
  connected({}, async (one, other) => {
    const data = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);
    assertEquals(await one.write(data), 65_536);
    const writing = createTask(() => one.write(data.subarray(65_536)));
    await sleep(3600);
    assertEquals(writing.done(), false);
    assertEquals(await other.read(new Uint8Array(1000)), 1000);
    assertEquals(await writing, 1000);
    const memory = new Uint8Array(100_000);
    assertEquals(await other.read(memory), 64_536);
    assertEquals(memory.subarray(0, 64_536), data.subarray(1000, 65_536));
    assertEquals(await other.read(memory), 1000);
  }));

Deno.test("MemoryConn copies written bytes", () =>
  connected({}, async (one, other) => {
    const data = bytesOf("before");
    await one.write(data);
    data.set(bytesOf("after!"));
    const memory = new Uint8Array(6);
    await other.read(memory);
    assertEquals(textOf(memory), "before");
  }));

Deno.test("MemoryConn that is closed with bytes unread resets its peer", () =>
  connected({}, async (one, other) => {
    await one.write(bytesOf("unread"));
    await other.write(bytesOf("said before"));
    await sleep(1);
    other.close();
    await sleep(1);
    // What came before the reset can be read.
    assertEquals(await one.read(new Uint8Array(99)), 11);
    await assertRejects(
      () => one.read(new Uint8Array(9)),
      Deno.errors.ConnectionReset,
    );
    await assertRejects(
      () => one.write(bytesOf("x")),
      Deno.errors.ConnectionReset,
    );
  }));

Deno.test("MemoryConn detects a closed peer by writing", () =>
  connected({}, async (one, other) => {
    other.close();
    assertEquals(await one.read(new Uint8Array(9)), null);
    assertEquals(await one.write(bytesOf("anybody?")), 8);
    await sleep(1);
    await assertRejects(() => one.write(bytesOf("x")), Deno.errors.BrokenPipe);
    assertEquals(await one.read(new Uint8Array(9)), null);
  }));

Deno.test("MemoryConn delivers bytes in flight after it is closed", () =>
  connected({
    latency: 10,
    bandwidth: 1,
  }, async (one, other) => {
    await one.write(bytesOf("farewell"));
    one.close();
    assertEquals(await other.read(new Uint8Array(99)), 8);
    assertEquals(await other.read(new Uint8Array(99)), null);
  }));

Deno.test("MemoryConn ends a blocked write when it or its peer is closed", () => {
  const network = new MemoryNetwork();
  return runOn(network, async () => {
    const full = new Uint8Array(65_536);
    for (const isOwn of [true, false]) {
      const [one, other] = await connPair(network);
      await one.write(full);
      const writing = createTask(async () => {
        while (true) await one.write(full);
      });
      await sleep(1);
      (isOwn ? one : other).close();
      await assertRejects(
        () => writing,
        isOwn ? Deno.errors.Interrupted : Deno.errors.ConnectionReset,
      );
      (isOwn ? other : one).close();
    }
  });
});

Deno.test("MemoryConn keeps the bytes of a cancelled read for the next", () =>
  connected({}, async (one, other) => {
    const reading = createTask(() => one.read(new Uint8Array(9)));
    const writing = createTask(async () => {
      await other.write(new Uint8Array(65_536));
      await other.write(bytesOf("never written"));
    });
    await turns();
    reading.cancel();
    await assertRejects(() => reading);
    await sleep(1);
    writing.cancel();
    await assertRejects(() => writing);
    const memory = new Uint8Array(70_000);
    assertEquals(await one.read(memory), 65_536);
    await other.write(bytesOf("after"));
    assertEquals(await one.read(memory), 5);
  }));

Deno.test("MemoryConn stays consistent when a write is cancelled", () =>
  connected({}, async (one, other) => {
    const loop = getRunningLoop();
    const writer = createTask(async () => {
      await loop.sockSendAll(one, new Uint8Array(65_536));
      await loop.sockSendAll(one, "more");
    });
    await sleep(1);
    writer.cancel();
    await assertRejects(() => writer);
    assertEquals((await loop.sockRecv(other, 1e6)).length, 65_536);
    assert(await other.read(new Uint8Array(9)) === 4);
  }));

Deno.test("MemoryConn has its addresses", () =>
  connected({}, (one, other) => {
    const { hostname } = one.localAddr as Deno.NetAddr;
    assertEquals(hostname, "client");
    assertEquals((one.remoteAddr as Deno.NetAddr).hostname, "server");
    assertEquals(one.localAddr, other.remoteAddr);
    assertEquals(one.remoteAddr, other.localAddr);
    one.close();
    other.close();
    assertThrows(() => one.close(), Deno.errors.BadResource);
  }));

Deno.test("MemoryConn of a loop that is closed is closed too", async () => {
  const network = new MemoryNetwork();
  const { VirtualTimeLoop } = await import("../virtual_time_loop.ts");
  const { openConnection, startServer } = await import("../../mod.ts");
  await run(async () => {
    await startServer(() => {}, "server", 7);
    await openConnection("server", 7);
    assertEquals(network.connections, 1);
  }, { loopFactory: () => new VirtualTimeLoop({ network }) });
  assertEquals(network.connections, 0);
});
