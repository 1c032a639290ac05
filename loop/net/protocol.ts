// Copyright 2026 the asyncio for Deno authors. MIT license.

import { BaseProtocol } from "./base_protocol.ts";

/**
 * A protocol for a stream of bytes.
 *
 * @example An echo server
 * ```ts
 * import { getRunningLoop, openConnection, run } from "@asyncio/asyncio";
 * import { Protocol, type Transport } from "@asyncio/asyncio/loop";
 * import { assertEquals } from "@std/assert";
 *
 * class Echo extends Protocol {
 *   #transport!: Transport;
 *
 *   override connectionMade(transport: Transport): void {
 *     this.#transport = transport;
 *   }
 *
 *   override dataReceived(data: Uint8Array): void {
 *     this.#transport.write(data);
 *   }
 * }
 *
 * await run(async () => {
 *   const loop = getRunningLoop();
 *   await using server = await loop.createServer(() => new Echo(), "127.0.0.1", 0);
 *   const { hostname, port } = server.sockets[0]!.addr;
 *   const [reader, writer] = await openConnection(hostname, port);
 *   writer.write("hello\n");
 *   assertEquals(new TextDecoder().decode(await reader.readLine()), "hello\n");
 *   writer.close();
 * });
 * ```
 *
 * @category Transports and protocols
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.Protocol}
 */
export class Protocol extends BaseProtocol {
  /**
   * Called when data arrives.
   *
   * @param _data The bytes, which the protocol may keep and change.
   *
   * @example Usage
   * ```ts
   * import { Future, getRunningLoop, run } from "@asyncio/asyncio";
   * import { Protocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * class Collector extends Protocol {
   *   text = "";
   *   readonly end = new Future<void>();
   *
   *   override dataReceived(data: Uint8Array): void {
   *     this.text += new TextDecoder().decode(data);
   *   }
   *
   *   override eofReceived(): void {
   *     this.end.setResult();
   *   }
   * }
   *
   * await run(async () => {
   *   const [, collector] = await getRunningLoop()
   *     .connectReadPipe(() => new Collector(), new Blob(["hello"]).stream());
   *   await collector.end;
   *   assertEquals(collector.text, "hello");
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.Protocol.data_received}
   */
  dataReceived(_data: Uint8Array<ArrayBuffer>): void {}

  /**
   * Called when the peer has ended its sending direction.
   *
   * @returns `true` to keep the transport open for sending; otherwise it closes itself.
   *
   * @example Usage
   * ```ts
   * import { Future, getRunningLoop, run } from "@asyncio/asyncio";
   * import { Protocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * class Collector extends Protocol {
   *   text = "";
   *   readonly end = new Future<void>();
   *
   *   override dataReceived(data: Uint8Array): void {
   *     this.text += new TextDecoder().decode(data);
   *   }
   *
   *   override eofReceived(): void {
   *     this.end.setResult();
   *   }
   * }
   *
   * await run(async () => {
   *   const [, collector] = await getRunningLoop()
   *     .connectReadPipe(() => new Collector(), new Blob(["hello"]).stream());
   *   await collector.end;
   *   assertEquals(collector.text, "hello");
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.Protocol.eof_received}
   */
  eofReceived(): boolean | void {}
}
