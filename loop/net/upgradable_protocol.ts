// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Transport } from "./transport.ts";

/** The key of a method that gives back received data that has not been read, so that it can be decrypted. */
export const takeUnread: unique symbol = Symbol("takeUnread");
/** The key of a method that sets a protocol's new transport. */
export const replaceTransport: unique symbol = Symbol("replaceTransport");

/** A protocol that takes part when its connection is upgraded to TLS. */
export interface UpgradableProtocol {
  [takeUnread](): Uint8Array<ArrayBuffer>;
  [replaceTransport](transport: Transport): void;
}

/** Returns whether the protocol takes part in upgrades. */
export function isUpgradable(protocol: object): protocol is UpgradableProtocol {
  return takeUnread in protocol;
}
