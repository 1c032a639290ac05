// Copyright 2026 the asyncio for Deno authors. MIT license.

import { messageOf, osErrorOf } from "../stream/failures.ts";
import type { TlsPeerCertificate } from "../tls_info.ts";
import type { ClientTls, ServerTls } from "./tls_settings.ts";

const UNTRUSTED =
  "its certificate is not signed by a trusted authority; caCerts can add one";
const NO_PROTOCOL = "the peer supports no protocol in alpnProtocols";

/** The meanings of the messages and codes of Deno and Node. */
const MEANINGS: readonly [
  RegExp,
  string | ((match: RegExpMatchArray) => string),
][] = [
  [
    /not valid for name "(.*?)"; certificate is only valid for (.*)/,
    ([, name, names]) =>
      `its certificate is not valid for ${name}, only for ${
        plainNames(names!)
      }`,
  ],
  [
    /not valid for name "(.*?)"/,
    ([, name]) => `its certificate is not valid for ${name}`,
  ],
  [/certificate expired/, "its certificate has expired"],
  [/not valid yet/i, "its certificate is not valid yet"],
  [/UnknownIssuer|UNABLE_TO|SELF_SIGNED/, UNTRUSTED],
  [/InvalidContentType|WRONG_VERSION_NUMBER/, "it does not speak TLS"],
  [
    /sent no certificates/,
    "it presented no certificate, which requestCert requires",
  ],
  [/NoApplicationProtocol|support any known protocol/, NO_PROTOCOL],
  [
    /fatal alert: CertificateRequired/,
    "it requires a certificate: cert and key",
  ],
  [
    /fatal alert: (UnknownCA|BadCertificate|CertificateUnknown|CertificateExpired)/,
    ([, alert]) => `it rejected the certificate (${alert})`,
  ],
  [/fatal alert: (\w+)/, ([, alert]) => `it rejected the handshake (${alert})`],
];

/** Returns the error of a failed handshake, with a helpful message and the original error as its cause. */
export function tlsError(
  error: unknown,
  tls: ClientTls | ServerTls,
  peer: Deno.Addr,
): Error {
  const what = tls.side === "server"
    ? `Cannot accept ${addressOf(peer)} by TLS`
    : tls.serverName === null
    ? `Cannot connect to ${addressOf(peer)} by TLS`
    : `Cannot connect to ${tls.serverName} at ${addressOf(peer)} by TLS`;
  if (isEnd(error)) {
    return new Deno.errors.ConnectionReset(
      `${what}: the peer closed the connection during the handshake`,
      { cause: error },
    );
  }
  return new Deno.errors.InvalidData(`${what}: ${meaningOf(error)}`, {
    cause: error,
  });
}

/** Returns the error of an encrypted connection: the peer may reject a certificate after the handshake. */
export function connectionError(error: unknown): Error {
  if (!codeOf(error).startsWith("ERR_SSL")) return osErrorOf(error);
  return new Deno.errors.InvalidData(
    `The peer ended the TLS connection: ${meaningOf(error)}`,
    { cause: error },
  );
}

function meaningOf(error: unknown): string {
  const original = `${codeOf(error)} ${messageOf(error)}`;
  for (const [pattern, meaning] of MEANINGS) {
    const match = original.match(pattern);
    if (match === null) continue;
    return typeof meaning === "string" ? meaning : meaning(match);
  }
  return messageOf(error);
}

/** Returns the error for a certificate that Node rejected, in Deno's words, which are more precise. */
export function verificationError(
  code: unknown,
  name: string | null,
  certificate: TlsPeerCertificate | null,
): Error {
  if (certificate !== null && Date.parse(certificate.validTo) < Date.now()) {
    return new Error("certificate expired");
  }
  if (certificate !== null && Date.parse(certificate.validFrom) > Date.now()) {
    return new Error("certificate not valid yet");
  }
  if (code !== "ERR_TLS_CERT_ALTNAME_INVALID") return new Error(String(code));
  return new Error(
    `certificate not valid for name "${name}"; certificate is only valid for ${
      certificate?.subjectAltName?.replaceAll(/DNS:|IP Address:/g, "")
    }`,
  );
}

function isEnd(error: unknown): boolean {
  return error instanceof Deno.errors.UnexpectedEof ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe || codeOf(error) === "ECONNRESET";
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** Removes the wrappers from names such as `DnsName("localhost") or IpAddress(127.0.0.1)`. */
function plainNames(names: string): string {
  return names.replaceAll(/(?:DnsName|IpAddress)\("?(.*?)"?\)/g, "$1");
}

function addressOf(addr: Deno.Addr): string {
  if ("hostname" in addr) {
    const { hostname, port } = addr;
    return hostname.includes(":")
      ? `[${hostname}]:${port}`
      : `${hostname}:${port}`;
  }
  return "path" in addr && addr.path ? addr.path : "the peer";
}
