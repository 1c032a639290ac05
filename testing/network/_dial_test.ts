// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertRejects } from "@std/assert";
import {
  createTask,
  getRunningLoop,
  openConnection,
  sleep,
  startServer,
} from "../../mod.ts";
import { connPair, idleServer, runOn } from "../../tests/doubles/in_memory.ts";
import { cancelEverywhere } from "../cancel_everywhere.ts";
import { MemoryNetwork } from "./memory_network.ts";

Deno.test("openConnection() in memory is refused at a port without a listener", () => {
  const network = new MemoryNetwork({ latency: 1 });
  return runOn(network, async () => {
    await assertRejects(
      () => openConnection("server", 7),
      Deno.errors.ConnectionRefused,
      "Cannot connect to server:7: ",
    );
    assertEquals(getRunningLoop().time(), 2);
    const [server] = await idleServer("server", 8);
    await assertRejects(
      () => openConnection("server", 7),
      Deno.errors.ConnectionRefused,
    );
    server.close();
    await server.waitClosed();
    await assertRejects(
      () => openConnection("server", 8),
      Deno.errors.ConnectionRefused,
    );
  });
});

Deno.test("openConnection() in memory times out after 127 seconds", () => {
  const network = new MemoryNetwork();
  return runOn(network, async () => {
    const cut = network.cut("server");
    const [server] = await idleServer("server", 7);
    await assertRejects(
      () => openConnection("server", 7),
      Deno.errors.TimedOut,
    );
    assertEquals(getRunningLoop().time(), 127);
    cut[Symbol.dispose]();
    await sleep(1);
    assertEquals(network.connections, 0);
    const connecting = createTask(() => openConnection("server", 7));
    const again = network.cut("server");
    await sleep(126);
    again[Symbol.dispose]();
    const [, writer] = await connecting;
    writer.close();
    server.close();
    await server.waitClosed();
  });
});

Deno.test("openConnection() in memory whose answer is lost leaves nothing open", () => {
  const network = new MemoryNetwork({ latency: 1 });
  return runOn(network, async () => {
    const ended: number[] = [];
    await using _server = await startServer(
      async (reader, writer) => {
        await reader.read();
        ended.push(getRunningLoop().time());
        writer.close();
      },
      "server",
      7,
    );
    const connecting = createTask(() => openConnection("server", 7));
    await sleep(1.5);
    const cut = network.cut("server");
    await assertRejects(() => connecting, Deno.errors.TimedOut);
    cut[Symbol.dispose]();
    await sleep(10);
    assertEquals(ended, [128]);
  });
});

Deno.test("openConnection() in memory leaves nothing open when cancelled at any time", async () => {
  for (let time = 0; time < 5; time += 0.5) {
    const network = new MemoryNetwork({ latency: 2 });
    await runOn(network, async () => {
      await using _server = await startServer(
        async (reader, writer) => {
          await reader.read();
          writer.close();
        },
        "server",
        7,
      );
      const connecting = createTask(() => openConnection("server", 7));
      await sleep(time);
      connecting.cancel();
      await connecting.then(([, writer]) => writer.close(), () => {});
      await sleep(100);
    });
  }
});

Deno.test("openConnection() in memory leaves nothing open when cancelled at any await", async () => {
  for (const isCut of [false, true]) {
    let network: MemoryNetwork;
    await cancelEverywhere(async () => {
      const server = await startServer(
        async (reader, writer) => {
          await reader.read();
          writer.close();
        },
        "server",
        7,
      );
      const cut = isCut ? network.cut("server") : null;
      return {
        body: async () => {
          const [, writer] = await openConnection("server", 7);
          writer.close();
          await writer.waitClosed();
        },
        meanwhile: async () => {
          await sleep(10);
          cut?.[Symbol.dispose]();
        },
        check: async () => {
          server.close();
          await server.waitClosed();
        },
      };
    }, { network: () => network = new MemoryNetwork({ latency: 1 }) });
  }
});

Deno.test("openConnection() in memory takes the first of several addresses that answers", () => {
  const network = new MemoryNetwork({ latency: 1 });
  return runOn(network, async () => {
    const [server, listener] = await idleServer("127.0.0.1");
    const { port } = listener.addr;
    const [, writer] = await openConnection(null, port, {
      happyEyeballsDelay: 0.25,
    });
    writer.close();
    (await listener.accept()).close();
    server.close();
    await server.waitClosed();
  });
});

Deno.test("openConnection() in memory connects from the local address", () => {
  const network = new MemoryNetwork();
  return runOn(network, async () => {
    const [server, listener] = await idleServer("server", 7);
    const localAddr = { hostname: "client", port: 1234 };
    const [, writer] = await openConnection("server", 7, { localAddr });
    const conn = await listener.accept();
    assertEquals(conn.remoteAddr, { transport: "tcp", ...localAddr });
    await assertRejects(
      () => openConnection("server", 7, { localAddr }),
      Deno.errors.AddrInUse,
      "Cannot connect to server:7: ",
    );
    writer.close();
    conn.close();
    await writer.waitClosed();
    // Also by an attempt that fails.
    for (const port of [9, 7]) {
      const attempt = openConnection("server", port, { localAddr });
      if (port === 9) {
        await assertRejects(() => attempt, Deno.errors.ConnectionRefused);
      } else {
        (await attempt)[1].close();
        (await listener.accept()).close();
      }
    }
    server.close();
    await server.waitClosed();
  });
});

Deno.test("createServer() in memory rejects a port in use", () => {
  const network = new MemoryNetwork();
  return runOn(network, async () => {
    const [server] = await idleServer("server", 7);
    await assertRejects(
      () => idleServer("server", 7),
      Deno.errors.AddrInUse,
      "Cannot listen at server:7: ",
    );
    const [other] = await idleServer("other", 7);
    server.close();
    await server.waitClosed();
    const [again] = await idleServer("server", 7);
    for (const each of [again, other]) {
      each.close();
      await each.waitClosed();
    }
  });
});

Deno.test("MemoryNetwork assigns each ephemeral port once, even after wrapping round", () => {
  const network = new MemoryNetwork({ latency: 0 });
  return runOn(network, async () => {
    const loop = getRunningLoop();
    const [server, listener] = await idleServer("server");
    const { port } = listener.addr;
    assertEquals(port, 49_152);
    const first = await network.at(
      "server",
      () => loop.sockConnect(listener.addr),
    );
    (await listener.accept()).close();
    assertEquals((first.localAddr as Deno.NetAddr).port, 49_153);
    // Round the whole range.
    for (let i = 0; i < 65_536 - 49_152 - 2; i++) {
      const [probe, { addr }] = await idleServer("server");
      assertEquals(addr.port, 49_154 + i);
      probe.close();
    }
    const [next, { addr }] = await idleServer("server");
    assertEquals(addr.port, 49_154);
    first.close();
    for (const each of [server, next]) {
      each.close();
      await each.waitClosed();
    }
  });
});

Deno.test("Server.close() in memory resets connections that were not accepted", () => {
  const network = new MemoryNetwork();
  return runOn(network, async () => {
    const [server, listener] = await idleServer("server", 7);
    const conn = await getRunningLoop().sockConnect(listener.addr);
    const accepting = createTask(() => listener.accept());
    (await accepting).close();
    const late = await getRunningLoop().sockConnect(listener.addr);
    const pending = listener.accept();
    (await pending).close();
    const waiting = createTask(() => listener.accept());
    await sleep(1);
    const refused = getRunningLoop().sockConnect(listener.addr);
    waiting.cancel();
    const unaccepted = await refused;
    server.close();
    await server.waitClosed();
    await assertRejects(
      () => unaccepted.read(new Uint8Array(1)),
      Deno.errors.ConnectionReset,
    );
    await assertRejects(() => listener.accept(), Deno.errors.BadResource);
    for (const each of [conn, late, unaccepted]) each.close();
  });
});

Deno.test("MemoryListener can be iterated until it is closed", () => {
  const network = new MemoryNetwork();
  return runOn(network, async () => {
    const [server, listener] = await idleServer("server", 7);
    const accepted = createTask(async () => {
      let count = 0;
      for await (const conn of listener) {
        conn.close();
        count++;
      }
      return count;
    });
    for (let i = 0; i < 3; i++) {
      (await getRunningLoop().sockConnect(listener.addr)).close();
    }
    await sleep(1);
    server.close();
    await server.waitClosed();
    assertEquals(await accepted, 3);
  });
});

Deno.test("MemoryNetwork.connections counts a connection until both ends are closed", () => {
  const network = new MemoryNetwork({ latency: 5 });
  return runOn(network, async () => {
    const [one, other] = await connPair(network);
    assertEquals(network.connections, 1);
    one.close();
    assertEquals(network.connections, 1);
    other.close();
    assertEquals(network.connections, 0);
  });
});
