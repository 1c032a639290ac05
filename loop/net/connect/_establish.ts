// Copyright 2026 the asyncio for Deno authors. MIT license.

import { begin } from "../engine/begin.ts";
import type { CallbackContext } from "../engine/callback_context.ts";
import { ConnTransport } from "../engine/conn_transport.ts";
import type { StreamProtocol } from "../engine/whole.ts";
import { secure } from "../tls/secure.ts";
import type { ClientTls, ServerTls } from "../tls/tls_settings.ts";
import type { Transport } from "../transport.ts";

/**
 * Gives a connection a protocol and a transport, encrypts it if there is `tls`, and waits until
 * `connectionMade()` has been called. Whatever goes wrong, and cancelled too, it closes the connection.
 */
export async function establish<P extends StreamProtocol>(
  context: CallbackContext,
  conn: Deno.Conn,
  protocolFactory: () => P,
  tls: ClientTls | ServerTls | null,
): Promise<[Transport, P]> {
  let protocol;
  try {
    protocol = protocolFactory();
  } catch (error) {
    conn.close();
    throw error;
  }
  const link = tls === null ? { conn } : await secure(context, conn, tls);
  const transport = new ConnTransport(link, protocol, context);
  await begin(context, transport);
  return [transport, protocol];
}
