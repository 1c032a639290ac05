// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import { FakeConn } from "../../../tests/doubles/conn.ts";
import { runProgram } from "../../../tests/doubles/program.ts";
import { ownSocketOf } from "./_own_handle.ts";

Deno.test("ownSocketOf() gives Node's socket the data of a TCP connection", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [client, server] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
    listener.accept(),
  ]);
  const own = await ownSocketOf(server);
  assert(own !== null, "this version of Deno has other internals");
  const { socket } = own;
  const received = new Promise((resolve) => socket.once("data", resolve));
  await client.write(new Uint8Array([1, 2, 3]));
  assertEquals([...await received as Uint8Array], [1, 2, 3]);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.destroy();
  await closed;
  server.close();
  assertEquals(await client.read(new Uint8Array(1)), null);
  client.close();
});

Deno.test("ownSocketOf() returns null for other connections", async () => {
  assertEquals(await ownSocketOf(new FakeConn()), null);
});

Deno.test("TLS works on a stream if the environment asks for that", async () => {
  const certificates = new URL("../../../tests/certificates/", import.meta.url);
  const { stdout, stderr } = await runProgram(`
    Deno.env.set("ASYNCIO_TLS", "stream");
    const { openConnection, run, startServer } = await import("asyncio");
    const read = (name) => Deno.readTextFile(new URL(name, ${
    JSON.stringify(certificates.href)
  }));
    const [cert, key, ca] = await Promise.all(
      ["server.pem", "server.key", "ca.pem"].map(read));
    await run(async () => {
      await using server = await startServer(async (reader, writer) => {
        await writer.send(await reader.readLine());
        writer.close();
      }, "127.0.0.1", 0, { tls: { cert, key } });
      const { port } = server.sockets[0].addr;
      const [reader, writer] = await openConnection("127.0.0.1", port, {
        tls: { caCerts: [ca], serverName: "localhost" },
      });
      writer.write("hello\\n");
      console.log(await reader.readText());
      writer.close();
    });
  `);
  assertEquals([stdout, stderr], ["hello\n\n", ""]);
});
