// Copyright 2026 the asyncio for Deno authors. MIT license.

// Of types only: whoever has such a socket has loaded the module.
import type { Socket } from "node:dgram";

/** A socket of datagrams: one of `node:dgram`, or what `Deno.listenDatagram()` gives. */
export type DatagramSocket = Socket | Deno.DatagramConn;
