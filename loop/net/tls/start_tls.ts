// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError } from "../../core/cancelled_error.ts";
import { assertProtocol } from "../stream/assertions.ts";
import { assertCanEncrypt, completionOf } from "../stream/callbacks.ts";
import { ConnTransport } from "../stream/conn_transport.ts";
import type { StreamProtocol, TransportLink } from "../stream/types.ts";
import type { Transport } from "../transports.ts";
import { isUpgradable, replaceTransport, takeUnread } from "../protocols.ts";
import {
  abortedError,
  clientHandshaker,
  Handshake,
  serverHandshaker,
} from "./handshaker.ts";
import { assertNodeTls } from "./native_tls.ts";
import { assertTlsOptions, clientTlsOf, serverTlsOf } from "./tls_settings.ts";
import { isInstance } from "../../core/unknown_value.ts";
import { assertFlags } from "../../core/validate.ts";

/**
 * The options of `loop.startTls()`.
 *
 * @category Transports and protocols
 */
export interface StartTlsOptions {
  /** Whether this is the server side; `false` by default. */
  serverSide?: boolean | undefined;
}

const NOTHING = new Uint8Array(0);

/** Implements `loop.startTls()`. */
export async function startTls(
  transport: Transport,
  protocol: StreamProtocol,
  tls: unknown,
  options: StartTlsOptions,
): Promise<Transport> {
  assertTlsOptions("startTls", options);
  assertFlags("startTls", options, "serverSide");
  const { serverSide = false } = options;
  if (!isInstance(transport, ConnTransport)) {
    throw new TypeError(
      "The transport must be that of a connection: received another one",
    );
  }
  assertProtocol("The protocol of startTls()", protocol);
  assertCanEncrypt("startTls", transport.context.scheduler);
  const settings = serverSide
    ? await serverTlsOf("startTls", tls)
    : await clientTlsOf("startTls", tls, null);
  assertNodeTls();
  transport.assertCanDetach("startTls");
  const unread = isUpgradable(protocol) ? protocol[takeUnread]() : NOTHING;
  const conn = transport.detach(unread);
  const handshake = new Handshake(
    transport.context,
    conn,
    settings.side === "server"
      ? serverHandshaker(settings)
      : clientHandshaker(conn, settings),
  );
  transport.successor = handshake;
  let link;
  try {
    link = await completionOf(transport.context.scheduler, handshake.link);
    handshake.release();
    if (handshake.isAborted) throw abortedError();
  } catch (error) {
    const isAborted = handshake.isAborted || error instanceof CancelledError;
    handshake.abort();
    transport.lose(protocol, isAborted ? null : error);
    throw error;
  }
  return transport.successor = replace(transport, link, protocol);
}

/** Replaces the transport with one for the encrypted connection. */
function replace(
  { context, connection }: ConnTransport,
  link: TransportLink,
  protocol: StreamProtocol,
): ConnTransport {
  const transport = context.run(() =>
    new ConnTransport(link, protocol, context, connection)
  );
  if (isUpgradable(protocol)) protocol[replaceTransport](transport);
  context.enqueue(() => transport.startReading());
  return transport;
}
