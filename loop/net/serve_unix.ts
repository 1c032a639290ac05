// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../event_loop.ts";
import { schedulerOf } from "../scheduler.ts";
import { Acceptor } from "./_acceptor.ts";
import { assertEither, assertListener, assertUnix } from "./_assert_socket.ts";
import { CallbackContext } from "./_callback_context.ts";
import { completionOf } from "./_completion.ts";
import { assertBacklog, openServer } from "./_open_server.ts";
import type { Server } from "./server.ts";
import { removeStaleSocket, SocketFile, whenReleased } from "./_socket_file.ts";
import { assertFactory } from "./_tcp.ts";
import { assertUnixPath, pathOf, unixError } from "./_unix.ts";
import type { StreamProtocol } from "./_whole.ts";

/** The options of `loop.createUnixServer()`. */
export interface UnixServerOptions {
  /** How many connections may wait to be accepted. A wish: Deno chooses the number itself. */
  backlog?: number | undefined;
  /** Whether connections are accepted at once, as by default. They can be made in any case. */
  startServing?: boolean | undefined;
  /** Whether the socket's file is removed when the server is closed, as by default. */
  cleanupSocket?: boolean | undefined;
  /** An existing listener to use; the path is left out then. The server closes it. */
  sock?: Deno.UnixListener | undefined;
  /** Whether connections are encrypted. Not yet. */
  tls?: unknown;
}

/** What `loop.createUnixServer()` does. */
export async function serveUnix(
  loop: EventLoop,
  protocolFactory: () => StreamProtocol,
  path: string | URL | null,
  options: UnixServerOptions,
): Promise<Server> {
  assertFactory("createUnixServer", protocolFactory);
  assertUnixPath("createUnixServer", path);
  assertUnixServerOptions(path, options);
  const context = new CallbackContext(schedulerOf(loop));
  // Deno 2.5 tells no path if it is an abstract one.
  const name = path === null ? options.sock!.addr.path ?? "\0" : pathOf(path);
  const listener = options.sock ?? await listenUnix(context, name);
  const file = new SocketFile(name, options.cleanupSocket ?? true);
  const acceptor = new Acceptor(listener, context, { file });
  return openServer(loop, context, [acceptor], protocolFactory, options);
}

async function listenUnix(
  { scheduler }: CallbackContext,
  path: string,
): Promise<Deno.UnixListener> {
  await completionOf(scheduler, whenReleased(path));
  removeStaleSocket(path);
  try {
    return Deno.listen({ transport: "unix", path });
  } catch (error) {
    throw unixError("Cannot listen at the Unix socket", path, error);
  }
}

function assertUnixServerOptions(
  path: string | URL | null,
  options: UnixServerOptions,
): void {
  const { sock, tls } = options;
  if (tls) throw new Deno.errors.NotSupported("tls is not supported yet");
  assertBacklog(options);
  assertEither("a path", path !== null, sock);
  if (sock === undefined) return;
  assertListener("sock", sock);
  assertUnix("sock", sock.addr);
}
