// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { BaseTransport } from "./base_transport.ts";

/**
 * What every protocol has. A transport calls the methods of its protocol as callbacks of the loop,
 * outside every task; the methods of this class do nothing.
 *
 * @example Usage
 * ```ts
 * import { BaseProtocol } from "@asyncio/asyncio/loop";
 *
 * class Greeter extends BaseProtocol {
 *   override connectionLost(error: Error | null): void {
 *     console.log(error ?? "closed");
 *   }
 * }
 * new Greeter();
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseProtocol}
 */
export class BaseProtocol {
  /**
   * The connection is made. Called once.
   *
   * @param _transport The transport that stands for it.
   */
  connectionMade(_transport: BaseTransport): void {}

  /**
   * The connection is lost or closed. Called once, after everything else.
   *
   * @param _error Why; `null` if it was closed, aborted, or ended by the peer.
   */
  connectionLost(_error: Error | null): void {}

  /** The transport's buffer is fuller than its high-water mark: time to stop writing. */
  pauseWriting(): void {}

  /** The transport's buffer is down to its low-water mark. */
  resumeWriting(): void {}
}
