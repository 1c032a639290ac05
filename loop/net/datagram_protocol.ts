// Copyright 2026 the asyncio for Deno authors. MIT license.

import { BaseProtocol } from "./base_protocol.ts";

/**
 * A protocol for datagrams, such as UDP.
 *
 * Datagrams may be lost, duplicated or reordered. A protocol that cannot accept that has to number and repeat them.
 *
 * @example An echo server and its client
 * ```ts
 * import { DatagramProtocol, type DatagramTransport, Future, getRunningLoop, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * class Echo extends DatagramProtocol {
 *   #transport!: DatagramTransport;
 *
 *   override connectionMade(transport: DatagramTransport): void {
 *     this.#transport = transport;
 *   }
 *
 *   override datagramReceived(data: Uint8Array, addr: Deno.NetAddr): void {
 *     this.#transport.sendTo(data, addr);
 *   }
 * }
 *
 * class Asker extends DatagramProtocol {
 *   readonly answer = new Future<string>();
 *
 *   override connectionMade(transport: DatagramTransport): void {
 *     transport.sendTo("Hello World!");
 *   }
 *
 *   override datagramReceived(data: Uint8Array): void {
 *     this.answer.setResult(new TextDecoder().decode(data));
 *   }
 * }
 *
 * await run(async () => {
 *   const loop = getRunningLoop();
 *   const [server] = await loop.createDatagramEndpoint(() => new Echo(), {
 *     localAddr: { hostname: "127.0.0.1", port: 0 },
 *   });
 *   const [client, asker] = await loop.createDatagramEndpoint(() => new Asker(), {
 *     remoteAddr: server.getExtraInfo("sockname") as Deno.NetAddr,
 *   });
 *   assertEquals(await asker.answer, "Hello World!");
 *   client.close();
 *   server.close();
 * });
 * ```
 *
 * @category Transports and protocols
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.DatagramProtocol}
 */
export class DatagramProtocol extends BaseProtocol {
  /**
   * Called when a datagram arrives.
   *
   * @param _data The payload, which the protocol may keep and change. It may be empty.
   * @param _addr The sender's address: a `Deno.NetAddr` for UDP.
   */
  datagramReceived(_data: Uint8Array<ArrayBuffer>, _addr: Deno.Addr): void {}

  /**
   * Called when sending or receiving a datagram has failed. The transport stays open.
   *
   * @param _error The error.
   */
  errorReceived(_error: Error): void {}
}
