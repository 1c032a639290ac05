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

/** The key of a property that is `true` if `pauseWriting()` and `resumeWriting()` run no user code. */
export const pausesDirectly: unique symbol = Symbol("pausesDirectly");

/** Returns whether the protocol can be paused and resumed in any async context. */
export function canPauseDirectly(protocol: object): boolean {
  return pausesDirectly in protocol && protocol[pausesDirectly] === true;
}
