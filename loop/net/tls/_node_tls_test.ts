// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import { connect } from "node:tls";
import { Duplex } from "node:stream";
import { ownSocketOf, readClientHello } from "./_node_tls.ts";
import { FakeConn } from "../../../tests/doubles/conn.ts";
import { runProgram } from "../../../tests/doubles/program.ts";

/** The first message of a Node client. */
function clientHello(
  servername?: string,
  ALPNProtocols: string[] = [],
): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const duplex = new Duplex({
      read() {},
      write(data: Uint8Array, _encoding, callback) {
        resolve(new Uint8Array(data));
        callback();
        socket.destroy();
      },
    });
    const options = {
      ...(servername !== undefined && { servername }),
      ...(ALPNProtocols.length > 0 && { ALPNProtocols }),
    };
    const socket = connect({ socket: duplex, ...options });
    socket.on("error", () => {});
  });
}

/** Returns bytes in pieces, then ends. */
function source(bytes: Uint8Array, size = bytes.length) {
  let rest = bytes;
  return {
    read(memory: Uint8Array): Promise<number | null> {
      const piece = rest.subarray(0, size);
      rest = rest.subarray(size);
      memory.set(piece);
      return Promise.resolve(piece.length === 0 ? null : piece.length);
    },
  };
}

/** The same message in records of a few bytes each. */
function inRecordsOf(size: number, hello: Uint8Array): Uint8Array {
  const records: number[] = [];
  for (let at = 5; at < hello.length; at += size) {
    const part = hello.subarray(at, at + size);
    records.push(22, 3, 1, part.length >> 8, part.length & 255, ...part);
  }
  return new Uint8Array(records);
}

Deno.test("readClientHello() finds the name and the protocols in chunks of any size", async () => {
  const hello = await clientHello("one.example.org", ["h2", "http/1.1"]);
  for (const bytes of [hello, inRecordsOf(7, hello), inRecordsOf(1, hello)]) {
    for (const size of [1, 3, 100, 2000]) {
      const found = await readClientHello(source(bytes, size));
      assertEquals(found.serverName, "one.example.org");
      assertEquals(found.protocols, ["h2", "http/1.1"]);
      assertEquals(found.bytes, bytes.subarray(0, found.bytes.length));
    }
  }
});

Deno.test("readClientHello() passes on a message without a name", async () => {
  const nameless = await clientHello();
  assertEquals(await readClientHello(source(nameless)), {
    bytes: nameless,
    serverName: null,
    protocols: [],
  });
  for (
    const text of ["", "GET / HTTP/1.1\r\n\r\n", "\x16", "\x16\x03\x01\x00\x00"]
  ) {
    const bytes = new TextEncoder().encode(text);
    assertEquals(await readClientHello(source(bytes)), {
      bytes,
      serverName: null,
      protocols: [],
    });
  }
});

Deno.test("readClientHello() survives truncated and malformed messages", async () => {
  const hello = await clientHello("one.example.org", ["h2", "http/1.1"]);
  for (let i = 0; i < hello.length; i++) {
    const cut = hello.slice(0, i);
    assertEquals((await readClientHello(source(cut))).bytes, cut);
    const spoilt = hello.slice();
    spoilt[i] = spoilt[i]! ^ 255;
    assertEquals((await readClientHello(source(spoilt))).bytes, spoilt);
  }
});

Deno.test("readClientHello() limits how much it reads", async () => {
  const flood = new Uint8Array(1024 * 1024);
  for (let at = 0; at + 5 < flood.length; at += 1005) {
    flood.set([22, 3, 1, 1000 >> 8, 1000 & 255], at);
    flood.set([1, 255, 255, 255], at + 5);
  }
  const { bytes, serverName } = await readClientHello(source(flood, 4096));
  assertEquals(serverName, null);
  assertEquals(bytes.length, 16 * 1024);
});

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
