// Copyright 2026 the asyncio for Deno authors. MIT license.

import { once } from "node:events";
import { connect } from "node:net";

/**
 * Connects and resets the connection at once, as `SO_LINGER` with 0 does.
 *
 * @param port The port of this machine to connect to.
 */
export async function resetPeer(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.resetAndDestroy();
  await once(socket, "close");
}
