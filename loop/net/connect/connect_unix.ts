// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../event_loop.ts";
import { type Scheduler, schedulerOf } from "../../scheduler.ts";
import {
  assertConn,
  assertEither,
  assertUnix,
} from "../engine/assert_socket.ts";
import { assertNodeTls } from "../tls/assert_node_tls.ts";
import { CallbackContext } from "../engine/callback_context.ts";
import { establish } from "./_establish.ts";
import { type Attempt, race } from "./race.ts";
import { assertFactory } from "../engine/assert_factory.ts";
import {
  assertCanEncrypt,
  assertReachable,
  networkOf,
} from "../engine/network.ts";
import type { TlsOptions } from "../tls_options.ts";
import { clientTlsOf } from "../tls/tls_settings.ts";
import type { Transport } from "../transport.ts";
import { assertUnixPath, pathOf, unixError } from "./unix.ts";
import type { StreamProtocol } from "../engine/whole.ts";

/** The options of `loop.createUnixConnection()`. */
export interface UnixConnectionOptions {
  /** An existing connection to use; the path is left out then. The transport closes it. */
  sock?: Deno.UnixConn | undefined;
  /** How the connection is encrypted; not at all by default. There must be a `serverName`. */
  tls?: boolean | TlsOptions | undefined;
}

/** What `loop.createUnixConnection()` does. */
export async function connectUnix<P extends StreamProtocol>(
  loop: EventLoop,
  protocolFactory: () => P,
  path: string | URL | null,
  options: UnixConnectionOptions,
): Promise<[Transport, P]> {
  assertFactory("createUnixConnection", protocolFactory);
  assertUnixPath("createUnixConnection", path);
  assertUnixConnectionOptions(path, options);
  const scheduler = schedulerOf(loop);
  assertReachable("createUnixConnection", scheduler);
  if (options.tls) assertCanEncrypt("createUnixConnection", scheduler);
  const tls = options.tls
    ? await clientTlsOf("createUnixConnection", options.tls, null)
    : null;
  if (tls !== null) assertNodeTls();
  const context = new CallbackContext(scheduler);
  const conn = options.sock ?? await dialUnix(scheduler, pathOf(path!));
  return await establish(context, conn, protocolFactory, tls);
}

/** Cancelled, it closes a connection that is made all the same. */
async function dialUnix(
  scheduler: Scheduler,
  path: string,
): Promise<Deno.Conn> {
  const network = networkOf(scheduler);
  const connect: Attempt<Deno.Conn> = network === null
    ? () => Deno.connect({ transport: "unix", path })
    : (signal) => network.connectUnix(path, signal);
  const outcome = await race<Deno.Conn>(scheduler, {
    attempts: [connect],
    delay: null,
    discard: (conn) => conn.close(),
  });
  if ("winner" in outcome) return outcome.winner;
  throw unixError(
    "Cannot connect to the Unix socket",
    path,
    outcome.errors[0],
  );
}

function assertUnixConnectionOptions(
  path: string | URL | null,
  { sock }: UnixConnectionOptions,
): void {
  assertEither("a path", path !== null, sock);
  if (sock === undefined) return;
  assertConn("sock", sock);
  assertUnix("sock", sock.localAddr);
}
