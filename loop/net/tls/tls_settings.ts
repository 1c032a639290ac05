// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assertOptions,
  assertString,
  type Delay,
  outOfRange,
  secondsOf,
  wrongType,
} from "../../core/validate.ts";
import { messageOf } from "../stream/failures.ts";
import type { TlsCertificate, TlsOptions } from "../tls_options.ts";

/** The default time limit of a handshake, in seconds. */
const HANDSHAKE_TIMEOUT = 60;
/** The default time limit for the peer's close_notify, in seconds. */
const SHUTDOWN_TIMEOUT = 30;

/** The validated options, with defaults filled in. */
export interface TlsSettings {
  /** The original options. */
  readonly options: TlsOptions;
  /** The certificate to present to the peer, if any. */
  readonly identity: TlsCertificate | null;
  readonly caCerts: readonly string[];
  readonly alpnProtocols: readonly string[];
  readonly handshakeTimeout: number;
  readonly shutdownTimeout: number;
  readonly verifiesCertificate: boolean;
}

/** The settings of a client. */
export interface ClientTls extends TlsSettings {
  readonly side: "client";
  /** The name that the certificate must be valid for; `null` only if that is not verified. */
  readonly serverName: string | null;
  readonly verifiesHostname: boolean;
}

/** The settings of a server. */
export interface ServerTls extends TlsSettings {
  readonly side: "server";
  readonly identity: TlsCertificate;
  readonly certificates: ReadonlyMap<string, TlsCertificate>;
  readonly requestCert: boolean | "optional";
}

/**
 * Returns the settings of a client; throws if the options are invalid. `host` is the name it connects to, if any.
 */
export async function clientTlsOf(
  caller: string,
  tls: unknown,
  host: string | null,
): Promise<ClientTls> {
  const options = optionsOf(tls);
  assertAbsent("server", "client", options, ["certificates", "requestCert"]);
  const settings = await settingsOf(caller, options);
  const verifiesHostname = settings.verifiesCertificate &&
    !options.unsafelyDisableHostnameVerification;
  const serverName = serverNameOf(options, host);
  if (serverName === null && verifiesHostname) {
    throw new RangeError(
      "The tls must include serverName, as there is no host name to verify: received none",
    );
  }
  return { ...settings, side: "client", serverName, verifiesHostname };
}

/** Returns the settings of a server; throws if the options are invalid. */
export async function serverTlsOf(
  caller: string,
  tls: unknown,
): Promise<ServerTls> {
  const options = optionsOf(tls);
  assertAbsent("client", "server", options, [
    "serverName",
    "unsafelyDisableHostnameVerification",
  ]);
  const settings = await settingsOf(caller, options);
  const { identity } = settings;
  if (identity === null) {
    throw new RangeError(
      "The tls of a server must include cert and key: received neither",
    );
  }
  const { requestCert = false, certificates = {} } = options;
  if (requestCert !== "optional" && typeof requestCert !== "boolean") {
    throw wrongType(
      "The requestCert",
      'true, false or "optional"',
      requestCert,
    );
  }
  if (
    requestCert && settings.verifiesCertificate && settings.caCerts.length === 0
  ) {
    throw new RangeError(
      "The tls must include caCerts to verify client certificates: received none",
    );
  }
  for (const [name, pair] of Object.entries(certificates)) {
    const path = `certificates[${JSON.stringify(name)}]`;
    await assertKeyPair(`${path}.cert`, `${path}.key`, pair?.cert, pair?.key);
  }
  return {
    ...settings,
    side: "server",
    identity,
    requestCert,
    certificates: new Map(
      Object.entries(certificates)
        .map(([name, pair]) => [name.toLowerCase(), pair]),
    ),
  };
}

/**
 * Throws unless the options are an object without `ssl`, the name of `tls` in Python: ignoring that would leave the
 * connection unencrypted.
 */
export function assertTlsOptions(caller: string, options: object): void {
  assertOptions(caller, options);
  if (!("ssl" in options) || options.ssl === undefined) return;
  throw new TypeError(
    "The option for TLS must be tls: received ssl",
  );
}

function optionsOf(tls: unknown): TlsOptions {
  if (tls === true) return {};
  if (typeof tls === "object" && tls !== null) {
    assertKnown(tls);
    return tls;
  }
  throw wrongType("The tls", "true or TlsOptions", tls);
}

const OPTION_NAMES: Readonly<Record<keyof TlsOptions, true>> = {
  cert: true,
  key: true,
  caCerts: true,
  alpnProtocols: true,
  serverName: true,
  certificates: true,
  requestCert: true,
  handshakeTimeout: true,
  shutdownTimeout: true,
  unsafelyDisableCertificateVerification: true,
  unsafelyDisableHostnameVerification: true,
};

/** Throws on unknown options, so that a misspelled one does not make a connection less secure. */
function assertKnown(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(OPTION_NAMES, name)) continue;
    const meant = Object.keys(OPTION_NAMES)
      .find((known) => known.toLowerCase() === name.toLowerCase());
    throw new TypeError(
      `The tls must not include the unknown option ${name}${
        meant === undefined ? "" : `; use ${meant}`
      }`,
    );
  }
}

function assertAbsent(
  side: string,
  otherSide: string,
  options: TlsOptions,
  names: (keyof TlsOptions)[],
): void {
  for (const name of names) {
    if (options[name] === undefined) continue;
    throw new RangeError(
      `The tls of a ${otherSide} must not include ${name}, which is for a ${side}`,
    );
  }
}

async function settingsOf(
  caller: string,
  options: TlsOptions,
): Promise<TlsSettings> {
  const { cert, key, caCerts = [], alpnProtocols = [] } = options;
  const handshakeTimeout = timeoutOf(
    caller,
    "handshakeTimeout",
    options.handshakeTimeout ?? HANDSHAKE_TIMEOUT,
  );
  const shutdownTimeout = timeoutOf(
    caller,
    "shutdownTimeout",
    options.shutdownTimeout ?? SHUTDOWN_TIMEOUT,
  );
  assertProtocols(alpnProtocols);
  if (!Array.isArray(caCerts)) {
    throw wrongType("The caCerts", "an array of PEM strings", caCerts);
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw new RangeError(
      `The tls must include cert and key together: received ${
        cert === undefined ? "key" : "cert"
      } alone`,
    );
  }
  for (const [index, pem] of caCerts.entries()) {
    await assertCertificates(`caCerts[${index}]`, pem);
  }
  if (cert !== undefined) await assertKeyPair("cert", "key", cert, key);
  return {
    options,
    identity: cert !== undefined && key !== undefined ? { cert, key } : null,
    caCerts,
    alpnProtocols,
    handshakeTimeout,
    shutdownTimeout,
    verifiesCertificate: !options.unsafelyDisableCertificateVerification,
  };
}

function timeoutOf(caller: string, name: string, delay: Delay): number {
  const seconds = secondsOf(caller, name, delay);
  if (seconds > 0) return seconds;
  throw outOfRange(`The ${name}`, "greater than 0", seconds);
}

const MAX_PROTOCOL_LENGTH = 255;

function assertProtocols(protocols: unknown): void {
  if (!Array.isArray(protocols)) {
    throw wrongType("The alpnProtocols", "an array of strings", protocols);
  }
  const expected = `strings of 1 to ${MAX_PROTOCOL_LENGTH} characters`;
  for (const protocol of protocols) {
    if (typeof protocol !== "string") {
      throw wrongType("The alpnProtocols", expected, protocol);
    }
    const { length } = protocol;
    if (length >= 1 && length <= MAX_PROTOCOL_LENGTH) continue;
    throw outOfRange("The alpnProtocols", expected, protocol);
  }
}

function serverNameOf(
  { serverName }: TlsOptions,
  host: string | null,
): string | null {
  if (serverName === undefined) return host;
  assertString("The serverName", serverName);
  if (serverName !== "") return serverName;
  throw outOfRange(
    "The serverName",
    "a host name or an IP address",
    serverName,
  );
}

/** Throws unless the values are a certificate and its private key. */
async function assertKeyPair(
  certName: string,
  keyName: string,
  cert: unknown,
  key: unknown,
): Promise<void> {
  await assertCertificates(certName, cert);
  assertText(keyName, key);
  const { createPrivateKey, X509Certificate } = await import("node:crypto");
  let privateKey;
  try {
    privateKey = createPrivateKey(key);
  } catch (error) {
    throw new RangeError(
      `The ${keyName} must be PEM with a private key: received invalid data: ${
        messageOf(error)
      }`,
      { cause: error },
    );
  }
  let matches;
  try {
    matches = new X509Certificate(cert as string).checkPrivateKey(privateKey);
  } catch {
    // Not supported by Deno 2.5; listening or connecting will fail instead.
    return;
  }
  if (matches) return;
  throw new RangeError(
    `The ${keyName} must be the private key of ${certName}: received another one`,
  );
}

const CERTIFICATE =
  /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** Throws unless the value is PEM with at least one certificate. Deno would ignore anything else. */
async function assertCertificates(
  name: string,
  pem: unknown,
): Promise<void> {
  assertText(name, pem);
  const blocks = pem.match(CERTIFICATE);
  if (blocks === null) {
    throw new RangeError(
      `The ${name} must be PEM with at least one certificate: received none`,
    );
  }
  const { X509Certificate } = await import("node:crypto");
  for (const block of blocks) {
    try {
      new X509Certificate(block);
    } catch (error) {
      throw new RangeError(
        `The ${name} must be PEM with at least one certificate: received an invalid one: ${
          messageOf(error)
        }`,
        { cause: error },
      );
    }
  }
}

function assertText(name: string, value: unknown): asserts value is string {
  if (typeof value === "string") return;
  throw wrongType(`The ${name}`, "a PEM string", value);
}
