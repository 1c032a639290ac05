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

/** Asks the service behind for a path. */
export type Upstream = (
  path: string,
  signal: AbortSignal,
) => PromiseLike<Response>;

export interface GatewayOptions {
  /** How many requests the service behind gets at the same time. */
  readonly atOnce?: number;
  /** How many paths are asked for or wait for their turn, at most. */
  readonly maxFlights?: number;
  /** How long, in seconds, the service behind may take. */
  readonly upstreamTimeout?: number;
  /** How long, in seconds, a client has to wait at most. */
  readonly timeout?: number;
  /** How many requests in a second a client may make for long. */
  readonly rate?: number;
  /** How many it may make at once. */
  readonly burst?: number;
}

/** What the service behind has answered, for all who have asked. */
interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer> | null;
}

/** Protects a slow service: who asks for what is asked for already gets the same answer. */
export class Gateway {
  readonly #upstream: Upstream;
  readonly #options: Required<GatewayOptions>;
  readonly #limit: RateLimit;
  readonly #slots: Semaphore;
  /** What is under way, by path. */
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
    // Which cancels nothing: when one client leaves, others may still wait
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

  /** What asks for a path: what is under way, or something new; null if that is too much. */
  #join(path: string): Task<Answer> | null {
    const flight = this.#flights.get(path);
    if (flight !== undefined) return flight;
    if (this.#flights.size >= this.#options.maxFlights) return null;
    const task = createTask(() => this.#fly(path), { name: path });
    this.#flights.set(path, task);
    task.addDoneCallback(() => {
      this.#flights.delete(path);
      // If it failed when nobody waited any more, nobody is told
      if (!task.cancelled()) task.exception();
    });
    return task;
  }

  async #fly(path: string): Promise<Answer> {
    using _slot = await this.#slots.acquire();
    return await timeout(this.#options.upstreamTimeout, async () => {
      // Of this task: the time limit ends the request, too
      const { signal } = currentTask()!;
      const response = await this.#upstream(path, signal);
      return {
        status: response.status,
        type: response.headers.get("content-type") ?? "text/plain",
        // null if there can be none, as in a 204
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
