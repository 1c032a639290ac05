// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  createTask,
  currentTask,
  Semaphore,
  type Task,
  timeout,
  wait,
} from "@asyncio/asyncio";
import { RateLimit } from "./rate_limit.ts";

/** Requests a path from the upstream service. */
export type Upstream = (
  path: string,
  signal: AbortSignal,
) => PromiseLike<Response>;

export interface GatewayOptions {
  /** The greatest number of concurrent requests to the upstream service. */
  readonly atOnce?: number;
  /** The greatest number of paths that are requested or waiting. */
  readonly maxFlights?: number;
  /** The time limit of the upstream service, in seconds. */
  readonly upstreamTimeout?: number;
  /** The longest time that a client waits, in seconds. */
  readonly timeout?: number;
  /** The number of requests a second that a client may make on average. */
  readonly rate?: number;
  /** The number of requests that a client may make at once. */
  readonly burst?: number;
}

/** An upstream response, for all clients that have asked for it. */
interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer> | null;
}

/** Protects a slow service: concurrent requests for a path share one response. */
export class Gateway {
  readonly #upstream: Upstream;
  readonly #options: Required<GatewayOptions>;
  readonly #limit: RateLimit;
  readonly #slots: Semaphore;
  /** The pending requests, by path. */
  readonly #flights = new Map<string, Task<Answer>>();

  constructor(upstream: Upstream, options: GatewayOptions = {}) {
    this.#upstream = upstream;
    this.#options = {
      atOnce: 4,
      maxFlights: 100,
      upstreamTimeout: 10,
      timeout: 5,
      rate: 5,
      burst: 20,
      ...options,
    };
    this.#limit = new RateLimit(this.#options.rate, this.#options.burst);
    this.#slots = new Semaphore(this.#options.atOnce);
  }

  /** Answers a request. */
  async handle(request: Request, client: string): Promise<Response> {
    if (request.method !== "GET") {
      return refuse(405, "Only GET", { allow: "GET" });
    }
    const pause = this.#limit.take(client);
    if (pause > 0) {
      return refuse(429, "Too many requests", {
        "retry-after": String(Math.ceil(pause)),
      });
    }
    const { pathname, search } = new URL(request.url);
    const flight = this.#join(pathname + search);
    if (flight === null) {
      return refuse(503, "Too much to do", { "retry-after": "1" });
    }
    // Cancels nothing: when one client leaves, others may still wait
    const [done] = await wait([flight], { timeout: this.#options.timeout });
    if (!done.has(flight)) return refuse(504, "It takes too long");
    const error = flight.exception();
    if (error !== null) {
      console.error("The service behind fails:", error);
      return refuse(502, "The service behind fails");
    }
    const { status, type, body } = flight.result();
    return new Response(body, { status, headers: { "content-type": type } });
  }

  /** Returns the pending request of a path, or starts one; null if there are too many. */
  #join(path: string): Task<Answer> | null {
    const flight = this.#flights.get(path);
    if (flight !== undefined) return flight;
    if (this.#flights.size >= this.#options.maxFlights) return null;
    const task = createTask(() => this.#fly(path), { name: path });
    this.#flights.set(path, task);
    task.addDoneCallback(() => {
      this.#flights.delete(path);
      // Marks its exception as retrieved, in case no client waits any more
      if (!task.cancelled()) task.exception();
    });
    return task;
  }

  async #fly(path: string): Promise<Answer> {
    using _slot = await this.#slots.acquire();
    return await timeout(this.#options.upstreamTimeout, async () => {
      // The signal of this task: the time limit ends the request, too
      const { signal } = currentTask()!;
      const response = await this.#upstream(path, signal);
      return {
        status: response.status,
        type: response.headers.get("content-type") ?? "text/plain",
        // null if there must be none, as in a 204
        body: response.body && await response.bytes(),
      };
    });
  }
}

function refuse(
  status: number,
  text: string,
  headers: Record<string, string> = {},
): Response {
  return new Response(`${text}\n`, { status, headers });
}
