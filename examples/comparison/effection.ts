// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  all,
  type Operation,
  race,
  run,
  sleep,
  until,
  useAbortSignal,
} from "npm:effection@^4";
import { download, LIMIT } from "./pages.ts";

/** Downloads all pages, two at a time, each within a limit. */
function* weighAll(pages: string[]): Operation<Map<string, string>> {
  const sizes = new Map<string, string>();
  const rest = pages.values();

  function* fetchPage(page: string): Operation<string> {
    const signal = yield* useAbortSignal();
    return yield* until(download(page, { signal }));
  }

  function* tooSlow(): Operation<string> {
    yield* sleep(LIMIT);
    return "too slow";
  }

  function* worker(): Operation<void> {
    for (const page of rest) {
      sizes.set(page, yield* race([fetchPage(page), tooSlow()]));
    }
  }

  yield* all([worker(), worker()]);
  return sizes;
}

/** Runs it until it ends or the signal aborts. */
export async function main(pages: string[], signal: AbortSignal) {
  const task = run(() => weighAll(pages));
  signal.addEventListener("abort", async () => await task.halt());
  return await task;
}
