// Copyright 2026 the asyncio for Deno authors. MIT license.

/** What is known about an encrypted connection: `transport.getExtraInfo("sslobject")`. */
export interface TlsInfo {
  /** The protocol that both sides agreed on; `null` if none. */
  readonly alpnProtocol: string | null;
  /** The name that the client asked for; `null` if none, or unknown. */
  readonly serverName: string | null;
  /** For instance `"TLSv1.3"`; `null` if unknown. */
  readonly version: string | null;
  /** For instance `"TLS_AES_256_GCM_SHA384"`; `null` if unknown. */
  readonly cipher: string | null;
  /** Whether the peer showed a certificate that was verified. */
  readonly isAuthorized: boolean;
  /** The certificate of the peer; `null` if it showed none, or if it is unknown. */
  readonly peerCertificate: TlsPeerCertificate | null;
}

/** The certificate of a peer. */
export interface TlsPeerCertificate {
  /** Whose it is, for instance `{ CN: "example.org" }`. */
  readonly subject: Readonly<Record<string, string | string[]>>;
  /** Who signed it. */
  readonly issuer: Readonly<Record<string, string | string[]>>;
  /** The names that it is valid for, for instance `"DNS:example.org, DNS:*.example.org"`. */
  readonly subjectAltName: string | null;
  /** From when on it is valid. */
  readonly validFrom: string;
  /** Until when it is valid. */
  readonly validTo: string;
  /** Its SHA-256 fingerprint, in hexadecimal with colons. */
  readonly fingerprint256: string;
  /** The certificate itself, as DER. */
  readonly raw: Uint8Array<ArrayBuffer>;
}
