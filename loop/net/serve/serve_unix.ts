// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../event_loop.ts";
import { schedulerOf } from "../../core/scheduler.ts";
import { assertUnixPath, pathOf, unixError } from "../connect/unix.ts";
import {
  assertEither,
  assertFactory,
  assertListener,
  assertUnix,
} from "../stream/assertions.ts";
import { CallbackContext, completionOf } from "../stream/callbacks.ts";
import {
  assertCanEncrypt,
  assertReachable,
  networkOf,
} from "../stream/network.ts";
import type { StreamProtocol } from "../stream/types.ts";
import { assertNodeTls } from "../tls/native_tls.ts";
import { assertTlsOptions, serverTlsOf } from "../tls/tls_settings.ts";
import type { TlsOptions } from "../tls_options.ts";
import { Acceptor } from "./_acceptor.ts";
import { assertOpenServerOptions, openServer } from "./_open_server.ts";
import { removeStaleSocket, SocketFile, whenReleased } from "./_socket_file.ts";
import type { Server } from "./server.ts";

/**
 * The options of `loop.createUnixServer()`.
 *
 * @category Servers
 */
export interface UnixServerOptions {
  /** The maximum number of connections that wait to be accepted. Ignored: Deno chooses it. */
  backlog?: number | undefined;
  /** Whether to accept connections immediately; `true` by default. Clients can connect in any case. */
  startServing?: boolean | undefined;
  /** Whether to remove the socket's file when the server is closed; `true` by default. */
  cleanupSocket?: boolean | undefined;
  /** An existing listener to use instead of a path. The server closes it. */
  sock?: Deno.UnixListener | undefined;
  /** The TLS options. Without them, connections are not encrypted. */
  tls?: TlsOptions | undefined;
}

/** Implements `loop.createUnixServer()`. */
export async function serveUnix(
  loop: EventLoop,
  protocolFactory: () => StreamProtocol,
  path: string | URL | null,
  options: UnixServerOptions = {},
): Promise<Server<Deno.UnixAddr>> {
  assertFactory("createUnixServer", protocolFactory);
  assertUnixPath("createUnixServer", path);
  assertUnixServerOptions(path, options);
  const scheduler = schedulerOf(loop);
  assertReachable("createUnixServer", scheduler);
  if (options.tls) assertCanEncrypt("createUnixServer", scheduler);
  const tls = options.tls
    ? await serverTlsOf("createUnixServer", options.tls)
    : null;
  if (tls !== null) assertNodeTls();
  const context = new CallbackContext(scheduler);
  const network = networkOf(scheduler);
  const acceptors = network !== null && path !== null
    ? [new Acceptor(network.listenUnix(pathOf(path)), context)]
    : [await acceptorOf(context, path, options)];
  return openServer(loop, acceptors, protocolFactory, options, tls);
}

/** Creates an acceptor on the system's network. */
async function acceptorOf(
  context: CallbackContext,
  path: string | URL | null,
  { sock, cleanupSocket = true }: UnixServerOptions,
): Promise<Acceptor<Deno.UnixAddr>> {
  // Deno 2.5 does not return abstract paths.
  const name = path === null ? sock!.addr.path ?? "\0" : pathOf(path);
  const listener = sock ?? await listenUnix(context, name);
  const file = new SocketFile(name, cleanupSocket);
  return new Acceptor(listener, context, { file });
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
  assertTlsOptions("createUnixServer", options);
  const { sock } = options;
  assertOpenServerOptions("createUnixServer", options, "cleanupSocket");
  assertEither("a path", path !== null, sock);
  if (sock === undefined) return;
  assertListener("sock", sock);
  assertUnix("sock", sock.addr);
}
