// Copyright 2026 the asyncio for Deno authors. MIT license.

import { createSocket, type Socket } from "node:dgram";

/** A socket of `node:dgram`, bound to a port of its own, and its address. */
export function boundSocket(
  address = "127.0.0.1",
): Promise<[Socket, { hostname: string; port: number }]> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  return new Promise((resolve) =>
    socket.bind(0, address, () => {
      const { port } = socket.address();
      resolve([socket, { hostname: address, port }]);
    })
  );
}
