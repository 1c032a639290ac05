// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Delay } from "../core/validate.ts";

/**
 * A certificate and its private key.
 *
 * @category TLS
 */
export interface TlsCertificate {
  /** The certificate as PEM, followed by those of the intermediate authorities. */
  readonly cert: string;
  /** The private key as unencrypted PEM. */
  readonly key: string;
}

/**
 * The TLS options of a connection. Certificates and host names are verified unless that is disabled.
 *
 * `tls: true` is the same as no options: a client connection, verified with the authorities that Deno trusts.
 *
 * @example A server with its own certificate, and a client that trusts its issuer
 * ```ts
 * import { openConnection, startServer } from "@asyncio/asyncio";
 *
 * async function main(): Promise<void> {
 *   const cert = await Deno.readTextFile("server.pem");
 *   const key = await Deno.readTextFile("server.key");
 *   const authority = await Deno.readTextFile("ca.pem");
 *
 *   await using _server = await startServer((_, writer) => {
 *     writer.write("welcome\n");
 *     writer.close();
 *   }, "localhost", 8443, { tls: { cert, key } });
 *
 *   const [reader, writer] = await openConnection("localhost", 8443, {
 *     tls: { caCerts: [authority] },
 *   });
 *   console.log(new TextDecoder().decode(await reader.readLine()));
 *   writer.close();
 * }
 * ```
 *
 * @category TLS
 * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.open_connection}
 */
export interface TlsOptions {
  /**
   * The certificate as PEM, followed by those of the intermediate authorities. Required for servers; a client
   * presents it if the server requests one.
   */
  readonly cert?: string | undefined;
  /** The private key of the certificate, as unencrypted PEM. */
  readonly key?: string | undefined;
  /**
   * The certificate authorities to trust, as PEM. A client trusts them in addition to those that Deno trusts, a
   * server only them.
   */
  readonly caCerts?: readonly string[] | undefined;
  /**
   * The application protocols (ALPN), in order of preference. If client and server have none in common, a server of
   * this library continues without a protocol, as in asyncio; other servers, and those before Deno 2.9, may fail
   * the handshake.
   */
  readonly alpnProtocols?: readonly string[] | undefined;
  /**
   * The host name or IP address that the server's certificate must be valid for; by default the host that is
   * connected to. For clients only.
   */
  readonly serverName?: string | undefined;
  /**
   * Certificates by requested server name (SNI). `"*.example.org"` matches every name one level below; `cert` and
   * `key` are for all other names. For servers only.
   */
  readonly certificates?: Readonly<Record<string, TlsCertificate>> | undefined;
  /**
   * Whether clients must present a certificate signed by one of `caCerts`; optional with `"optional"`. For servers
   * only.
   */
  readonly requestCert?: boolean | "optional" | undefined;
  /** The time limit of the handshake, in seconds; 60 by default. */
  readonly handshakeTimeout?: Delay | undefined;
  /** The time limit for the peer's close_notify, in seconds; 30 by default. */
  readonly shutdownTimeout?: Delay | undefined;
  /** Accepts any certificate, whatever its issuer and names. The peer is then not authenticated. */
  readonly unsafelyDisableCertificateVerification?: boolean | undefined;
  /** Accepts a certificate that is valid for another name. For clients only. */
  readonly unsafelyDisableHostnameVerification?: boolean | undefined;
}
