// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assertUnixPath,
  isAbstract,
  pathOf,
  unixError,
} from "../connect/unix.ts";
import type { EventLoop } from "../../event_loop.ts";
import { schedulerOf } from "../../core/scheduler.ts";
import {
  assertEither,
  assertFactory,
  assertListener,
  assertUnix,
} from "../stream/assertions.ts";
import {
  assertCanEncrypt,
  assertReachable,
  CallbackContext,
  completionOf,
  networkOf,
} from "../stream/callbacks.ts";
import type { StreamProtocol } from "../stream/types.ts";
import { assertNodeTls } from "../tls/native_tls.ts";
import { assertTlsOptions, serverTlsOf } from "../tls/tls_settings.ts";
import type { TlsOptions } from "../tls_options.ts";
import { Acceptor, assertOpenServerOptions, openServer } from "./_acceptor.ts";
import type { Server } from "./server.ts";

/** The paths of closed listeners that Deno has not released yet, with promises for their release. */
const releases = new Map<string, Promise<void>>();

/**
 * The file of a Unix socket, to be cleaned up or kept when the socket is closed.
 *
 * Deno 2.9.6 removes the file some time after `close()`, whatever file has that path by then; Deno 2.5 does not
 * remove it. A file to be kept therefore gets a second name in the meantime.
 */
export class SocketFile {
  readonly #path: string;
  readonly #inode: number | null;
  readonly #cleanUp: boolean;
  #otherName: string | null = null;
  #released: Promise<void> | null = null;

  /** Requires that the socket is listening. Keeps the file unless `cleanUp`. */
  constructor(path: string, cleanUp: boolean) {
    this.#path = path;
    this.#inode = inodeOf(path);
    this.#cleanUp = cleanUp;
  }

  /** Prepares for the closing of the socket. Called immediately before it. */
  closing(released: Promise<void>): void {
    if (isAbstract(this.#path)) return;
    const inode = inodeOf(this.#path);
    if (inode === null) return;
    // By now, the path may belong to another server or program.
    if (!this.#cleanUp || inode !== this.#inode) {
      const name = `${this.#path}.${crypto.randomUUID()}`;
      Deno.linkSync(this.#path, name);
      this.#otherName = name;
    }
    this.#released = released;
    releases.set(this.#path, released);
  }

  /** Removes or restores the file. Called once the socket is closed and Deno has released it. */
  closed(): void {
    // Another server at this path may have been closed in the meantime.
    if (releases.get(this.#path) === this.#released) {
      releases.delete(this.#path);
    }
    const otherName = this.#otherName;
    if (otherName !== null) {
      Deno.renameSync(otherName, this.#path);
      // rename(2) does nothing if both are names of the same file.
      removeIfThere(otherName);
    } else if (
      this.#cleanUp && this.#inode !== null &&
      inodeOf(this.#path) === this.#inode
    ) {
      removeIfThere(this.#path);
    }
  }
}

/** Waits until Deno has released the path. */
async function whenReleased(path: string): Promise<void> {
  await releases.get(path);
}

/** Removes the socket of a server that was killed. Other files are kept. */
function removeStaleSocket(path: string): void {
  if (isAbstract(path)) return;
  try {
    if (Deno.statSync(path).isSocket) Deno.removeSync(path);
  } catch {
    // Ignored: if the path cannot be used, listening fails.
  }
}

function inodeOf(path: string): number | null {
  if (isAbstract(path)) return null;
  try {
    return Deno.statSync(path).ino;
  } catch {
    // Ignored: without a readable file there is nothing to clean up.
    return null;
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

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
