// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  createTask,
  gather,
  getRunningLoop,
  openConnection,
  run,
  RuntimeError,
  sleep,
  startServer,
  type StreamWriter,
} from "../../mod.ts";
import {
  connected,
  connPair,
  idleServer,
  runOn,
} from "../../tests/doubles/in_memory.ts";
import { textOf } from "../../tests/doubles/text.ts";
import { VirtualTimeLoop } from "../virtual_time_loop.ts";
import {
  MemoryNetwork,
  type MemoryNetworkOptions,
  type NetworkEvent,
} from "./memory_network.ts";

const now = () => getRunningLoop().time();

/** Sends the numbers below 200, each as a byte, and closes the connection. */
async function sendNumbers(conn: Deno.Conn, pause: number): Promise<void> {
  for (let i = 0; i < 200; i++) {
    await conn.write(new Uint8Array([i]));
    await sleep(pause);
  }
  conn.close();
}

/** Expects these numbers, in their order, and the end. */
async function assertNumbers(conn: Deno.Conn): Promise<void> {
  let next = 0;
  const memory = new Uint8Array(7);
  for (let count; (count = await conn.read(memory)) !== null;) {
    for (const byte of memory.subarray(0, count)) assertEquals(byte, next++);
  }
  assertEquals(next, 200);
}

/** Expects that reading fails as a connection has been reset. */
async function assertReset(conn: Deno.Conn): Promise<void> {
  await assertRejects(
    () => conn.read(new Uint8Array(1)),
    Deno.errors.ConnectionReset,
  );
}

Deno.test("MemoryNetwork delays everything by the latency", () =>
  connected({ latency: 10 }, async (one, other) => {
    assertEquals(now(), 20);
    await one.write(new Uint8Array(5));
    assertEquals(now(), 20);
    await other.read(new Uint8Array(9));
    assertEquals(now(), 30);
    one.close();
    assertEquals(await other.read(new Uint8Array(9)), null);
    assertEquals(now(), 40);
  }));

Deno.test("MemoryNetwork keeps the order of bytes under random latency", async () => {
  for (let seed = 0; seed < 20; seed++) {
    await connected({ seed, latency: [0, 10] }, async (one, other) => {
      const sending = createTask(() => sendNumbers(one, 0.1));
      await assertNumbers(other);
      await sending;
    });
  }
});

Deno.test("MemoryNetwork limits the bandwidth", () =>
  connected({ latency: 0, bandwidth: 100 }, async (one, other) => {
    await one.write(new Uint8Array(300));
    await one.write(new Uint8Array(200));
    // The other direction is another wire.
    await other.write(new Uint8Array(100));
    await one.read(new Uint8Array(999));
    assertEquals(now(), 1);
    assertEquals(await other.read(new Uint8Array(999)), 300);
    assertEquals(now(), 3);
    assertEquals(await other.read(new Uint8Array(999)), 200);
    assertEquals(now(), 5);
  }));

Deno.test("MemoryNetwork.cut() stalls a connection, and keeps the order of its bytes", async () => {
  for (let seed = 0; seed < 30; seed++) {
    await connected({ seed, latency: [0, 10] }, async (one, other, network) => {
      const sending = createTask(() => sendNumbers(one, 1));
      const cutting = createTask(async () => {
        for (let i = 0; i < 20; i++) {
          const cut = network.cut("client", "elsewhere");
          await sleep(5);
          cut[Symbol.dispose]();
          await sleep(3);
        }
      });
      await assertNumbers(other);
      await gather([sending, cutting]);
    });
  }
});

Deno.test("MemoryNetwork.cut() separates only the named hosts from all others", () => {
  const network = new MemoryNetwork();
  return runOn(network, async () => {
    const connect = (from: string) =>
      network.at(from, () => openConnection("server", 7));
    await using _server = await startServer(
      async (reader, writer) => {
        for await (const line of reader) writer.write(line);
        writer.close();
      },
      "server",
      7,
    );
    using cut = network.cut("server", "inside");
    const [, writer] = await connect("inside");
    writer.close();
    const outside = createTask(() => connect("outside"));
    await sleep(60);
    assertEquals(outside.done(), false);
    cut[Symbol.dispose]();
    cut[Symbol.dispose]();
    (await outside)[1].close();
  });
});

Deno.test("MemoryNetwork times a stalled connection out after 15 minutes at the sending end", () =>
  connected({ latency: 0 }, async (one, other, network) => {
    const cut = network.cut("server");
    await one.write(new Uint8Array(5));
    const reading = createTask(() => other.read(new Uint8Array(9)));
    await assertRejects(
      () => one.read(new Uint8Array(9)),
      Deno.errors.TimedOut,
    );
    assertEquals(now(), 900);
    await assertRejects(
      () => one.write(new Uint8Array(5)),
      Deno.errors.TimedOut,
    );
    one.close();
    cut[Symbol.dispose]();
    await sleep(3600);
    // The other end does not know.
    assertEquals(reading.done(), false);
    await other.write(new Uint8Array(1));
    await assertRejects(() => reading, Deno.errors.ConnectionReset);
  }));

Deno.test("MemoryNetwork restarts the timeout of a connection when data gets through", () =>
  connected({ latency: 0 }, async (one, other, network) => {
    for (let i = 0; i < 3; i++) {
      const cut = network.cut("server");
      await one.write(new Uint8Array(5));
      await sleep(899);
      cut[Symbol.dispose]();
      assertEquals(await other.read(new Uint8Array(9)), 5);
    }
  }));

Deno.test("MemoryNetwork leaves a connection half-open when its end is lost in a cut", () =>
  connected({ latency: 1 }, async (one, other, network) => {
    await other.write(new Uint8Array(5));
    await sleep(2);
    const cut = network.cut("server");
    // With bytes unread: it says so once, and forgets.
    one.close();
    await sleep(60);
    cut[Symbol.dispose]();
    const reading = createTask(() => other.read(new Uint8Array(9)));
    await sleep(3600);
    assertEquals(reading.done(), false);
    // What is asked again is answered again, however often that is lost.
    const second = network.cut("server");
    await other.write(new Uint8Array(5));
    await sleep(60);
    second[Symbol.dispose]();
    await assertRejects(() => reading, Deno.errors.ConnectionReset);
  }));

Deno.test("MemoryNetwork survives a reset in a cut after a write that waited for room", () =>
  connected({ latency: 1 }, async (one, other, network) => {
    const full = new Uint8Array(65_536);
    const reading = createTask(() => other.read(full));
    await one.write(full);
    // It is let in when the bytes before it arrive and are read at once.
    const writing = createTask(() => one.write(new Uint8Array(9)));
    await gather([reading, writing]);
    const cut = network.cut("server");
    await sleep(60);
    network.reset();
    cut[Symbol.dispose]();
    await sleep(60);
  }));

Deno.test("MemoryNetwork.slow() slows down each link of a host once", () =>
  connected({ latency: 1 }, async (one, other, network) => {
    const took = async () => {
      const start = now();
      await one.write(new Uint8Array(1));
      await other.read(new Uint8Array(1));
      return now() - start;
    };
    const server = network.slow("server", 3);
    assertEquals(await took(), 3);
    const client = network.slow("client", 7);
    const again = network.slow("client", 0.1);
    assertEquals(Math.round(await took() * 10), 21);
    server[Symbol.dispose]();
    server[Symbol.dispose]();
    again[Symbol.dispose]();
    assertEquals(await took(), 7);
    client[Symbol.dispose]();
    assertEquals(await took(), 1);
  }));

Deno.test("MemoryNetwork.slow() counts a link within a host once", () => {
  const network = new MemoryNetwork({ latency: 1 });
  return runOn(network, async () => {
    using _ = network.slow("localhost", 10);
    const [server, { addr }] = await idleServer();
    const conn = await getRunningLoop().sockConnect(addr);
    assertEquals(now(), 20);
    server.close();
    conn.close();
    await sleep(100);
  });
});

Deno.test("MemoryNetwork.reset() breaks the connections of a host, or all", () =>
  connected({}, async (one, other, network) => {
    const [third, fourth] = await connPair(network);
    assertEquals(network.reset("nobody"), 0);
    assertEquals(network.reset("client"), 2);
    for (const end of [one, other, third, fourth]) {
      await assertReset(end);
      end.close();
    }
    const [fifth, sixth] = await connPair(network);
    assertEquals(network.reset(), 1);
    fifth.close();
    sixth.close();
    assertEquals(network.reset(), 0);
  }));

Deno.test("MemoryNetwork.crash() leaves the other end alone, until it writes", () =>
  connected({}, async (client, server, network) => {
    await server.write(new Uint8Array(3));
    await sleep(1);
    assertEquals(network.crash("server"), 1);
    assertEquals(network.connections, 1);
    // The code of the host that was down finds that out at once.
    await assertReset(server);
    server.close();
    assertEquals(await client.read(new Uint8Array(9)), 3);
    const reading = createTask(() => client.read(new Uint8Array(1)));
    await sleep(3600);
    assertEquals(reading.done(), false);
    await client.write(new Uint8Array(1));
    await assertRejects(() => reading, Deno.errors.ConnectionReset);
  }));

Deno.test("MemoryNetwork.crash() resets a peer that only sends its end", () =>
  connected({}, async (client, server, network) => {
    network.crash("server");
    server.close();
    await client.closeWrite();
    await assertReset(client);
  }));

Deno.test("MemoryNetwork.crash() resets a peer that waits to write", () =>
  connected({}, async (client, _server, network) => {
    const writing = createTask(async () => {
      while (true) await client.write(new Uint8Array(65_536));
    });
    await sleep(1);
    network.crash("server");
    await assertRejects(() => writing, Deno.errors.ConnectionReset);
  }));

Deno.test("MemoryNetwork.crash() resends a reset that was in flight", () =>
  connected({ latency: 1 }, async (client, server, network) => {
    server.close();
    await client.write(new Uint8Array(1));
    await sleep(1.5);
    network.crash("server");
    await sleep(60);
    await assertRejects(
      () => client.write(new Uint8Array(1)),
      Deno.errors.BrokenPipe,
    );
  }));

Deno.test("MemoryNetwork.crash() takes both ends if both are at the host", () => {
  const network = new MemoryNetwork();
  return runOn(network, async () => {
    const [server, listener] = await idleServer("localhost");
    const client = await getRunningLoop().sockConnect(listener.addr);
    const accepted = await listener.accept();
    network.crash("localhost");
    assertEquals(network.connections, 0);
    for (const end of [client, accepted]) {
      await assertReset(end);
      end.close();
    }
    server.close();
    await server.waitClosed();
  });
});

Deno.test("MemoryNetwork.at() sets the host of code, its tasks and callbacks", () => {
  const network = new MemoryNetwork();
  return runOn(network, async () => {
    const peers: string[] = [];
    await using server = await startServer(
      (_, writer) => {
        peers.push((writer.getExtraInfo("peername") as Deno.NetAddr).hostname);
        writer.close();
      },
      "server",
      80,
    );
    const visit = async () => {
      const [reader, writer] = await openConnection("server", 80);
      await reader.read();
      writer.close();
    };
    await visit();
    await network.at("a", visit);
    await network.at("b", () => createTask(visit));
    await network.at("c", () => {
      const done = getRunningLoop().createFuture<void>();
      getRunningLoop().callLater(1, () => {
        void createTask(visit).addDoneCallback(() => done.setResult());
      });
      return done;
    });
    await network.at("d", () => network.at("e", visit));
    assertEquals(peers, ["localhost", "a", "b", "c", "e"]);
    assertEquals(server.sockets[0]!.addr.hostname, "server");
  });
});

Deno.test("MemoryNetwork.at() separates the ports of hosts", () => {
  const network = new MemoryNetwork();
  return runOn(network, async () => {
    const serve = (name: string, host: string | null) =>
      network.at(name, () =>
        startServer(
          (_, writer) => {
            writer.write(name);
            writer.close();
          },
          host,
          80,
        ));
    await using _one = await serve("one", null);
    await using _two = await serve("two", "127.0.0.1");
    await using _three = await serve("three", "0.0.0.0");
    await using _four = await serve("four", "localhost");
    for (const name of ["one", "two", "three", "four"]) {
      const [reader, writer] = await openConnection(name, 80);
      assertEquals(textOf(await reader.read()), name);
      writer.close();
      const [own, ownWriter] = await network.at(
        name,
        () => openConnection("localhost", 80),
      );
      assertEquals(textOf(await own.read()), name);
      ownWriter.close();
    }
    await assertRejects(
      () => openConnection("localhost", 80),
      Deno.errors.ConnectionRefused,
    );
  });
});

Deno.test("createServer() in memory listens at several hosts on one port", () => {
  const network = new MemoryNetwork();
  return runOn(network, async () => {
    const writers: StreamWriter[] = [];
    const server = await startServer(
      (_, writer) => void writers.push(writer),
      ["a", "b", "a"],
      80,
    );
    assertEquals(server.sockets.map(({ addr }) => addr.hostname), ["a", "b"]);
    for (const host of ["a", "b"]) (await openConnection(host, 80))[1].close();
    server.close();
    await sleep(1);
    for (const writer of writers) writer.close();
    await server.waitClosed();
  });
});

/** What happens in a network whose hosts talk with each other under faults. */
async function traceOf(options: MemoryNetworkOptions): Promise<NetworkEvent[]> {
  const trace: NetworkEvent[] = [];
  const network = new MemoryNetwork({
    latency: [0.01, 1],
    observe: (event) => trace.push(event),
    ...options,
  });
  await runOn(network, async () => {
    const server = await startServer(
      async (reader, writer) => {
        try {
          for await (const line of reader) writer.write(line);
        } catch {
          // What the faults do.
        }
        writer.close();
      },
      "server",
      7,
    );
    using _ = network.injectFaults({ every: 10, lasting: 5 });
    const talk = async () => {
      for (let i = 0; i < 5; i++) {
        try {
          const [reader, writer] = await openConnection("server", 7);
          for (let j = 0; j < 5; j++) {
            writer.write(`${j}\n`);
            await sleep(1);
          }
          writer.close();
          await reader.read();
          await writer.waitClosed();
        } catch {
          // As above.
        }
      }
    };
    await gather(["a", "b", "c"].map((host) => () => network.at(host, talk)));
    server.close();
    server.abortClients();
    await server.waitClosed();
  });
  return trace;
}

Deno.test("MemoryNetwork is deterministic for a seed, and varies with it", async () => {
  const trace = await traceOf({ seed: 1 });
  assert(trace.length > 100);
  assertEquals(await traceOf({ seed: 1 }), trace);
  assertNotEquals(await traceOf({ seed: 2 }), trace);
});

Deno.test("MemoryNetwork reports each arrival to its observer", async () => {
  const trace: NetworkEvent[] = [];
  const network = new MemoryNetwork({
    latency: 1,
    observe: (event) => trace.push(event),
  });
  await runOn(network, async () => {
    await assertRejects(() => openConnection("server", 7));
    const [one, other] = await connPair(network);
    await one.write(new Uint8Array(5));
    await other.read(new Uint8Array(9));
    other.close();
    await one.read(new Uint8Array(9));
    await one.write(new Uint8Array(1));
    await sleep(2);
    one.close();
    using _ = network.cut("server");
    await assertRejects(() => openConnection("server", 7));
  });
  assertEquals(
    trace.map(({ time, from, to, what }) => `${time} ${from} ${to} ${what}`),
    [
      "1 localhost server connect",
      "2 server localhost refusal",
      "3 client server connect",
      "4 server client welcome",
      "5 client server 5 bytes",
      "6 server client end",
      "7 client server 1 bytes",
      "8 server client reset",
    ],
  );
});

Deno.test("MemoryNetwork survives an observer that throws", () => {
  const network = new MemoryNetwork({
    observe: () => {
      throw new Error("not interested");
    },
  });
  return runOn(network, async () => {
    const messages: string[] = [];
    getRunningLoop().setExceptionHandler((_, { message }) => {
      messages.push(message);
    });
    const [one, other] = await connPair(network);
    one.close();
    other.close();
    assertEquals(
      messages,
      Array(2).fill("The observer of a MemoryNetwork failed"),
    );
  });
});

Deno.test("MemoryNetwork serves successive loops, but one at a time", async () => {
  const network = new MemoryNetwork();
  const visit = async () => {
    await using _server = await startServer(
      (_, writer) => writer.close(),
      null,
      7,
    );
    const [reader, writer] = await openConnection(null, 7);
    await reader.read();
    writer.close();
  };
  await runOn(network, visit);
  await runOn(network, async () => {
    await visit();
    assertThrows(
      () => new VirtualTimeLoop({ network }),
      RuntimeError,
      "another loop",
    );
  });
});

Deno.test("MemoryNetwork starts afresh after its loop was closed with connections open", async () => {
  const network = new MemoryNetwork();
  const loopFactory = () => new VirtualTimeLoop({ network });
  using _ = network.cut("far");
  await run(async () => {
    await startServer(() => {}, null, 7);
    await openConnection(null, 7);
    await idleServer(null, 8);
    createTask(() => openConnection("far", 7));
    await openConnection(null, 8);
  }, { loopFactory });
  assertEquals(network.connections, 0);
  await run(async () => {
    await startServer(() => {}, null, 7);
    await openConnection(null, 7);
  }, { loopFactory });
});

Deno.test("MemoryNetwork.injectFaults() ends all faults when it is disposed", () =>
  connected({
    seed: 3,
    latency: 1,
  }, async (one, other, network) => {
    const faults = network.injectFaults({
      every: 1,
      lasting: 1e6,
      kinds: ["cut", "slow"],
    });
    await sleep(100);
    faults[Symbol.dispose]();
    faults[Symbol.dispose]();
    const start = now();
    await one.write(new Uint8Array(1));
    await other.read(new Uint8Array(1));
    assertEquals(now() - start, 1);
    await sleep(1e7);
  }));

Deno.test("MemoryNetwork.injectFaults() injects only the given kinds into the given hosts", () =>
  connected({}, async (one, other, network) => {
    {
      using _ = network.injectFaults({ every: 1, hosts: ["nobody"] });
      await sleep(1000);
    }
    {
      using _ = network.injectFaults({ every: 1, kinds: [] });
      await sleep(1000);
    }
    await one.write(new Uint8Array(1));
    await other.read(new Uint8Array(1));
    using _ = network.injectFaults({
      every: 1,
      kinds: ["reset"],
      hosts: ["client"],
    });
    await assertReset(one);
  }));

Deno.test("MemoryNetwork rejects wrong options", () => {
  const refused: [MemoryNetworkOptions, string][] = [
    [{ seed: 0.5 }, "seed"],
    [{ latency: -1 }, "latency"],
    [{ latency: NaN }, "latency"],
    [{ latency: Infinity }, "latency"],
    [{ latency: [2, 1] }, "latency"],
    [{ bandwidth: 0 }, "bandwidth"],
    [{ loss: 1.1 }, "loss"],
    [{ duplication: -0.1 }, "duplication"],
  ];
  for (const [options, name] of refused) {
    assertThrows(
      () => new MemoryNetwork(options),
      RangeError,
      `The ${name} option must be`,
    );
  }
  assertThrows(
    () => new MemoryNetwork({ observe: "me" as never }),
    TypeError,
    "The observe option must be",
  );
  const network = new MemoryNetwork();
  assertThrows(() => network.at("", () => {}), TypeError, 'received ""');
  assertThrows(() => network.cut(), RangeError, "none");
  assertThrows(() => network.slow("a", 0), RangeError, "The factor of slow()");
  assertThrows(
    () => network.injectFaults({ every: 0 }),
    RangeError,
    "The every option",
  );
  assertThrows(
    () => network.injectFaults({ every: 1, lasting: -1 }),
    RangeError,
    "The lasting option",
  );
  assertThrows(
    () => network.injectFaults({ every: 1, kinds: ["fire" as never] }),
    RangeError,
    "fire",
  );
  assertThrows(
    () => network.injectFaults({ every: 1 }),
    RuntimeError,
    "as no VirtualTimeLoop has it",
  );
});
