// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError, type TlsCertificate } from "@asyncio/asyncio";
import { createPrivateKey, X509Certificate } from "node:crypto";

/** A certificate and its key in two files, which somebody replaces now and then. */
export class CertificateFiles {
  readonly #certPath: string;
  readonly #keyPath: string;
  readonly #log: (line: string) => void;
  #current: TlsCertificate;

  private constructor(
    [certPath, keyPath]: readonly [string, string],
    current: TlsCertificate,
    log: (line: string) => void,
  ) {
    this.#certPath = certPath;
    this.#keyPath = keyPath;
    this.#current = current;
    this.#log = log;
  }

  /** Reads the files, which must be good. */
  static async read(
    certPath: string,
    keyPath: string,
    log: (line: string) => void,
  ): Promise<CertificateFiles> {
    const current = await readPair(certPath, keyPath);
    log(`Certificate: ${describe(current)}`);
    return new CertificateFiles([certPath, keyPath], current, log);
  }

  /** What the files had in them when they were last good. */
  get current(): TlsCertificate {
    return this.#current;
  }

  /** Reads the files again. If they are not good, all stays as it is. */
  async reload(): Promise<void> {
    try {
      const pair = await readPair(this.#certPath, this.#keyPath);
      if (pair.cert === this.#current.cert && pair.key === this.#current.key) {
        return;
      }
      this.#current = pair;
      this.#log(`Certificate: ${describe(pair)}`);
    } catch (error) {
      // One file is replaced after the other, and in between they do not match
      if (error instanceof CancelledError) throw error;
      this.#log(`Certificate: kept. ${error}`);
    }
  }
}

async function readPair(
  certPath: string,
  keyPath: string,
): Promise<TlsCertificate> {
  const cert = await Deno.readTextFile(certPath);
  const key = await Deno.readTextFile(keyPath);
  if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
    return { cert, key };
  }
  throw new TypeError("the key does not belong to the certificate");
}

function describe({ cert }: TlsCertificate): string {
  const { subject, validTo } = new X509Certificate(cert);
  return `${subject}, until ${validTo}`;
}
