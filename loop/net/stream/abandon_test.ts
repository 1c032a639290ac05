// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  DatagramProtocol,
  type EventLoop,
  newEventLoop,
  openConnection,
  Protocol,
  run,
  type Server,
  startServer,
  startUnixServer,
  wrapFuture,
} from "../../../mod.ts";
import { FakeConn } from "../../../tests/doubles/conn.ts";
import { withDirectory } from "../../../tests/doubles/directory.ts";

Deno.test("run() closes connections and servers that are left open", async () => {
  let accepted!: () => void;
  const isAccepted = new Promise<void>((resolve) => accepted = resolve);
  let server!: Server;
  await run(async () => {
    server = await startServer(() => accepted(), "127.0.0.1", 0);
    const { port } = server.sockets[0]!.addr as Deno.NetAddr;
    await openConnection("127.0.0.1", port);
    await isAccepted;
  });
  // The sanitizers detect leaks.
  await assertRejects(
    () => server.sockets[0]!.accept(),
    Deno.errors.BadResource,
  );
});

Deno.test("run() lets a program with an open connection exit", async () => {
  const script = `
    import { openConnection, run, startServer } from ${
    JSON.stringify(new URL("../../../mod.ts", import.meta.url))
  };
    await run(async () => {
      const server = await startServer(() => {}, "127.0.0.1", 0);
      await openConnection("127.0.0.1", server.sockets[0].addr.port);
    });
    console.log("over");
  `;
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-net",
      "--no-config",
      `data:text/javascript,${encodeURIComponent(script)}`,
    ],
    stderr: "inherit",
  }).output();
  assert(success);
  assertEquals(new TextDecoder().decode(stdout), "over\n");
});

const localAddr: Deno.UnixAddr = { transport: "unix", path: "here" };
const remoteAddr: Deno.UnixAddr = { transport: "unix", path: "there" };

/** Closes a loop as it connects. The peer sees the end of the connection, if any. */
async function closeConnecting(
  connect: (loop: EventLoop, port: number) => Promise<unknown>,
): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const loop = newEventLoop();
  loop.setExceptionHandler(() => {});
  loop.callSoon(() => {
    loop.createTask(() => connect(loop, listener.addr.port));
  });
  const accepting = listener.accept();
  const stopped = loop.runForever();
  using peer = await accepting;
  loop.stop();
  await stopped;
  loop.close();
  assertEquals(await peer.read(new Uint8Array(1)).catch(() => null), null);
}

Deno.test("loop.close() aborts pending connection attempts", async () => {
  await closeConnecting((loop, port) =>
    loop.createConnection(() => new Protocol(), "127.0.0.1", port)
  );
  await closeConnecting((loop, port) =>
    loop.sockConnect({ hostname: "127.0.0.1", port })
  );
  await closeConnecting((loop, port) => {
    const found = { transport: "tcp", port, family: 4 } as const;
    loop.getAddrInfo = () =>
      wrapFuture(
        Promise.resolve([
          { ...found, hostname: "127.0.0.1" },
          { ...found, hostname: "127.0.0.1" },
        ]),
        { loop },
      );
    return loop.createConnection(() => new Protocol(), "twice.example", port, {
      happyEyeballsDelay: 60,
    });
  });
});

Deno.test("loop.close() aborts a pending createDatagramEndpoint()", async () => {
  const loop = newEventLoop();
  loop.setExceptionHandler(() => {});
  const { createSocket } = await import("node:dgram");
  assert(createSocket);
  loop.callSoon(() => {
    loop.createTask(() =>
      loop.createDatagramEndpoint(() => new DatagramProtocol(), {
        localAddr: { hostname: "127.0.0.1", port: 0 },
      })
    );
    loop.stop();
  });
  await loop.runForever();
  loop.close();
  // The sanitizers detect leaks.
  await new Promise((resolve) => setTimeout(resolve));
});

Deno.test("loop.close() closes an accepted connection that is not yet served", async () => {
  for (const isServerClosed of [false, true]) {
    await withDirectory(async (directory) => {
      const path = `${directory}/socket`;
      const listener = Deno.listen({ transport: "unix", path });
      const accepted = Promise.withResolvers<Deno.UnixConn>();
      listener.accept = () => accepted.promise;
      const conn = Object.assign(new FakeConn(), { localAddr, remoteAddr });
      const loop = newEventLoop();
      const server = await loop.runUntilComplete(() =>
        loop.createUnixServer(() => new Protocol(), { sock: listener })
      );
      loop.callSoon(() => {
        accepted.resolve(conn);
        loop.stop();
      });
      await loop.runForever();
      if (isServerClosed) server.close();
      loop.close();

      await run(async () => {
        // It would wait until the other one has released the path.
        await using next = await startUnixServer(() => {}, path);
        assertEquals(next.isServing(), true);
      });
      assertEquals(conn.isClosed, true);
    });
  }
});
