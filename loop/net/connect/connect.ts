// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../event_loop.ts";
import { schedulerOf } from "../../scheduler.ts";
import { assertConn, assertEither } from "../engine/assert_socket.ts";
import { CallbackContext } from "../engine/callback_context.ts";
import { dial } from "./_dial.ts";
import { establish } from "./_establish.ts";
import {
  assertFamily,
  assertHost,
  type IpFamily,
} from "../dns/get_addr_info.ts";
import type { HostAddress } from "../host_address.ts";
import { assertFactory } from "../engine/assert_factory.ts";
import { assertCanEncrypt } from "../engine/network.ts";
import { assertPort, setNoDelay } from "../engine/tcp.ts";
import type { TlsOptions } from "../tls_options.ts";
import { clientTlsOf } from "../tls/tls_settings.ts";
import type { Transport } from "../transport.ts";
import type { StreamProtocol } from "../engine/whole.ts";

/** The options of `loop.createConnection()`. */
export interface ConnectionOptions {
  /** Which version of IP; 0, the default, for either. */
  family?: IpFamily | undefined;
  /**
   * How long, in seconds, an address is tried before the next one is tried beside it, as RFC 8305 has it:
   * it suggests 0.25. Without it, an address is tried when the one before has failed.
   */
  happyEyeballsDelay?: number | null | undefined;
  /**
   * Has the addresses of the versions of IP alternate, after so many of the version that comes first; 0
   * leaves them in the system's order. 1 by default if there is a `happyEyeballsDelay`, else 0.
   */
  interleave?: number | null | undefined;
  /** Where to connect from, by name or address; the port is 0 for any that is free. */
  localAddr?: HostAddress | null | undefined;
  /** Whether an `ExceptionGroup` of all errors is thrown if no address can be connected to. */
  allErrors?: boolean | undefined;
  /** An existing connection to use; host and port are left out then. The transport closes it. */
  sock?: Deno.Conn | undefined;
  /** How the connection is encrypted; not at all by default. */
  tls?: boolean | TlsOptions | undefined;
}

/** What `loop.createConnection()` does. */
export async function connect<P extends StreamProtocol>(
  loop: EventLoop,
  protocolFactory: () => P,
  host: string | null,
  port: number | null,
  options: ConnectionOptions,
): Promise<[Transport, P]> {
  assertFactory("createConnection", protocolFactory);
  assertConnectionOptions(host, port, options);
  const scheduler = schedulerOf(loop);
  if (options.tls) assertCanEncrypt("createConnection", scheduler);
  const name = options.sock === undefined ? host || "localhost" : null;
  const tls = options.tls
    ? await clientTlsOf("createConnection", options.tls, name)
    : null;
  const context = new CallbackContext(scheduler);
  const { happyEyeballsDelay = null, interleave } = options;
  const conn = options.sock ?? await dial(loop, {
    host: host || null,
    port: port!,
    family: options.family ?? 0,
    localAddr: options.localAddr ?? null,
    happyEyeballsDelay,
    interleave: interleave ?? (happyEyeballsDelay === null ? 0 : 1),
    allErrors: options.allErrors ?? false,
  });
  setNoDelay(conn);
  return await establish(context, conn, protocolFactory, tls);
}

function assertConnectionOptions(
  host: string | null,
  port: number | null,
  options: ConnectionOptions,
): void {
  const { sock } = options;
  assertEither("a host and a port", host !== null || port !== null, sock);
  if (sock !== undefined) {
    assertConn("sock", sock);
    return;
  }
  assertHost(host);
  assertPort(port);
  assertDialOptions(options);
}

function assertDialOptions(
  { family, happyEyeballsDelay, interleave, localAddr }: ConnectionOptions,
): void {
  assertFamily(family ?? 0);
  if (happyEyeballsDelay != null && !(happyEyeballsDelay >= 0)) {
    throw new RangeError(
      `happyEyeballsDelay must be a number of seconds: received ${happyEyeballsDelay}`,
    );
  }
  if (
    interleave != null && !(Number.isInteger(interleave) && interleave >= 0)
  ) {
    throw new RangeError(
      `interleave must be an integer of 0 or more: received ${interleave}`,
    );
  }
  if (localAddr == null) return;
  assertHost(localAddr.hostname);
  assertPort(localAddr.port);
}
