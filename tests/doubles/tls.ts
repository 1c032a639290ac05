// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { TlsOptions } from "../../loop/net/tls_options.ts";
import { AUTHORITY, CLIENT, LOCALHOST } from "../certificates/certificates.ts";

/** A way to encrypt. */
export interface TlsPair {
  readonly name: string;
  readonly server: TlsOptions;
  readonly client: TlsOptions;
}

const TRUSTING: TlsOptions = { caCerts: [AUTHORITY] };

/** The usual way, and with a certificate of the client's. */
export const TLS_PAIRS: readonly TlsPair[] = [
  { name: "a certificate", server: LOCALHOST, client: TRUSTING },
  {
    name: "certificates of both",
    server: { ...LOCALHOST, ...TRUSTING, requestCert: true },
    client: { ...CLIENT, ...TRUSTING },
  },
];
