// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Transport } from "./transport.ts";

/** A method that gives back what a protocol received and nobody has read: it is to be decrypted. */
export const takeUnread: unique symbol = Symbol("takeUnread");
/** A method that tells a protocol its new transport. */
export const replaceTransport: unique symbol = Symbol("replaceTransport");

/** A protocol that has to know when its connection becomes an encrypted one. */
export interface UpgradableProtocol {
  [takeUnread](): Uint8Array<ArrayBuffer>;
  [replaceTransport](transport: Transport): void;
}

/** Whether the protocol is one. */
export function isUpgradable(protocol: object): protocol is UpgradableProtocol {
  return takeUnread in protocol;
}
