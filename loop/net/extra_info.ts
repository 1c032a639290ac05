// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { DatagramSocket } from "./datagram_socket.ts";
import type { ReadablePipe, WritablePipe } from "./options.ts";
import type { TlsInfo, TlsPeerCertificate } from "./tls_info.ts";
import type { TlsOptions } from "./tls_options.ts";

/**
 * The information that `transport.getExtraInfo()` returns, by name. Which of it exists depends on the kind of
 * transport.
 *
 * @typeParam S The type of the socket.
 *
 * @category Transports and protocols
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseTransport.get_extra_info}
 */
export interface ExtraInfo<S = Deno.Conn | DatagramSocket> {
  /** The remote address. For datagrams only if the endpoint has one. */
  readonly peername?: Deno.Addr | null;
  /** The local address. */
  readonly sockname?: Deno.Addr;
  /** The underlying connection or socket. With TLS, the connection that encrypts. */
  readonly socket?: S;
  /** The pipe that was passed to `connectReadPipe()` or `connectWritePipe()`. */
  readonly pipe?: ReadablePipe | WritablePipe;
  /** The process of a subprocess transport. */
  readonly subprocess?: Deno.ChildProcess;
  /** The TLS options of the connection. */
  readonly sslcontext?: TlsOptions;
  /** The negotiated TLS parameters. */
  readonly sslobject?: TlsInfo;
  /** The same as `sslobject`. */
  readonly ssl_object?: TlsInfo;
  /** The peer's certificate. Requires Deno 2.9. */
  readonly peercert?: TlsPeerCertificate | null;
  /** The cipher suite, such as `"TLS_AES_256_GCM_SHA384"`. Requires Deno 2.9. */
  readonly cipher?: string | null;
}
