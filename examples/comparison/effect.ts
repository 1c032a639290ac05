// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Effect } from "npm:effect@^4";
import { download, LIMIT } from "./pages.ts";

const weigh = (page: string) =>
  Effect.tryPromise((signal) => download(page, { signal })).pipe(
    Effect.timeout(LIMIT),
    Effect.catchTag("TimeoutError", () => Effect.succeed("too slow")),
    Effect.map((size) => [page, size] as const),
  );

/** Downloads all pages, two at a time, each within a limit. */
const weighAll = (pages: string[]) =>
  Effect.forEach(pages, weigh, { concurrency: 2 }).pipe(
    Effect.map((sizes) => new Map(sizes)),
  );

/** Runs it until it ends or the signal aborts. */
export function main(pages: string[], signal: AbortSignal) {
  return Effect.runPromise(weighAll(pages), { signal });
}
