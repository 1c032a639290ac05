// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * The certificates that tests of TLS use. `make.sh` made them, with OpenSSL; the keys of the authorities
 * are thrown away.
 *
 * @module
 */

/** Signed all of the others but that of the stranger. */
export const AUTHORITY = read("ca.pem");

/** Signed only that of the stranger. */
export const OTHER_AUTHORITY = read("other_ca.pem");

/** A server's, for `localhost`, `127.0.0.1` and `::1`. */
export const LOCALHOST = pair("server");

/** A server's, for `example.org` and `*.example.org`. */
export const EXAMPLE = pair("other_name");

/** A server's for `localhost` that expired in 2020. */
export const EXPIRED = pair("expired");

/** A server's for `localhost` that is valid from 2118, signed by itself. */
export const FUTURE = pair("future");

/** A client's. */
export const CLIENT = pair("client");

/** A client's that the other authority signed. */
export const STRANGER = pair("other_client");

/** Returns the path of such a file, for other programs. */
export function pathOf(name: string): string {
  return new URL(name, import.meta.url).pathname;
}

function read(name: string): string {
  return Deno.readTextFileSync(new URL(name, import.meta.url));
}

function pair(name: string): { cert: string; key: string } {
  return { cert: read(`${name}.pem`), key: read(`${name}.key`) };
}
