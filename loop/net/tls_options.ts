// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Delay } from "../core/delay.ts";

/** A certificate, and the key that goes with it. */
export interface TlsCertificate {
  /** The certificate as PEM, with those of the intermediate authorities behind it. */
  readonly cert: string;
  /** The private key as PEM, not encrypted. */
  readonly key: string;
}

/**
 * How a connection is encrypted. Certificates and host names are verified unless that is switched off.
 *
 * `tls: true` is the same as no options: a client's connection, verified by the authorities that Deno
 * trusts.
 *
 * @example A server with a certificate of its own, and a client that trusts who signed it
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
 * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.open_connection}
 */
export interface TlsOptions {
  /**
   * The certificate to show, as PEM, with those of the intermediate authorities behind it. A server must
   * have one; a client shows it to a server that asks.
   */
  readonly cert?: string | undefined;
  /** The private key of the certificate, as PEM, not encrypted. */
  readonly key?: string | undefined;
  /**
   * Whose certificates are accepted, as PEM: by a client beside those that Deno trusts, by a server
   * alone.
   */
  readonly caCerts?: readonly string[] | undefined;
  /**
   * The protocols that are spoken on top, the preferred one first. Without a common one, a server of this library
   * goes on without a protocol, as asyncio's do; others may end the handshake, as does a server before Deno 2.9.
   */
  readonly alpnProtocols?: readonly string[] | undefined;
  /**
   * The name or the IP address that the server's certificate must be valid for; by default the host that
   * is connected to. For a client only.
   */
  readonly serverName?: string | undefined;
  /**
   * Other certificates, by the names that clients ask for (SNI); `"*.example.org"` stands for every name
   * one level below. `cert` and `key` are for all other names. For a server only.
   */
  readonly certificates?: Readonly<Record<string, TlsCertificate>> | undefined;
  /**
   * Whether clients must show a certificate that is signed by one of `caCerts`; if `"optional"`, they may
   * go without. For a server only.
   */
  readonly requestCert?: boolean | "optional" | undefined;
  /** How long the handshake may take, in seconds; 60 by default. */
  readonly handshakeTimeout?: Delay | undefined;
  /** How long closing waits for the peer, in seconds; 30 by default. */
  readonly shutdownTimeout?: Delay | undefined;
  /**
   * Takes every certificate for valid, whoever signed it and for whatever name. Nobody knows then who
   * the peer is.
   */
  readonly unsafelyDisableCertificateVerification?: boolean | undefined;
  /** Takes a certificate that is valid for another name. For a client only. */
  readonly unsafelyDisableHostnameVerification?: boolean | undefined;
}
