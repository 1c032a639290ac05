// Copyright 2026 the asyncio for Deno authors. MIT license.

import PQueue from "npm:p-queue@^10";
import { download, LIMIT } from "./pages.ts";

/** Downloads all pages, two at a time, each within a limit. */
export async function main(pages: string[], signal: AbortSignal) {
  const sizes = new Map<string, string>();
  const queue = new PQueue({ concurrency: 2 });

  async function weigh(page: string, signal: AbortSignal) {
    // The queue's own time limit does not end the work.
    const limit = AbortSignal.timeout(LIMIT);
    try {
      const both = AbortSignal.any([signal, limit]);
      sizes.set(page, await download(page, { signal: both }));
    } catch (error) {
      if (error !== limit.reason) throw error;
      sizes.set(page, "too slow");
    }
  }

  const failure = new AbortController();
  const all = AbortSignal.any([signal, failure.signal]);
  try {
    await queue.addAll(
      pages.map((page) => () => weigh(page, all)),
      { signal: all },
    );
  } catch (error) {
    failure.abort(error);
    await queue.onIdle();
    throw error;
  }
  return sizes;
}
