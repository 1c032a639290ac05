// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { DatagramSocket } from "./datagram_socket.ts";
import type { ReadablePipe, WritablePipe } from "./options.ts";
import type { TlsInfo, TlsPeerCertificate } from "./tls_info.ts";
import type { TlsOptions } from "./tls_options.ts";

/**
 * What `transport.getExtraInfo()` tells, by name. What there is depends on the kind of the transport.
 *
 * @typeParam S The type of the socket.
 *
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseTransport.get_extra_info}
 */
export interface ExtraInfo<S = Deno.Conn | DatagramSocket> {
  /** The address of the other end; of datagrams only where the endpoint has a remote address. */
  readonly peername?: Deno.Addr | null;
  /** The address of this end. */
  readonly sockname?: Deno.Addr;
  /** What is read and written. Of an encrypted connection it is what encrypts. */
  readonly socket?: S;
  /** What was given to `connectReadPipe()` or `connectWritePipe()`. */
  readonly pipe?: ReadablePipe | WritablePipe;
  /** The process that the transport stands for. */
  readonly subprocess?: Deno.ChildProcess;
  /** How the connection is to be encrypted. */
  readonly sslcontext?: TlsOptions;
  /** How it is encrypted. */
  readonly sslobject?: TlsInfo;
  /** The same. */
  readonly ssl_object?: TlsInfo;
  /** The certificate of the peer; none before Deno 2.9. */
  readonly peercert?: TlsPeerCertificate | null;
  /** For instance `"TLS_AES_256_GCM_SHA384"`; none before Deno 2.9. */
  readonly cipher?: string | null;
}
