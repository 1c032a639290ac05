// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertRejects } from "@std/assert";
import {
  CancelledError,
  createTask,
  getRunningLoop,
  openConnection,
  openUnixConnection,
  Protocol,
  run,
  sleep,
  startServer,
  startUnixServer,
  timeout,
  type TlsOptions,
} from "../../mod.ts";
import { idleServer, runOn } from "../../tests/doubles/in_memory.ts";
import { Recorder, turns } from "../../tests/doubles/recorder.ts";
import { textOf } from "../../tests/doubles/text.ts";
import { VirtualTimeLoop } from "../virtual_time_loop.ts";
import { MemoryNetwork } from "./memory_network.ts";

// None of the methods of a loop with a network in memory may reach the real one.

const isWindows = Deno.build.os === "windows";

Deno.test("getAddrInfo() and getNameInfo() in memory have names for addresses", () =>
  runOn(new MemoryNetwork(), async () => {
    const loop = getRunningLoop();
    assertEquals(await loop.getAddrInfo("mars", 80), [
      { transport: "tcp", hostname: "mars", port: 80, family: 4 },
    ]);
    for (const host of [null, "localhost", "127.0.0.1"]) {
      const [info] = await loop.getAddrInfo(host, 80);
      assertEquals(info!.hostname, "localhost");
    }
    await assertRejects(
      () => loop.getAddrInfo("mars", 80, { family: 6 }),
      Deno.errors.NotFound,
    );
    const addr = { hostname: "mars", port: 80 };
    assertEquals(await loop.getNameInfo(addr), ["mars", "80"]);
    await assertRejects(
      () => loop.getNameInfo({ hostname: "mars", port: -1 }),
      RangeError,
    );
  }));

Deno.test("The methods of sockets work with connections in memory", () =>
  runOn(new MemoryNetwork({ latency: 1 }), async () => {
    const loop = getRunningLoop();
    const [server, listener] = await idleServer("server", 7);
    const accepting = loop.sockAccept(listener);
    const client = await loop.sockConnect({ hostname: "server", port: 7 });
    const [conn, addr] = await accepting;
    assertEquals(addr, client.localAddr);
    await loop.sockSendAll(client, "hello, world");
    assertEquals(textOf(await loop.sockRecv(conn, 5)), "hello");
    const memory = new Uint8Array(99);
    assertEquals(await loop.sockRecvInto(conn, memory), 7);
    client.close();
    assertEquals((await loop.sockRecv(conn, 5)).length, 0);
    conn.close();
    server.close();
    await server.waitClosed();
  }));

Deno.test("sockRecv() and sockAccept() in memory that are cancelled lose nothing", () =>
  runOn(new MemoryNetwork({ latency: 1 }), async () => {
    const loop = getRunningLoop();
    const [server, listener] = await idleServer("server", 7);
    const accepting = createTask(() => loop.sockAccept(listener));
    await turns();
    accepting.cancel();
    await assertRejects(() => accepting, CancelledError);
    const client = await loop.sockConnect(listener.addr);
    const [conn] = await loop.sockAccept(listener);
    const receiving = createTask(() => loop.sockRecv(conn, 9));
    await turns();
    receiving.cancel();
    await assertRejects(() => receiving, CancelledError);
    await loop.sockSendAll(client, "kept");
    assertEquals(textOf(await loop.sockRecv(conn, 9)), "kept");
    client.close();
    conn.close();
    server.close();
    await server.waitClosed();
  }));

Deno.test("sockConnect() in memory leaves nothing open when cancelled at any time", async () => {
  for (let time = 0; time < 4; time += 0.5) {
    await runOn(new MemoryNetwork({ latency: 1 }), async () => {
      const loop = getRunningLoop();
      await using _server = await startServer(
        (_, writer) => writer.close(),
        "server",
        7,
      );
      const connecting = createTask(() =>
        loop.sockConnect({ hostname: "server", port: 7 })
      );
      await sleep(time);
      connecting.cancel();
      await connecting.then((conn) => conn.close(), () => {});
      await sleep(10);
    });
  }
});

Deno.test("connectAcceptedSocket() works with a connection in memory", () =>
  runOn(new MemoryNetwork(), async () => {
    const loop = getRunningLoop();
    const [server, listener] = await idleServer("server", 7);
    const [, writer] = await openConnection("server", 7);
    const conn = await listener.accept();
    const [transport, recorder] = await loop.connectAcceptedSocket(
      () => new Recorder(),
      conn,
    );
    writer.write("hello");
    await recorder.got.wait();
    assertEquals(recorder.events, ["made", "hello"]);
    writer.close();
    transport.close();
    await recorder.lost;
    server.close();
    await server.waitClosed();
  }));

Deno.test(
  "Unix sockets in memory are at paths of a host, and no files",
  { ignore: isWindows },
  () => {
    const network = new MemoryNetwork({ latency: 1 });
    return runOn(network, async () => {
      const path = "/no/such/folder/socket";
      const serve = (word: string) =>
        startUnixServer((_, writer) => {
          writer.write(word);
          writer.close();
        }, path);
      const read = async () => {
        const [reader, writer] = await openUnixConnection(path);
        assertEquals(writer.getExtraInfo("peername"), {
          transport: "unix",
          path,
        });
        const word = textOf(await reader.read());
        writer.close();
        return word;
      };
      await assertRejects(read, Deno.errors.NotFound, path);
      await using server = await serve("one");
      assertEquals(server.sockets[0]!.addr, { transport: "unix", path });
      assertEquals(await read(), "one");
      await assertRejects(
        () => network.at("elsewhere", read),
        Deno.errors.NotFound,
      );
      // As on disk, the next server takes the path, and the first does not take it away when it is closed.
      await using _next = await serve("two");
      assertEquals(await read(), "two");
      server.close();
      assertEquals(await read(), "two");
      const loop = getRunningLoop();
      const conn = await loop.sockConnect({ transport: "unix", path });
      assertEquals(textOf(await loop.sockRecv(conn, 9)), "two");
      conn.close();
    });
  },
);

Deno.test("TLS in memory is rejected with advice", () =>
  runOn(new MemoryNetwork(), async () => {
    const loop = getRunningLoop();
    const factory = () => new Protocol();
    const tls: TlsOptions = { cert: "none", key: "none" };
    const [server, listener] = await idleServer("server", 7);
    const [, writer] = await openConnection("server", 7);
    const conn = await listener.accept();
    const methods: Record<string, () => Promise<unknown>> = {
      createConnection: () =>
        loop.createConnection(factory, "server", 7, { tls: true }),
      createServer: () => loop.createServer(factory, "server", 8, { tls }),
      connectAcceptedSocket: () =>
        loop.connectAcceptedSocket(factory, conn, { tls }),
      startTls: () => writer.startTls(true),
    };
    if (!isWindows) {
      methods.createUnixConnection = () =>
        loop.createUnixConnection(factory, "/a", { tls: true });
      methods.createUnixServer = () =>
        loop.createUnixServer(factory, "/a", { tls });
    }
    for (const [name, call] of Object.entries(methods)) {
      await assertRejects(
        call,
        Deno.errors.NotSupported,
        `TLS in ${name}() is not supported on a simulated network`,
      );
    }
    // Nothing has changed.
    writer.write("hello");
    assertEquals(await conn.read(new Uint8Array(9)), 5);
    conn.close();
    writer.close();
    await writer.waitClosed();
    server.close();
    await server.waitClosed();
  }));

Deno.test("sendFile() in memory works where the loop may wait for files", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, new Uint8Array(200_000).fill(7));
  const send = async () => {
    await using _server = await startServer(
      async (_, writer) => {
        using file = await Deno.open(path);
        try {
          await getRunningLoop().sendFile(writer.transport, file);
        } finally {
          writer.close();
        }
      },
      "server",
      7,
    );
    const [reader, writer] = await openConnection("server", 7);
    const { length } = await reader.read();
    writer.close();
    return length;
  };
  // While a file is sent, the wait for its reader holds no clock.
  const holding = new VirtualTimeLoop({
    network: new MemoryNetwork({ latency: 50 }),
    io: "hold",
    patience: 3600,
  });
  assertEquals(await run(send, { loopFactory: () => holding }), 200_000);
  await Deno.remove(path);
});

Deno.test("MemoryNetwork leaves real connections usable", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [sock, conn] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
    listener.accept(),
  ]);
  const network = new MemoryNetwork();
  await run(async () => {
    const [reader, writer] = await openConnection({ sock });
    await conn.write(new Uint8Array(3));
    assertEquals((await reader.readExactly(3)).length, 3);
    writer.close();
    await writer.waitClosed();
  }, { loopFactory: () => new VirtualTimeLoop({ network, io: "hold" }) });
  conn.close();
});

Deno.test("MemoryNetwork makes a hang distinguishable from a wait", async () => {
  const network = new MemoryNetwork();
  await runOn(network, async () => {
    await using _server = await startServer(
      async (reader, writer) => {
        await reader.read();
        writer.close();
      },
      "server",
      7,
    );
    const [reader, writer] = await openConnection("server", 7);
    await assertRejects(() => timeout(10, () => reader.read()));
    writer.close();
  });
});
