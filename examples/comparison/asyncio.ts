// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  run,
  Semaphore,
  taskGroup,
  timeout,
  TimeoutError,
} from "@asyncio/asyncio";
import { download, LIMIT } from "./pages.ts";

/** Downloads all pages, two at a time, each within a limit. */
async function weighAll(pages: string[]): Promise<Map<string, string>> {
  const sizes = new Map<string, string>();
  const limit = new Semaphore(2);

  async function weigh(page: string) {
    using _ = await limit.acquire();
    try {
      const body = await timeout(
        LIMIT / 1000,
        ({ signal }) => download(page, { signal }),
      );
      sizes.set(page, body);
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      sizes.set(page, "too slow");
    }
  }

  await taskGroup((group) => {
    for (const page of pages) group.createTask(() => weigh(page));
  });
  return sizes;
}

/** Runs it until it ends or the signal aborts. */
export function main(pages: string[], signal: AbortSignal) {
  return run(() => weighAll(pages), { signal });
}
