// Copyright 2026 the asyncio for Deno authors. MIT license.

// Passes an open socket to a protocol:
//
//   deno run --allow-net examples/existing_socket.ts

import {
  createTask,
  getRunningLoop,
  Protocol,
  run,
  type Transport,
} from "@asyncio/asyncio";
import { socketPair } from "./sockets/socket_pair.ts";

const bytes = new TextEncoder().encode("abc");

class Receiver extends Protocol {
  readonly end = getRunningLoop().createFuture<void>();
  #transport!: Transport;

  override connectionMade(transport: Transport): void {
    this.#transport = transport;
  }

  override dataReceived(data: Uint8Array): void {
    console.log("Received:", new TextDecoder().decode(data));
    this.#transport.close(); // connectionLost() comes next
  }

  override connectionLost(): void {
    this.end.setResult();
  }
}

async function main(): Promise<void> {
  const [ours, theirs] = await socketPair();
  using _other = theirs;

  const [, receiver] = await getRunningLoop().createConnection(
    () => new Receiver(),
    null,
    null,
    { sock: ours },
  );
  // Data from the other end, a little later
  const sending = createTask(() => theirs.write(bytes));

  await receiver.end;
  await sending;
}

await run(main);
