// Copyright 2026 the asyncio for Deno authors. MIT license.

import { callOutsideTasks, type Scheduler } from "../../loop/core/scheduler.ts";
import type { Random } from "../_random.ts";
import type { Route } from "./_route.ts";

/**
 * An event in an in-memory network.
 *
 * @category Network in memory
 */
export interface NetworkEvent {
  /** The time of the event, in seconds, on the loop's clock. */
  readonly time: number;
  /** The sending host. */
  readonly from: string;
  /** The receiving host. */
  readonly to: string;
  /** The event: `"connect"`, `"5 bytes"`, `"end"`, `"reset"`, `"datagram of 5 bytes"`, … */
  readonly what: string;
}

/** The options of {@linkcode Links}. */
export interface LinkOptions {
  readonly latency: readonly [least: number, most: number];
  readonly bandwidth: number;
  readonly observe: ((event: NetworkEvent) => void) | null;
}

/** The links between all hosts: their latencies, and which are cut. */
export class Links {
  readonly #random: Random;
  readonly #options: LinkOptions;
  readonly #cuts = new Set<(from: string, to: string) => boolean>();
  readonly #waiting = new Set<{ isCut(): boolean; mended(): void }>();
  readonly #slow = new Set<{ host: string; factor: number }>();

  constructor(random: Random, options: LinkOptions) {
    this.#random = random;
    this.#options = options;
  }

  /** Returns the route from one host to another. */
  route(scheduler: Scheduler, from: string, to: string): Route {
    const isCut = () => this.#isCut(from, to);
    return {
      isCut,
      latency: () => this.#latencyBetween(from, to),
      transmission: (size) => size / this.#options.bandwidth,
      whenMended: (mended) => {
        const waiting = { isCut, mended };
        this.#waiting.add(waiting);
        return () => this.#waiting.delete(waiting);
      },
      note: (what) => {
        if (this.#options.observe === null) return;
        this.#notify(scheduler, { time: scheduler.time(), from, to, what });
      },
    };
  }

  /** Cuts the links for which `separates` returns true, until the result is disposed. */
  cut(separates: (from: string, to: string) => boolean): Disposable {
    this.#cuts.add(separates);
    return {
      [Symbol.dispose]: () => {
        if (this.#cuts.delete(separates)) this.#notifyMended();
      },
    };
  }

  /** Slows the links of a host down, until the result is disposed. */
  slow(host: string, factor: number): Disposable {
    const slowness = { host, factor };
    this.#slow.add(slowness);
    return { [Symbol.dispose]: () => void this.#slow.delete(slowness) };
  }

  /** Drops all callbacks that wait for a cut to be mended. */
  clear(): void {
    this.#waiting.clear();
  }

  #slownessOf(host: string): number {
    let product = 1;
    for (const slow of this.#slow) {
      if (slow.host === host) product *= slow.factor;
    }
    return product;
  }

  #latencyBetween(from: string, to: string): number {
    const [least, most] = this.#options.latency;
    const latency = least === most
      ? least
      : least + (most - least) * this.#random.next();
    const slowness = this.#slownessOf(from);
    return latency * (from === to ? slowness : slowness * this.#slownessOf(to));
  }

  #isCut(from: string, to: string): boolean {
    for (const separates of this.#cuts) if (separates(from, to)) return true;
    return false;
  }

  #notifyMended(): void {
    for (const waiting of [...this.#waiting]) {
      if (waiting.isCut()) continue;
      this.#waiting.delete(waiting);
      waiting.mended();
    }
  }

  #notify(scheduler: Scheduler, event: NetworkEvent): void {
    const { observe } = this.#options;
    callOutsideTasks(scheduler, () => {
      try {
        observe?.(event);
      } catch (exception) {
        scheduler.loop.callExceptionHandler({
          message: "The observer of a MemoryNetwork failed",
          exception,
        });
      }
    });
  }
}
