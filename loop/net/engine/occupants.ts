// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError } from "../../errors.ts";
import type { BaseTransport } from "../base_transport.ts";

/** Which transport uses a connection or a socket. */
const occupants = new WeakMap<object, BaseTransport>();

/** Says that a transport uses the socket from now on. */
export function occupy(socket: object, transport: BaseTransport): void {
  occupants.set(socket, transport);
}

/** Throws if a transport uses the socket: it would take what the caller waits for. */
export function assertUnoccupied(method: string, socket: object): void {
  if (occupants.get(socket)?.isClosing() ?? true) return;
  throw new RuntimeError(
    `${method}() cannot use a socket that is used by a transport`,
  );
}
