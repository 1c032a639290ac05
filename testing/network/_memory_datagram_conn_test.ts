// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  createTask,
  type DatagramTransport,
  getRunningLoop,
  sleep,
} from "../../mod.ts";
import { DatagramRecorder } from "../../tests/doubles/datagram_recorder.ts";
import { runOn } from "../../tests/doubles/in_memory.ts";
import { turns } from "../../tests/doubles/recorder.ts";
import { bytesOf } from "../../tests/doubles/text.ts";
import { MemoryNetwork } from "./memory_network.ts";

type Endpoint = [DatagramTransport, DatagramRecorder];

/** An endpoint at a port of a host, which may talk with one address alone. */
function endpoint(
  hostname: string,
  port: number,
  remoteAddr?: { hostname: string; port: number },
): Promise<Endpoint> {
  return getRunningLoop().createDatagramEndpoint(
    () => new DatagramRecorder(),
    { localAddr: { hostname, port }, remoteAddr },
  );
}

async function close(...endpoints: Endpoint[]): Promise<void> {
  for (const [transport] of endpoints) transport.close();
  await turns();
}

const ADDR = { hostname: "server", port: 53 };

Deno.test("MemoryDatagramConn delivers a datagram after the latency, with its sender", () => {
  const network = new MemoryNetwork({ latency: 3 });
  return runOn(network, async () => {
    const server = await endpoint("server", 53);
    const client = await endpoint("client", 1234);
    client[0].sendTo("hello", ADDR);
    client[0].sendTo("", ADDR);
    await server[1].has(3);
    assertEquals(getRunningLoop().time(), 3);
    assertEquals(server[1].events, ["made", "got hello", "got "]);
    const addr: Deno.NetAddr = {
      transport: "udp",
      hostname: "client",
      port: 1234,
    };
    assertEquals(server[1].addrs[0], addr);
    server[0].sendTo("answer", addr);
    await client[1].has(2);
    assertEquals(client[0].getExtraInfo("sockname"), addr);
    await close(server, client);
    assertEquals(server[1].events.at(-1), "lost null");
  });
});

Deno.test("MemoryDatagramConn reorders, loses and duplicates at the configured rates", () => {
  const network = new MemoryNetwork({
    seed: 1,
    latency: [0, 10],
    loss: 0.2,
    duplication: 0.1,
  });
  return runOn(network, async () => {
    const server = await endpoint("server", 53);
    const client = await endpoint("client", 0);
    for (let i = 0; i < 1000; i++) client[0].sendTo(String(i), ADDR);
    await sleep(20);
    const got = server[1].events.slice(1);
    // 80 % of 1,100 copies.
    assert(Math.abs(got.length - 880) < 60, String(got.length));
    const inOrder = got.toSorted((a, b) =>
      Number(a.slice(4)) - Number(b.slice(4))
    );
    assert(got.some((each, i) => each !== inOrder[i]));
    const different = new Set(got).size;
    assert(different > 780 && different < got.length - 40, String(different));
    await close(server, client);
  });
});

Deno.test("MemoryDatagramConn drops datagrams to an unbound port", () => {
  const network = new MemoryNetwork();
  return runOn(network, async () => {
    const client = await endpoint("client", 0);
    client[0].sendTo("anybody?", ADDR);
    await sleep(10);
    assertEquals(client[1].events, ["made"]);
    await close(client);
  });
});

Deno.test("MemoryDatagramConn rejects an oversized datagram as the system does", () => {
  const network = new MemoryNetwork();
  return runOn(network, async () => {
    const server = await endpoint("server", 53);
    const client = await endpoint("client", 0);
    client[0].sendTo(new Uint8Array(65_508), ADDR);
    client[0].sendTo(new Uint8Array(65_507), ADDR);
    await server[1].has(2);
    assertEquals(client[1].events, [
      "made",
      "pause",
      "error Message too long",
      "resume",
    ]);
    await close(server, client);
  });
});

Deno.test("MemoryDatagramConn buffers 1,024 datagrams and drops more", () => {
  const network = new MemoryNetwork();
  return runOn(network, async () => {
    const server = await endpoint("server", 53);
    const client = await endpoint("client", 0);
    for (let i = 0; i < 2000; i++) client[0].sendTo("x", ADDR);
    await sleep(1);
    // All arrive at once: one is waited for, and the others wait.
    assertEquals(server[1].events.length, 1 + 1 + 1024);
    await close(server, client);
  });
});

Deno.test("An endpoint in memory with a remote address hears from that alone", () => {
  const network = new MemoryNetwork();
  return runOn(network, async () => {
    const friend = await endpoint("friend", 1);
    const stranger = await endpoint("stranger", 1);
    const server = await endpoint("server", 53, {
      hostname: "friend",
      port: 1,
    });
    stranger[0].sendTo("strange", ADDR);
    friend[0].sendTo("familiar", ADDR);
    server[0].sendTo("to my friend");
    await server[1].has(2);
    await friend[1].has(2);
    assertEquals(server[1].events, ["made", "got familiar"]);
    assertEquals(
      (server[0].getExtraInfo("peername") as Deno.NetAddr).hostname,
      "friend",
    );
    await close(friend, stranger, server);
  });
});

Deno.test("An endpoint in memory at this host is reached by its name and by its addresses", () => {
  const network = new MemoryNetwork();
  return runOn(network, () =>
    network.at("here", async () => {
      const server = await endpoint("127.0.0.1", 53);
      const client = await endpoint("0.0.0.0", 0, {
        hostname: "localhost",
        port: 53,
      });
      client[0].sendTo("one");
      const other = await endpoint("::1", 0);
      other[0].sendTo("two", { hostname: "here", port: 53 });
      await server[1].has(3);
      assertEquals(server[1].events, ["made", "got one", "got two"]);
      server[0].sendTo("answer", server[1].addrs[0] as Deno.NetAddr);
      await client[1].has(2);
      await close(server, client, other);
    }));
});

Deno.test("MemoryDatagramConn loses a datagram that arrives during a cut", () => {
  const network = new MemoryNetwork({ latency: 1 });
  return runOn(network, async () => {
    const server = await endpoint("server", 53);
    const client = await endpoint("client", 0);
    client[0].sendTo("before", ADDR);
    await sleep(0.5);
    {
      using _ = network.cut("server");
      await sleep(1);
    }
    client[0].sendTo("after", ADDR);
    await server[1].has(2);
    assertEquals(server[1].events, ["made", "got after"]);
    await close(server, client);
  });
});

Deno.test("MemoryDatagramConn keeps its port until it is closed", () => {
  const network = new MemoryNetwork();
  return runOn(network, async () => {
    const first = await endpoint("server", 53);
    await assertRejects(() => endpoint("server", 53), Deno.errors.AddrInUse);
    // A port of TCP is another one.
    const tcp = await getRunningLoop().createServer(
      () => new DatagramRecorder() as never,
      "server",
      53,
    );
    tcp.close();
    await tcp.waitClosed();
    await close(first);
    const second = await endpoint("server", 53);
    await close(second);
  });
});

Deno.test("MemoryDatagramConn closes as a Deno socket does", () => {
  const network = new MemoryNetwork();
  return runOn(network, async () => {
    const [transport, recorder] = await endpoint("server", 53);
    const socket = transport.getExtraInfo("socket") as Deno.DatagramConn;
    const iterating = createTask(async () => {
      for await (const _ of socket);
    });
    const receiving = createTask(() => socket.receive());
    await turns();
    socket.close();
    await assertRejects(() => receiving, Deno.errors.Interrupted);
    await iterating;
    await assertRejects(
      () => socket.send(bytesOf("x"), { transport: "udp", ...ADDR }),
      Deno.errors.BadResource,
    );
    await recorder.lost;
    await assertRejects(
      () => socket.joinMulticastV4("224.0.0.1", "127.0.0.1"),
      Deno.errors.NotSupported,
    );
  });
});
