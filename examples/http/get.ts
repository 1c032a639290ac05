// Copyright 2026 the asyncio for Deno authors. MIT license.

import { openConnection, timeout } from "@asyncio/asyncio";
import { type Answer, readAnswer } from "./answer.ts";
import { Source } from "./source.ts";

export interface GetOptions {
  /** The time limit for connecting and for pauses of the server, in seconds. */
  readonly timeout?: number;
  /** The greatest number of redirects. */
  readonly maxRedirects?: number;
}

const REDIRECTS = [301, 302, 303, 307, 308];

/**
 * Requests a URL, passes the response to a function, and closes the connection
 * when the function has ended.
 */
export async function get<T>(
  url: URL,
  use: (answer: Answer) => Promise<T>,
  { timeout = 30, maxRedirects = 5 }: GetOptions = {},
): Promise<T> {
  for (let left = maxRedirects;; left--) {
    const result = await exchange(url, timeout, async (answer) => {
      const location = answer.headers.get("location");
      if (location === null || !REDIRECTS.includes(answer.status)) {
        return { value: await use(answer) };
      }
      return { next: new URL(location, url) };
    });
    if (result.next === undefined) return result.value;
    if (left === 0) throw new RangeError(`Redirected too often, by ${url}`);
    url = result.next;
  }
}

async function exchange<T>(
  url: URL,
  seconds: number,
  use: (answer: Answer) => Promise<T>,
): Promise<T> {
  if (!["http:", "https:"].includes(url.protocol)) {
    throw new TypeError(`Expected a URL of http: or https:, received ${url}`);
  }
  const isSecure = url.protocol === "https:";
  const [reader, writer] = await timeout(seconds, () =>
    openConnection(
      url.hostname.replace(/^\[(.*)\]$/, "$1"), // of an IPv6 address
      Number(url.port) || (isSecure ? 443 : 80),
      { tls: isSecure },
    ));
  try {
    writer.write(
      `GET ${url.pathname}${url.search} HTTP/1.1\r\n` +
        `Host: ${url.host}\r\n` +
        "Accept: */*\r\n" +
        "Connection: close\r\n" +
        "\r\n",
    );
    return await use(await readAnswer(new Source(reader, seconds)));
  } finally {
    // Everything is sent, and the rest of the response is not needed
    writer.transport.abort();
  }
}
