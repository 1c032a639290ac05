// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { StreamProtocol } from "./types.ts";

/** Where a receiver gets its bytes from, in portions of its own kind. */
export interface ReadSource<T> {
  /** Reads for a protocol, whose code it may run; `null` at the end of the stream. */
  read(protocol: StreamProtocol): Promise<T | null>;
  /** Hands on what was read. Runs the code of the protocol. */
  deliver(portion: T, protocol: StreamProtocol): void;
  /** What was read, for somebody else than a protocol. */
  release(portion: T): Uint8Array<ArrayBuffer>;
}
