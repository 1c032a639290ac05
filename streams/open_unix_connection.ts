// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Future } from "../loop/core/future.ts";
import { callInline } from "../loop/core/inline_call.ts";
import type { UnixConnectionOptions } from "../loop/net/connect/connect.ts";
import type { WithSock } from "../loop/net/options.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import { areOptions, assertOptions } from "../loop/core/validate.ts";
import { StreamReader } from "./stream_reader.ts";
import { StreamReaderProtocol } from "./stream_reader_protocol.ts";
import { StreamWriter } from "./stream_writer.ts";

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
  return areOptions(path, options) ? open(null, path) : open(path, options);
}

function open(
  path: string | URL | null,
  options: OpenUnixConnectionOptions = {},
): Future<[reader: StreamReader, writer: StreamWriter]> {
  assertOptions("openUnixConnection", options);
  const scheduler = currentScheduler();
  const { loop } = scheduler;
  const { limit, ...rest } = options;
  const reader = new StreamReader({ limit, loop });
  const protocol = new StreamReaderProtocol(reader, null, { loop });
  return callInline(scheduler, "openUnixConnection()", async () => {
    const [transport] = await loop.createUnixConnection(
      () => protocol,
      path,
      rest,
    );
    return [reader, new StreamWriter(transport, protocol, reader, loop)];
  });
}
