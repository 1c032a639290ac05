// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { run } from "../../mod.ts";
import { findPython } from "../peers/python.ts";
import { runPython, startPython } from "../peers/run_python.ts";
import { receiver, sender } from "../doubles/datagram_recorder.ts";

const python = await findPython();
// These tests need a Python peer.
const ignore = python === null;

/** Echoes until it is told to stop. */
const SERVER = `
import asyncio

class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport
        self.over = asyncio.get_running_loop().create_future()
    def datagram_received(self, data, addr):
        if data == b"stop":
            self.over.set_result(None)
        else:
            self.transport.sendto(data.upper(), addr)

async def main():
    transport, echo = await asyncio.get_running_loop().create_datagram_endpoint(
        Echo, local_addr=("127.0.0.1", 0))
    print(transport.get_extra_info("sockname")[1], flush=True)
    await echo.over
    transport.close()

asyncio.run(main())
`;

/** Asks our server, and prints its answers. */
const CLIENT = `
import asyncio, sys

class Client(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.over = asyncio.get_running_loop().create_future()
        for i in range(5):
            transport.sendto(b"question %d" % i)
        transport.sendto(b"x" * 60000)
    def datagram_received(self, data, addr):
        print(len(data), data[:10].decode(), flush=True)
        if len(data) == 60000:
            self.over.set_result(None)

async def main():
    transport, client = await asyncio.get_running_loop().create_datagram_endpoint(
        Client, remote_addr=("127.0.0.1", int(sys.argv[1])))
    await client.over
    transport.close()

asyncio.run(main())
`;

Deno.test(
  "loop.createDatagramEndpoint() talks with a server of asyncio, where there is Python",
  { ignore },
  () =>
    run(async () => {
      const { line, end } = await startPython(python!, SERVER);
      const client = await sender({
        transport: "udp",
        hostname: "127.0.0.1",
        port: Number(line),
      });
      for (const word of ["one", "two", "three"]) client.transport.sendTo(word);
      await client.has(4);
      assertEquals(client.events, ["made", "got ONE", "got TWO", "got THREE"]);
      client.transport.sendTo("stop");
      client.transport.close();
      await end();
    }),
);

Deno.test(
  "loop.createDatagramEndpoint() talks with a client of asyncio, where there is Python",
  { ignore },
  () =>
    run(async () => {
      const [server, { port }] = await receiver();
      const client = runPython(python!, CLIENT, [port]);
      for (let i = 0; i < 6; i++) {
        await server.has(i + 2);
        const text = server.events[i + 1]!.slice("got ".length);
        server.transport.sendTo(text, server.addrs[i] as Deno.NetAddr);
      }
      assertEquals(
        (await client).split("\n"),
        [
          ...[0, 1, 2, 3, 4].map((i) => `10 question ${i}`),
          "60000 xxxxxxxxxx",
        ],
      );
      server.transport.close();
    }),
);
