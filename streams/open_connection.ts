// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../loop/event_loop.ts";
import type { Transport } from "../loop/net/transports.ts";
import type { Future } from "../loop/core/future.ts";
import { callInline } from "../loop/core/inline_call.ts";
import type {
  ConnectionOptions,
  UnixConnectionOptions,
} from "../loop/net/connect/connect.ts";
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
 * @throws {TypeError} If an argument is of the wrong type.
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
    ? connect(null, null, host)
    : connect(host, port ?? null, options);
}

function connect(
  host: string | null,
  port: number | null,
  options: OpenConnectionOptions = {},
): Future<[reader: StreamReader, writer: StreamWriter]> {
  assertOptions("openConnection", options);
  const { limit, ...rest } = options;
  return open(
    "openConnection()",
    limit,
    (loop, factory) => loop.createConnection(factory, host, port, rest),
  );
}

/**
 * The options of {@linkcode openUnixConnection}.
 *
 * @category Streams
 */
export interface OpenUnixConnectionOptions extends UnixConnectionOptions {
  /** The longest line, in bytes, and half of what the reader buffers; 64 KiB by default. */
  limit?: number | undefined;
}

/**
 * Connects to a Unix socket. Needs `--allow-read` and `--allow-write` for the path, and
 * `--allow-net=unix:<path>`.
 *
 * Cancel safe: no connection is left behind.
 *
 * @param path The path of the socket; a path that begins with `"\0"` is in Linux's abstract namespace.
 * @param options How to connect.
 * @returns A future of a reader and a writer. Close the writer when done.
 * @throws {RangeError} If neither a path nor a connection is given, or the limit is not greater than 0.
 * @throws {Deno.errors.NotFound} If the path does not exist. Other errors of `Deno.connect()` likewise.
 * @throws {Deno.errors.NotSupported} On Windows.
 *
 * @example Usage
 * ```ts
 * import { openUnixConnection, run, startUnixServer } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const directory = await Deno.makeTempDir();
 * const path = `${directory}/socket`;
 *
 * await run(async () => {
 *   await using server = await startUnixServer((_reader, writer) => {
 *     writer.write("welcome\n");
 *     writer.close();
 *   }, path);
 *
 *   const [reader, writer] = await openUnixConnection(path);
 *   assertEquals(new TextDecoder().decode(await reader.readLine()), "welcome\n");
 *   writer.close();
 * });
 * await Deno.remove(directory);
 * ```
 *
 * @category Streams
 * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.open_unix_connection}
 */
export function openUnixConnection(
  path?: string | URL | null,
  options?: OpenUnixConnectionOptions,
): Future<[reader: StreamReader, writer: StreamWriter]>;
/**
 * Opens a stream over an existing connection.
 *
 * @param options The connection, and how to use it.
 * @returns A future of a reader and a writer. Close the writer when done.
 * @category Streams
 */
export function openUnixConnection(
  options: WithSock<OpenUnixConnectionOptions>,
): Future<[reader: StreamReader, writer: StreamWriter]>;
export function openUnixConnection(
  path: string | URL | OpenUnixConnectionOptions | null = null,
  options?: OpenUnixConnectionOptions,
): Future<[reader: StreamReader, writer: StreamWriter]> {
  return areOptions(path, options)
    ? connectUnix(null, path)
    : connectUnix(path, options);
}

function connectUnix(
  path: string | URL | null,
  options: OpenUnixConnectionOptions = {},
): Future<[reader: StreamReader, writer: StreamWriter]> {
  assertOptions("openUnixConnection", options);
  const { limit, ...rest } = options;
  return open(
    "openUnixConnection()",
    limit,
    (loop, factory) => loop.createUnixConnection(factory, path, rest),
  );
}

/** Opens a connection as streams; `connect` opens that of the protocol. */
function open(
  name: string,
  limit: number | undefined,
  connect: (
    loop: EventLoop,
    factory: () => StreamReaderProtocol,
  ) => Future<[Transport, StreamReaderProtocol]>,
): Future<[reader: StreamReader, writer: StreamWriter]> {
  const scheduler = currentScheduler();
  const { loop } = scheduler;
  const reader = new StreamReader({ limit, loop });
  const protocol = new StreamReaderProtocol(reader, null, { loop });
  return callInline(scheduler, name, async () => {
    const [transport] = await connect(loop, () => protocol);
    return [reader, new StreamWriter(transport, protocol, reader, loop)];
  });
}
