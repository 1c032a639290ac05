// Copyright 2026 the asyncio for Deno authors. MIT license.

/** The key of a method that returns the memory for a transport's next read; `null` for memory of the transport. */
export const lendMemory: unique symbol = Symbol("lendMemory");
/** The key of a method that is called when bytes have been read into that memory. */
export const memoryFilled: unique symbol = Symbol("memoryFilled");

/** A protocol of the library that chooses the memory of each read. */
export interface DirectProtocol {
  [lendMemory](): Uint8Array | null;
  [memoryFilled](count: number): void;
}

/** Returns whether the protocol chooses the memory of each read. */
export function isDirect(protocol: object): protocol is DirectProtocol {
  return lendMemory in protocol;
}
