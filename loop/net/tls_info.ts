// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * The negotiated parameters of a TLS connection, from `transport.getExtraInfo("sslobject")`.
 *
 * @category TLS
 */
export interface TlsInfo {
  /** The protocol selected by ALPN; `null` if none. */
  readonly alpnProtocol: string | null;
  /** The server name that the client requested (SNI); `null` if none or unknown. */
  readonly serverName: string | null;
  /** The TLS version, such as `"TLSv1.3"`; `null` if unknown. */
  readonly version: string | null;
  /** The cipher suite, such as `"TLS_AES_256_GCM_SHA384"`; `null` if unknown. */
  readonly cipher: string | null;
  /** Whether the peer presented a certificate that was verified. */
  readonly isAuthorized: boolean;
  /** The peer's certificate; `null` if it presented none, or if it is unknown. */
  readonly peerCertificate: TlsPeerCertificate | null;
}

/**
 * The certificate of a peer.
 *
 * @category TLS
 */
export interface TlsPeerCertificate {
  /** The subject, such as `{ CN: "example.org" }`. */
  readonly subject: Readonly<Record<string, string | string[]>>;
  /** The issuer. */
  readonly issuer: Readonly<Record<string, string | string[]>>;
  /** The names that the certificate is valid for, such as `"DNS:example.org, DNS:*.example.org"`. */
  readonly subjectAltName: string | null;
  /** The start of the validity period. */
  readonly validFrom: string;
  /** The end of the validity period. */
  readonly validTo: string;
  /** The SHA-256 fingerprint, in hexadecimal with colons. */
  readonly fingerprint256: string;
  /** The certificate as DER. */
  readonly raw: Uint8Array<ArrayBuffer>;
}
