// Copyright 2026 the asyncio for Deno authors. MIT license.

import { messageOf } from "../engine/rephrase.ts";

const CERTIFICATE =
  /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** Throws unless the value is PEM with one certificate or more. Deno ignores what is none. */
export async function assertCertificates(
  name: string,
  pem: unknown,
): Promise<void> {
  assertText(name, pem);
  const blocks = pem.match(CERTIFICATE);
  if (blocks === null) {
    throw new RangeError(
      `Expected ${name} to be PEM with one certificate or more: received none`,
    );
  }
  const { X509Certificate } = await import("node:crypto");
  for (const block of blocks) {
    try {
      new X509Certificate(block);
    } catch (error) {
      throw new RangeError(
        `Expected ${name} to be PEM with one certificate or more: received one that cannot be decoded: ${
          messageOf(error)
        }`,
        { cause: error },
      );
    }
  }
}

/** Throws unless the values are a certificate and the key that goes with it. */
export async function assertKeyPair(
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
      `Expected ${keyName} to be PEM with a private key: received what cannot be decoded: ${
        messageOf(error)
      }`,
      { cause: error },
    );
  }
  let matches;
  try {
    matches = new X509Certificate(cert as string).checkPrivateKey(privateKey);
  } catch {
    // Deno 2.5 cannot tell; listening or connecting will.
    return;
  }
  if (matches) return;
  throw new RangeError(
    `Expected ${keyName} to be the private key of ${certName}: received another one`,
  );
}

function assertText(name: string, value: unknown): asserts value is string {
  if (typeof value === "string") return;
  throw new TypeError(
    `Expected ${name} to be a string of PEM: received ${
      value === null ? "null" : typeof value
    }`,
  );
}
