// Copyright 2026 the asyncio for Deno authors. MIT license.

// Follows the links of a web site, several pages at a time, and prints what it finds:
//
//   deno run --allow-net examples/crawler.ts http://127.0.0.1:8080/
//
//   --workers=4    pages at the same time
//   --rate=10      requests a second, at most
//   --pages=100    pages in all, at most
//   --timeout=10   time limit for a page, in seconds
//
// It does not leave the site. Ctrl-C ends it.

import {
  currentTask,
  Queue,
  run,
  taskGroup,
  timeout,
  TimeoutError,
} from "@asyncio/asyncio";
import { parseArgs } from "node:util";
import { linksIn } from "./crawler/links.ts";
import { Pace } from "./crawler/pace.ts";
import { readText } from "./crawler/read_text.ts";

const { values: options, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    workers: { type: "string", default: "4" },
    rate: { type: "string", default: "10" },
    pages: { type: "string", default: "100" },
    timeout: { type: "string", default: "10" },
  },
});

/** The number of bytes that are read of a page. */
const MAX_BYTES = 1024 * 1024;

class Crawler {
  readonly #start: URL;
  readonly #queue = new Queue<URL>();
  /** All pages that are or were in the queue, so that none enters it twice. */
  readonly #known = new Set<string>();
  readonly #pace = new Pace(1 / Number(options.rate));
  #failed = 0;

  constructor(start: URL) {
    this.#start = start;
  }

  async crawl(): Promise<void> {
    this.#add(this.#start);
    try {
      await taskGroup(async (group) => {
        for (let i = 0; i < Number(options.workers); i++) {
          group.createTask(() => this.#work());
        }
        await this.#queue.join();
        this.#queue.shutdown(); // ends the workers
      });
    } finally {
      // After Ctrl-C, too
      const left = this.#queue.qsize();
      console.log(
        `${this.#known.size} pages known, ${left} not visited, ${this.#failed} failed`,
      );
    }
  }

  async #work(): Promise<void> {
    for await (const url of this.#queue) {
      await this.#pace.turn();
      console.log(await this.#visit(url));
      this.#queue.taskDone();
    }
  }

  /** Reads a page and returns the result. */
  async #visit(url: URL): Promise<string> {
    try {
      return await timeout(Number(options.timeout), () => this.#fetch(url));
    } catch (error) {
      // Any error of a single page
      if (!(error instanceof TypeError || error instanceof TimeoutError)) {
        throw error;
      }
      this.#failed++;
      return `${url}: ${error}`;
    }
  }

  async #fetch(url: URL): Promise<string> {
    // The time limit, a failing worker and Ctrl-C end it
    const { signal } = currentTask()!;
    const response = await fetch(url, { signal });
    const { status, headers } = response;
    const isPage = response.ok &&
      headers.get("content-type")?.startsWith("text/html") &&
      this.#isOfSite(new URL(response.url)); // after redirects
    if (!isPage) {
      await response.body?.cancel();
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
    this.#queue.putNowait(url);
  }

  #isOfSite(url: URL): boolean {
    return url.origin === this.#start.origin;
  }
}

const [start] = positionals;
if (start === undefined) {
  console.error("Expected the URL of a page to start from");
  Deno.exit(2);
}
await run(() => new Crawler(new URL(start)).crawl());
