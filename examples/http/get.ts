// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  openConnection,
  type StreamReader,
  timeout,
  type TlsOptions,
} from "@asyncio/asyncio";
import { type Answer, readAnswer } from "./answer.ts";

export interface GetOptions {
  /** How long, in seconds, connecting may take, and the server pause. */
  readonly timeout: number;
  /** How many times the server may send one elsewhere. */
  readonly maxRedirects?: number;
  /** How to encrypt, for https. */
  readonly tls?: TlsOptions | true;
}

const REDIRECTS = [301, 302, 303, 307, 308];

/**
 * Asks for a URL, and gives the answer to a function. The connection is closed
 * when that has ended.
 */
export async function get<T>(
  url: URL,
  options: GetOptions,
  use: (answer: Answer) => Promise<T>,
): Promise<T> {
  for (let left = options.maxRedirects ?? 5;; left--) {
    const result = await exchange(url, options, async (answer) => {
      const location = answer.headers.get("location");
      if (location === null || !REDIRECTS.includes(answer.status)) {
        return { value: await use(answer) };
      }
      return { next: new URL(location, url) };
    });
    if (result.next === undefined) return result.value;
    if (left === 0) {
      throw new Error(`Sent elsewhere too often, at last by ${url}`);
    }
    url = result.next;
  }
}

async function exchange<T>(
  url: URL,
  options: GetOptions,
  use: (answer: Answer) => Promise<T>,
): Promise<T> {
  const isSecure = url.protocol === "https:";
  if (!isSecure && url.protocol !== "http:") {
    throw new TypeError(`Expected a URL of http: or https:: received ${url}`);
  }
  const [reader, writer] = await timeout(options.timeout, () =>
    openConnection(
      url.hostname.replace(/^\[(.*)\]$/, "$1"), // of an IPv6 address
      Number(url.port) || (isSecure ? 443 : 80),
      { tls: isSecure && (options.tls ?? true) },
    ));
  try {
    writer.write(
      `GET ${url.pathname}${url.search} HTTP/1.1\r\n` +
        `Host: ${url.host}\r\n` +
        "Accept: */*\r\n" +
        "Connection: close\r\n" +
        "\r\n",
    );
    return await use(await readAnswer(new Source(reader, options.timeout)));
  } finally {
    // All there was to send is received, if there is an answer at all
    writer.transport.abort();
  }
}
