// Copyright 2026 the asyncio for Deno authors. MIT license.

import { download, LIMIT } from "./pages.ts";

/** Downloads all pages, two at a time, each within a limit. */
export async function main(pages: string[], signal: AbortSignal) {
  const sizes = new Map<string, string>();
  const rest = pages.values();

  async function weigh(page: string, signal: AbortSignal) {
    const limit = AbortSignal.timeout(LIMIT);
    try {
      const both = AbortSignal.any([signal, limit]);
      sizes.set(page, await download(page, { signal: both }));
    } catch (error) {
      if (error !== limit.reason) throw error;
      sizes.set(page, "too slow");
    }
  }

  // If a page fails, the other worker is to stop, and to be waited for.
  const failure = new AbortController();
  const all = AbortSignal.any([signal, failure.signal]);
  async function worker() {
    try {
      for (const page of rest) {
        all.throwIfAborted();
        await weigh(page, all);
      }
    } catch (error) {
      failure.abort(error);
      throw error;
    }
  }

  const workers = await Promise.allSettled([worker(), worker()]);
  const failed = workers.find((each) => each.status === "rejected");
  if (failed !== undefined) throw failure.signal.reason;
  return sizes;
}
