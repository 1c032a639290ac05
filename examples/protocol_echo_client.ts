// Copyright 2026 the asyncio for Deno authors. MIT license.

// Sends a message to an echo server, and prints the answer, with a protocol:
//
//   deno run --allow-net examples/protocol_echo_client.ts [port] [message]
//
// examples/protocol_echo_server.ts is such a server.

import {
  getRunningLoop,
  Protocol,
  run,
  type Transport,
} from "@asyncio/asyncio";

const [port = "8888", message = "Hello, world!"] = Deno.args;

class EchoClient extends Protocol {
  readonly end = getRunningLoop().createFuture<void>();

  override connectionMade(transport: Transport): void {
    console.log("Sent:", message);
    transport.write(message);
  }

  override dataReceived(data: Uint8Array): void {
    console.log("Received:", new TextDecoder().decode(data));
  }

  override connectionLost(error: Error | null): void {
    console.log(error?.message ?? "The server closed the connection");
    this.end.setResult();
  }
}

async function main(): Promise<void> {
  const [transport, client] = await getRunningLoop().createConnection(
    () => new EchoClient(),
    "127.0.0.1",
    Number(port),
  );
  try {
    await client.end;
  } finally {
    transport.close();
  }
}

await run(main);
