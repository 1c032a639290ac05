// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Future } from "../loop/core/future.ts";
import type { UnixServerOptions } from "../loop/net/serve/serve_unix.ts";
import type { Server } from "../loop/net/serve/server.ts";
import type { WithSock } from "../loop/net/options.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import { areOptions, assertOptions } from "../loop/core/validate.ts";
import { streamProtocolFactory } from "./_stream_protocol_factory.ts";
import type { ClientConnected } from "./stream_reader_protocol.ts";

/**
 * The options of {@linkcode startUnixServer}.
 *
 * @category Streams
 */
export interface StartUnixServerOptions extends UnixServerOptions {
  /** The longest line, in bytes, and half of what a reader buffers; 64 KiB by default. */
  limit?: number | undefined;
}

/**
 * Listens on a Unix socket and calls a function for each connection, in a task of its own: see
 * {@linkcode startServer}. Needs `--allow-read` and `--allow-write` for the path, and
 * `--allow-net=unix:<path>`.
 *
 * A socket that another server left at the path is removed first, even if that server is still running; any other
 * file there is an error. Closing the server removes the socket.
 *
 * Cancel safe: no listener is left behind.
 *
 * @param clientConnected Called with a reader and a writer for each connection.
 * @param path The path of the socket; a path that begins with `"\0"` is in Linux's abstract namespace.
 * @param options How to listen.
 * @returns A future of the server, which accepts connections already.
 * @throws {TypeError} If `clientConnected` is not a function.
 * @throws {RangeError} If neither a path nor a listener is given, or the limit is not greater than 0.
 * @throws {Deno.errors.AddrInUse} If a file at the path is not a socket. Other errors of `Deno.listen()` likewise.
 * @throws {Deno.errors.NotSupported} On Windows.
 *
 * @example An echo server
 * ```ts
 * import { openUnixConnection, run, startUnixServer } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const directory = await Deno.makeTempDir();
 * const path = `${directory}/socket`;
 *
 * await run(async () => {
 *   await using server = await startUnixServer(async (reader, writer) => {
 *     writer.write(await reader.readLine());
 *     writer.close();
 *   }, path);
 *
 *   const [reader, writer] = await openUnixConnection(path);
 *   writer.write("one\n");
 *   assertEquals(new TextDecoder().decode(await reader.readLine()), "one\n");
 *   writer.close();
 * });
 * await Deno.remove(directory);
 * ```
 *
 * @category Streams
 * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.start_unix_server}
 */
export function startUnixServer(
  clientConnected: ClientConnected,
  path?: string | URL | null,
  options?: StartUnixServerOptions,
): Future<Server<Deno.UnixAddr>>;
/**
 * Calls a function for each connection to an existing listener, in a task of its own.
 *
 * @param clientConnected Called with a reader and a writer for each connection.
 * @param options The listener, and how to use it.
 * @returns A future of the server, which accepts connections already.
 * @category Streams
 */
export function startUnixServer(
  clientConnected: ClientConnected,
  options: WithSock<StartUnixServerOptions>,
): Future<Server<Deno.UnixAddr>>;
export function startUnixServer(
  clientConnected: ClientConnected,
  path: string | URL | StartUnixServerOptions | null = null,
  options?: StartUnixServerOptions,
): Future<Server<Deno.UnixAddr>> {
  return areOptions(path, options)
    ? start(clientConnected, null, path)
    : start(clientConnected, path, options);
}

function start(
  clientConnected: ClientConnected,
  path: string | URL | null,
  options: StartUnixServerOptions = {},
): Future<Server<Deno.UnixAddr>> {
  assertOptions("startUnixServer", options);
  const { limit, ...rest } = options;
  const { loop } = currentScheduler();
  const makeProtocol = streamProtocolFactory(
    "startUnixServer",
    loop,
    clientConnected,
    limit,
  );
  return loop.createUnixServer(makeProtocol, path, rest);
}
