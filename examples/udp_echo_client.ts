// Copyright 2026 the asyncio for Deno authors. MIT license.

// Sends a datagram to an echo server, and prints the answer:
//
//   deno run --allow-net examples/udp_echo_client.ts [port] [message]
//
// examples/udp_echo_server.ts is such a server.

import {
  DatagramProtocol,
  type DatagramTransport,
  getRunningLoop,
  run,
  timeout,
} from "@asyncio/asyncio";

const [port = "9999", message = "Hello, world!"] = Deno.args;

class EchoClient extends DatagramProtocol {
  readonly answer = getRunningLoop().createFuture<string>();

  override connectionMade(transport: DatagramTransport): void {
    console.log("Sent:", message);
    transport.sendTo(message);
  }

  override datagramReceived(data: Uint8Array): void {
    if (!this.answer.done()) {
      this.answer.setResult(new TextDecoder().decode(data));
    }
  }

  /** Some systems report that no server listens there. */
  override errorReceived(error: Error): void {
    if (!this.answer.done()) this.answer.setException(error);
  }
}

async function main(): Promise<void> {
  const [transport, client] = await getRunningLoop().createDatagramEndpoint(
    () => new EchoClient(),
    { remoteAddr: { hostname: "127.0.0.1", port: Number(port) } },
  );
  try {
    // A datagram may get lost without an error
    const answer = await timeout(5, () => client.answer);
    console.log("Received:", answer);
  } finally {
    transport.close();
  }
}

await run(main);
