// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Server } from "../../mod.ts";

/** Returns the TCP port at which a server listens. */
export function portOf(server: Server): number {
  return (server.sockets[0]!.addr as Deno.NetAddr).port;
}
