// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Future } from "../loop/core/future.ts";
import { callInline } from "../loop/core/inline_call.ts";
import type { ConnectionOptions } from "../loop/net/connect/connect.ts";
import type { WithSock } from "../loop/net/options.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import { areOptions, assertOptions } from "../loop/core/validate.ts";
import { StreamReader } from "./stream_reader.ts";
import { StreamReaderProtocol } from "./stream_reader_protocol.ts";
import { StreamWriter } from "./stream_writer.ts";

/**
 * The options of {@linkcode openConnection}.
 *
 * @category Streams
 */
export interface OpenConnectionOptions extends ConnectionOptions {
  /** The longest line, in bytes, and half of what the reader buffers; 64 KiB by default. */
  limit?: number | undefined;
}

/**
 * Opens a TCP connection, as `loop.createConnection()` does.
 *
 * Cancel safe: no connection is left behind.
 *
 * @param host A host name or an address; the local machine if it is `null`.
 * @param port The port.
 * @param options How to connect.
 * @returns A future of a reader and a writer. Close the writer when done.
 * @throws {RangeError} If the port is invalid, or the limit is not greater than 0.
 * @throws {Deno.errors.ConnectionRefused} If nothing listens on the port. Other errors of `Deno.connect()` likewise.
 * @throws {Deno.errors.NotFound} If the host does not have an address.
 * @throws {Deno.errors.InvalidData} If TLS is used and the certificate is not accepted.
 *
 * @example Usage
 * ```ts
 * import { openConnection, run, startServer } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   await using server = await startServer((_reader, writer) => {
 *     writer.write("welcome\n");
 *     writer.close();
 *   }, "127.0.0.1", 0);
 *   const { hostname, port } = server.sockets[0]!.addr;
 *
 *   const [reader, writer] = await openConnection(hostname, port);
 *   assertEquals(new TextDecoder().decode(await reader.readLine()), "welcome\n");
 *   writer.close();
 * });
 * ```
 *
 * @category Streams
 * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.open_connection}
 */
export function openConnection(
  host?: string | null,
  port?: number | null,
  options?: OpenConnectionOptions,
): Future<[reader: StreamReader, writer: StreamWriter]>;
/**
 * Opens a stream over an existing connection.
 *
 * @param options The connection, and how to use it.
 * @returns A future of a reader and a writer. Close the writer when done.
 * @category Streams
 */
export function openConnection(
  options: WithSock<OpenConnectionOptions>,
): Future<[reader: StreamReader, writer: StreamWriter]>;
export function openConnection(
  host: string | OpenConnectionOptions | null = null,
  port?: number | null,
  options?: OpenConnectionOptions,
): Future<[reader: StreamReader, writer: StreamWriter]> {
  return areOptions(host, port, options)
    ? open(null, null, host)
    : open(host, port ?? null, options);
}

function open(
  host: string | null,
  port: number | null,
  options: OpenConnectionOptions = {},
): Future<[reader: StreamReader, writer: StreamWriter]> {
  assertOptions("openConnection", options);
  const scheduler = currentScheduler();
  const { loop } = scheduler;
  const { limit, ...rest } = options;
  const reader = new StreamReader({ limit, loop });
  const protocol = new StreamReaderProtocol(reader, null, { loop });
  return callInline(scheduler, "openConnection()", async () => {
    const [transport] = await loop.createConnection(
      () => protocol,
      host,
      port,
      rest,
    );
    return [reader, new StreamWriter(transport, protocol, reader, loop)];
  });
}
