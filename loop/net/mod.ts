// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * The network part of the low-level API: transports, protocols and servers.
 *
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html}
 *
 * @module
 */

export { BaseProtocol } from "./base_protocol.ts";
export { BaseTransport } from "./base_transport.ts";
export { BufferedProtocol } from "./buffered_protocol.ts";
export type {
  AcceptedSocketOptions,
  ConnectionOptions,
  UnixConnectionOptions,
} from "./connect/connect.ts";
export type { DatagramEndpointOptions } from "./datagram/create_datagram_endpoint.ts";
export { DatagramProtocol } from "./datagram_protocol.ts";
export type { DatagramConnLike, DatagramSocket } from "./datagram_socket.ts";
export { DatagramTransport } from "./datagram_transport.ts";
export type {
  AddrInfo,
  AddrInfoOptions,
  IpFamily,
} from "./dns/get_addr_info.ts";
export type { ExtraInfo } from "./extra_info.ts";
export type {
  HostAddress,
  ReadablePipe,
  SendFileOptions,
  SubprocessOptions,
  WithSock,
  WritablePipe,
} from "./options.ts";
export type { SubprocessStdio } from "./process/stdio.ts";
export { Protocol } from "./protocol.ts";
export { ReadTransport } from "./read_transport.ts";
export type { ServerOptions } from "./serve/serve.ts";
export type { UnixServerOptions } from "./serve/serve_unix.ts";
export { Server } from "./serve/server.ts";
export { SubprocessProtocol } from "./subprocess_protocol.ts";
export { SubprocessTransport } from "./subprocess_transport.ts";
export type { StartTlsOptions } from "./tls/start_tls.ts";
export type { TlsInfo, TlsPeerCertificate } from "./tls_info.ts";
export type { TlsCertificate, TlsOptions } from "./tls_options.ts";
export { Transport } from "./transport.ts";
export { WriteTransport } from "./write_transport.ts";
