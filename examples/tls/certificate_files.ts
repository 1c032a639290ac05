// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError, type TlsCertificate } from "@asyncio/asyncio";
import { createPrivateKey, X509Certificate } from "node:crypto";

/** A certificate and its key in two files, which are replaced now and then. */
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

  /** Reads the files, which must be valid. */
  static async read(
    certPath: string,
    keyPath: string,
    log: (line: string) => void,
  ): Promise<CertificateFiles> {
    const current = await readPair(certPath, keyPath);
    log(`Certificate: ${describe(current)}`);
    return new CertificateFiles([certPath, keyPath], current, log);
  }

  /** The last valid contents of the files. */
  get current(): TlsCertificate {
    return this.#current;
  }

  /** Reads the files again. If they are invalid, nothing changes. */
  async reload(): Promise<void> {
    try {
      const pair = await readPair(this.#certPath, this.#keyPath);
      if (pair.cert === this.#current.cert && pair.key === this.#current.key) {
        return;
      }
      this.#current = pair;
      this.#log(`Certificate: ${describe(pair)}`);
    } catch (error) {
      // The files are replaced in turn, and do not match in between
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
