// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { BaseTransport } from "./base_transport.ts";

/**
 * The base class of all protocols. A transport calls the methods of its protocol as callbacks of the loop: outside
 * any task, in the context of the code that created the connection or the server. The methods of this class do
 * nothing.
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
 * @category Transports and protocols
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseProtocol}
 */
export class BaseProtocol {
  /**
   * Called once, when the connection is established.
   *
   * @param _transport The transport of the connection.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { BaseProtocol, type WriteTransport } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * class Greeter extends BaseProtocol {
   *   override connectionMade(transport: WriteTransport): void {
   *     transport.write("hello");
   *     transport.close();
   *   }
   * }
   *
   * await run(async () => {
   *   const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
   *   await getRunningLoop().connectWritePipe(() => new Greeter(), writable);
   *   assertEquals(await new Response(readable).text(), "hello");
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseProtocol.connection_made}
   */
  connectionMade(_transport: BaseTransport): void {}

  /**
   * Called once, as the last method, when the connection is lost or closed.
   *
   * @param _error The reason; `null` if the connection was closed, aborted, or ended by the peer.
   *
   * @example Usage
   * ```ts
   * import { Future, getRunningLoop, run } from "@asyncio/asyncio";
   * import { Protocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * class Watcher extends Protocol {
   *   readonly lost = new Future<Error | null>();
   *
   *   override connectionLost(error: Error | null): void {
   *     this.lost.setResult(error);
   *   }
   * }
   *
   * await run(async () => {
   *   const [transport, watcher] = await getRunningLoop()
   *     .connectReadPipe(() => new Watcher(), new ReadableStream());
   *   transport.close();
   *   assertEquals(await watcher.lost, null);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseProtocol.connection_lost}
   */
  connectionLost(_error: Error | null): void {}

  /**
   * Called when the transport's buffer exceeds its high-water mark, to stop writing.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { BaseProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * class Producer extends BaseProtocol {
   *   mayWrite = true;
   *
   *   override pauseWriting(): void {
   *     this.mayWrite = false;
   *   }
   *
   *   override resumeWriting(): void {
   *     this.mayWrite = true;
   *   }
   * }
   *
   * await run(async () => {
   *   const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
   *   const [transport, producer] = await getRunningLoop()
   *     .connectWritePipe(() => new Producer(), writable);
   *   transport.write(new Uint8Array(100_000));
   *   assertEquals(producer.mayWrite, false);
   *   transport.close();
   *   await new Response(readable).bytes();
   *   assertEquals(producer.mayWrite, true);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseProtocol.pause_writing}
   */
  pauseWriting(): void {}

  /**
   * Called when the transport's buffer has drained to its low-water mark.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { BaseProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * class Producer extends BaseProtocol {
   *   mayWrite = true;
   *
   *   override pauseWriting(): void {
   *     this.mayWrite = false;
   *   }
   *
   *   override resumeWriting(): void {
   *     this.mayWrite = true;
   *   }
   * }
   *
   * await run(async () => {
   *   const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
   *   const [transport, producer] = await getRunningLoop()
   *     .connectWritePipe(() => new Producer(), writable);
   *   transport.write(new Uint8Array(100_000));
   *   assertEquals(producer.mayWrite, false);
   *   transport.close();
   *   await new Response(readable).bytes();
   *   assertEquals(producer.mayWrite, true);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseProtocol.resume_writing}
   */
  resumeWriting(): void {}
}
