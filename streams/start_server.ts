// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../loop/event_loop.ts";
import {
  areOptions,
  assertFunction,
  assertOptions,
} from "../loop/core/validate.ts";
import { assertLimit, DEFAULT_LIMIT, StreamReader } from "./stream_reader.ts";
import {
  type ClientConnected,
  StreamReaderProtocol,
} from "./stream_reader_protocol.ts";
import type { Future } from "../loop/core/future.ts";
import type { ServerOptions } from "../loop/net/serve/serve.ts";
import type { Server } from "../loop/net/serve/server.ts";
import type { WithSock } from "../loop/net/options.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import type { UnixServerOptions } from "../loop/net/serve/serve_unix.ts";

/**
 * Returns a function that creates the protocol of each connection a server accepts. Throws if an argument of
 * `caller` is wrong.
 */
function streamProtocolFactory(
  caller: string,
  loop: EventLoop,
  clientConnected: ClientConnected,
  limit: number = DEFAULT_LIMIT,
): () => StreamReaderProtocol {
  assertFunction(`The clientConnected of ${caller}()`, clientConnected);
  assertLimit(limit);
  return () => {
    const reader = new StreamReader({ limit, loop });
    return new StreamReaderProtocol(reader, clientConnected, { loop });
  };
}

/**
 * The options of {@linkcode startServer}.
 *
 * @category Streams
 */
export interface StartServerOptions extends ServerOptions {
  /** The longest line, in bytes, and half of what a reader buffers; 64 KiB by default. */
  limit?: number | undefined;
}

/**
 * Listens for TCP connections and calls a function for each, in a task of its own.
 *
 * The function may be async. An error it throws goes to the loop's exception handler and closes that connection
 * only; cancelling its task closes the connection too. Otherwise the function closes the writer.
 *
 * Cancel safe: no listener is left behind.
 *
 * @param clientConnected Called with a reader and a writer for each connection.
 * @param host A host name or an address, or several; all interfaces if it is `null`.
 * @param port The port; a free one if it is 0 or, with a host, `null`: see `server.sockets`.
 * @param options How to listen.
 * @returns A future of the server, which accepts connections already unless `startServing` is `false`.
 * @throws {TypeError} If `clientConnected` is not a function.
 * @throws {RangeError} If the port is invalid, or the limit is not greater than 0.
 * @throws {Deno.errors.AddrInUse} If the port is in use. Other errors of `Deno.listen()` likewise.
 * @throws {Deno.errors.NotFound} If a host does not have an address.
 *
 * @example An echo server
 * ```ts
 * import { openConnection, run, startServer } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   await using server = await startServer(async (reader, writer) => {
 *     for await (const line of reader) {
 *       writer.write(line);
 *       await writer.drain();
 *     }
 *     writer.close();
 *   }, "127.0.0.1", 0);
 *   const { hostname, port } = server.sockets[0]!.addr;
 *
 *   const [reader, writer] = await openConnection(hostname, port);
 *   writer.write("one\ntwo\n");
 *   writer.writeEof();
 *   assertEquals(new TextDecoder().decode(await reader.read()), "one\ntwo\n");
 *   writer.close();
 * });
 * ```
 *
 * @category Streams
 * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.start_server}
 */
export function startServer(
  clientConnected: ClientConnected,
  host?: string | readonly string[] | null,
  port?: number | null,
  options?: StartServerOptions,
): Future<Server<Deno.NetAddr>>;
/**
 * Calls a function for each connection to an existing listener, in a task of its own.
 *
 * @param clientConnected Called with a reader and a writer for each connection.
 * @param options The listener, and how to use it.
 * @returns A future of the server, which accepts connections already unless `startServing` is `false`.
 * @category Streams
 */
export function startServer(
  clientConnected: ClientConnected,
  options: WithSock<StartServerOptions>,
): Future<Server<Deno.NetAddr>>;
export function startServer(
  clientConnected: ClientConnected,
  host: string | readonly string[] | StartServerOptions | null = null,
  port?: number | null,
  options?: StartServerOptions,
): Future<Server<Deno.NetAddr>> {
  return areOptions(host, port, options)
    ? start(clientConnected, null, null, host)
    : start(clientConnected, host, port ?? null, options);
}

function start(
  clientConnected: ClientConnected,
  host: string | readonly string[] | null,
  port: number | null,
  options: StartServerOptions = {},
): Future<Server<Deno.NetAddr>> {
  assertOptions("startServer", options);
  const { limit, ...rest } = options;
  const { loop } = currentScheduler();
  const makeProtocol = streamProtocolFactory(
    "startServer",
    loop,
    clientConnected,
    limit,
  );
  return loop.createServer(makeProtocol, host, port, rest);
}

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
 * @returns A future of the server, which accepts connections already unless `startServing` is `false`.
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
 * @returns A future of the server, which accepts connections already unless `startServing` is `false`.
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
    ? startUnix(clientConnected, null, path)
    : startUnix(clientConnected, path, options);
}

function startUnix(
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
