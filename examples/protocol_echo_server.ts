// Copyright 2026 the asyncio for Deno authors. MIT license.

// Sends a message back and closes the connection, with a protocol:
//
//   deno run --allow-net examples/protocol_echo_server.ts [port]
//
// Ctrl-C ends it when the last client has left, a second Ctrl-C at once.

import {
  getRunningLoop,
  Protocol,
  run,
  type Transport,
} from "@asyncio/asyncio";

const [port = "8888"] = Deno.args;

/** One instance for each connection. */
class Echo extends Protocol {
  #transport!: Transport;

  override connectionMade(transport: Transport): void {
    const peer = transport.getExtraInfo("peername") as Deno.NetAddr;
    console.log("Connection from", peer.hostname);
    this.#transport = transport;
  }

  override dataReceived(data: Uint8Array): void {
    console.log("Received:", new TextDecoder().decode(data));
    this.#transport.write(data);
    this.#transport.close(); // once everything is sent
  }
}

async function main(): Promise<void> {
  await using server = await getRunningLoop().createServer(
    () => new Echo(),
    "127.0.0.1",
    Number(port),
  );
  for (const { addr } of server.sockets) {
    const { hostname, port } = addr;
    console.log(`Serving at ${hostname}:${port}`);
  }
  await server.serveForever();
}

await run(main);
