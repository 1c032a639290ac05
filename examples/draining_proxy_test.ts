// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import { Example, LOOPBACK, portOf } from "../tests/doubles/example.ts";

/** There is no SIGTERM. */
const ignore = Deno.build.os === "windows";

/** A server that sends everything back, with the port that it has. */
function echoServer(): Disposable & { readonly port: number } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  (async () => {
    for await (const conn of listener) {
      conn.readable.pipeTo(conn.writable).catch(() => {});
    }
  })().catch(() => {});
  return {
    port: listener.addr.port,
    [Symbol.dispose]: () => listener.close(),
  };
}

async function say(conn: Deno.Conn, text: string): Promise<string> {
  await conn.write(new TextEncoder().encode(text));
  const memory = new Uint8Array(1024);
  let echoed = "";
  while (echoed.length < text.length) {
    const count = await conn.read(memory);
    if (count === null) break;
    echoed += new TextDecoder().decode(memory.subarray(0, count));
  }
  return echoed;
}

/** The system lets go of a port a moment after the program. */
async function untilRefused(connect: () => Promise<Deno.Conn>): Promise<void> {
  while (true) {
    try {
      (await connect()).close();
    } catch (error) {
      const { ConnectionRefused, ConnectionReset, NotConnected } = Deno.errors;
      if (error instanceof ConnectionRefused) return;
      // The connection was waiting to be accepted when the server closed.
      if (error instanceof ConnectionReset) continue;
      if (!(error instanceof NotConnected)) throw error;
    }
  }
}

async function proxyTo(
  port: number,
  seconds: string,
): Promise<{ proxy: Example; connect: () => Promise<Deno.TcpConn> }> {
  const proxy = new Example("draining_proxy.ts", LOOPBACK, [
    "0",
    `127.0.0.1:${port}`,
    seconds,
  ]);
  const address = {
    hostname: "127.0.0.1",
    port: Number(portOf(await proxy.nextLine())),
  };
  return { proxy, connect: () => Deno.connect(address) };
}

Deno.test({
  name: "draining_proxy lets open connections end after SIGTERM",
  ignore,
  async fn() {
    using server = echoServer();
    const { proxy, connect } = await proxyTo(server.port, "60");
    await using _ = proxy;
    const conns = [await connect(), await connect()];
    for (const conn of conns) assertEquals(await say(conn, "hello"), "hello");
    proxy.signal("SIGTERM");
    assertEquals(await proxy.nextLine(), "Draining");
    await untilRefused(connect);
    for (const conn of conns) {
      assertEquals(await say(conn, "still here"), "still here");
      await conn.closeWrite();
      assertEquals(await conn.read(new Uint8Array(1)), null);
      conn.close();
    }
    const { code, stderr } = await proxy.end();
    assertEquals(
      [code, stderr],
      [143, "KeyboardInterrupt: Interrupted by SIGTERM\n"],
    );
  },
});

Deno.test({
  name: "draining_proxy ends connections that stay too long",
  ignore,
  async fn() {
    using server = echoServer();
    const { proxy, connect } = await proxyTo(server.port, "0.2");
    await using _ = proxy;
    using conn = await connect();
    assertEquals(await say(conn, "hello"), "hello");
    const begin = performance.now();
    proxy.signal("SIGINT");
    const end = await conn.read(new Uint8Array(1)).catch((error) => error);
    assert(end === null || end instanceof Deno.errors.ConnectionReset);
    assertEquals((await proxy.end()).code, 130);
    assert(performance.now() - begin < 4000);
  },
});
