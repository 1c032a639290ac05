// Copyright 2026 the asyncio for Deno authors. MIT license.

// Sends every datagram back:
//
//   deno run --allow-net examples/udp_echo_server.ts [port]
//
// Ctrl-C ends it.

import {
  DatagramProtocol,
  type DatagramTransport,
  Event,
  getRunningLoop,
  run,
} from "@asyncio/asyncio";

const [port = "9999"] = Deno.args;

/** One protocol for all clients. */
class Echo extends DatagramProtocol {
  #transport!: DatagramTransport;

  override connectionMade(transport: DatagramTransport): void {
    this.#transport = transport;
  }

  override datagramReceived(data: Uint8Array, address: Deno.NetAddr): void {
    const text = new TextDecoder().decode(data);
    console.log(`${address.hostname} says ${JSON.stringify(text)}`);
    this.#transport.sendTo(data, address);
  }
}

async function main(): Promise<void> {
  const [transport] = await getRunningLoop().createDatagramEndpoint(
    () => new Echo(),
    { localAddr: { hostname: "127.0.0.1", port: Number(port) } },
  );
  const address = transport.getExtraInfo("sockname") as Deno.NetAddr;
  console.log(`Serving at ${address.hostname}:${address.port}`);
  try {
    await new Event().wait(); // until Ctrl-C cancels it
  } finally {
    transport.close();
  }
}

await run(main);
