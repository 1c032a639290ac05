// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { connect } from "node:tls";
import { Duplex } from "node:stream";
import { readClientHello } from "./_client_hello.ts";

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
