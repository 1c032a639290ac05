// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Streams: connections and servers that are read from and written to with `await`.
 *
 * @example Usage
 * ```ts
 * import { openConnection, startServer } from "@asyncio/asyncio/streams";
 *
 * await using server = await startServer(
 *   (_reader, writer) => {
 *     writer.write("hello\n");
 *     writer.close();
 *   },
 *   "127.0.0.1",
 *   0,
 * );
 * const { port } = server.sockets[0]!.addr;
 * const [reader, writer] = await openConnection("127.0.0.1", port);
 * console.log(new TextDecoder().decode(await reader.readLine()));
 * writer.close();
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-stream.html}
 *
 * @module
 */

// Registers the event loop, which `future.getLoop()` needs; this loads no network code.
import "../loop/preload.ts";
export { IncompleteReadError, LimitOverrunError } from "./errors.ts";
export {
  openConnection,
  type OpenConnectionOptions,
  openUnixConnection,
  type OpenUnixConnectionOptions,
} from "./open_connection.ts";
export { openStdin } from "./open_stdin.ts";
export {
  startServer,
  type StartServerOptions,
  startUnixServer,
  type StartUnixServerOptions,
} from "./start_server.ts";
export {
  type ChunksOptions,
  type LineSeparator,
  StreamReader,
  type StreamReaderOptions,
} from "./stream_reader.ts";
export {
  type ClientConnected,
  StreamReaderProtocol,
} from "./stream_reader_protocol.ts";
export { StreamWriter } from "./stream_writer.ts";
