// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Stands in for the network in the programs of this folder, which docs/comparison.md compares.
 *
 * @module
 */

/** The time limit of a page, in milliseconds. */
export const LIMIT = 100;

/** The number of downloads that are under way, and the greatest number so far. */
export const downloads = { open: 0, most: 0 };

/** Downloads a page as `fetch()` would: the only way to interrupt it is the signal. */
export async function download(
  page: string,
  { signal }: { signal?: AbortSignal } = {},
): Promise<string> {
  downloads.most = Math.max(downloads.most, ++downloads.open);
  try {
    await new Promise<void>((resolve, reject) => {
      signal?.throwIfAborted();
      const timer = setTimeout(resolve, page === "slow" ? 1000 : 10);
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    });
    return `${page.length} bytes`;
  } finally {
    downloads.open--;
  }
}
