// Copyright 2026 the asyncio for Deno authors. MIT license.

import { BaseProtocol } from "./base_protocol.ts";

/**
 * A protocol over datagrams, such as UDP.
 *
 * Datagrams may be lost, doubled, or overtake each other: what must not needs the protocol to count and
 * to repeat.
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
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.DatagramProtocol}
 */
export class DatagramProtocol extends BaseProtocol {
  /**
   * A datagram arrived.
   *
   * @param _data Its bytes, which the protocol may keep and change; there may be none.
   * @param _addr Where it came from: of UDP a `Deno.NetAddr`.
   */
  datagramReceived(_data: Uint8Array<ArrayBuffer>, _addr: Deno.Addr): void {}

  /**
   * Sending or receiving a datagram failed. The transport goes on.
   *
   * @param _error Why.
   */
  errorReceived(_error: Error): void {}
}
