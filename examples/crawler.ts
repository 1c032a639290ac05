// Copyright 2026 the asyncio for Deno authors. MIT license.

// Follows the links of a web site, several pages at a time, and prints what it finds:
//
//   deno run --allow-net examples/crawler.ts http://127.0.0.1:8080/
//
//   --workers=4    pages at the same time
//   --rate=10      requests a second, at most
//   --pages=100    pages in all, at most
//   --timeout=10   time limit for a page, in seconds
//   --attempts=3   attempts for a page that does not answer
//   --state=FILE   saves the state, and continues there the next time;
//                  needs --allow-read and --allow-write
//
// It does not leave the site. Ctrl-C and SIGTERM end it.

import {
  currentTask,
  forEachConcurrent,
  Queue,
  RateLimiter,
  retry,
  run,
  timeout,
  TimeoutError,
} from "@asyncio/asyncio";
import { parseArgs } from "node:util";
import { linksIn } from "./crawler/links.ts";
import { readText } from "./crawler/read_text.ts";
import { loadState, saveState } from "./crawler/state.ts";

const { values: options, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    workers: { type: "string", default: "4" },
    rate: { type: "string", default: "10" },
    pages: { type: "string", default: "100" },
    timeout: { type: "string", default: "10" },
    attempts: { type: "string", default: "3" },
    state: { type: "string" },
  },
});

/** The number of bytes that are read of a page. */
const MAX_BYTES = 1024 * 1024;

class Crawler {
  readonly #start: URL;
  readonly #queue = new Queue<URL>();
  /** All pages that are or were in the queue, so that none enters it twice. */
  readonly #known = new Set<string>();
  /** Those of them that have not been visited. */
  readonly #todo = new Set<string>();
  #failed = 0;

  constructor(start: URL) {
    this.#start = start;
  }

  async crawl(): Promise<void> {
    const { known, todo } = loadState(options.state, this.#start);
    for (const url of known) this.#known.add(url);
    for (const url of todo) this.#enqueue(new URL(url));
    if (this.#todo.size === 0) return;
    const limit = [
      Number(options.workers),
      new RateLimiter(Number(options.rate), { burst: 1 }),
    ];
    try {
      await forEachConcurrent(this.#queue, (url) => this.#work(url), { limit });
    } finally {
      // After Ctrl-C, too
      saveState(options.state, { known: this.#known, todo: this.#todo });
      console.log(
        `${this.#known.size} pages known, ${this.#todo.size} not visited, ${this.#failed} failed`,
      );
    }
  }

  async #work(url: URL): Promise<void> {
    console.log(await this.#visit(url));
    this.#todo.delete(url.href);
    if (this.#todo.size === 0) this.#queue.shutdown(); // ends the crawl
  }

  /** Reads a page and returns the result. */
  async #visit(url: URL): Promise<string> {
    try {
      return await retry(
        () => timeout(Number(options.timeout), () => this.#fetch(url)),
        { attempts: Number(options.attempts), when: isOfPage },
      );
    } catch (error) {
      if (!isOfPage(error)) throw error;
      this.#failed++;
      return `${url}: ${error}`;
    }
  }

  async #fetch(url: URL): Promise<string> {
    // The time limit, an error elsewhere and Ctrl-C end it
    const { signal } = currentTask()!;
    const response = await fetch(url, { signal });
    const { status, headers } = response;
    const isPage = response.ok &&
      headers.get("content-type")?.startsWith("text/html") &&
      this.#isOfSite(new URL(response.url)); // after redirects
    if (!isPage) {
      await response.body?.cancel();
      if (status === 429 || status >= 500) throw new Busy(String(status));
      if (!response.ok) this.#failed++;
      return `${url}: ${status}`;
    }
    const links = linksIn(await readText(response, MAX_BYTES), response.url);
    for (const link of links) this.#add(link);
    return `${url}: ${status}, ${links.length} links`;
  }

  #add(url: URL): void {
    if (!this.#isOfSite(url) || this.#known.has(url.href)) return;
    if (this.#known.size >= Number(options.pages)) return;
    this.#known.add(url.href);
    this.#enqueue(url);
  }

  #enqueue(url: URL): void {
    this.#todo.add(url.href);
    this.#queue.putNowait(url);
  }

  #isOfSite(url: URL): boolean {
    return url.origin === this.#start.origin;
  }
}

/** The server asks for another attempt later. */
class Busy extends Error {
  override readonly name = "Busy";
}

/** Whether an error is one of a single page. fetch() throws a TypeError. */
function isOfPage(error: unknown): boolean {
  return error instanceof TypeError || error instanceof TimeoutError ||
    error instanceof Busy;
}

const [start] = positionals;
if (start === undefined) {
  console.error("Expected the URL of a page to start from");
  Deno.exit(2);
}
await run(() => new Crawler(new URL(start)).crawl(), {
  signals: ["SIGINT", "SIGTERM"],
});
