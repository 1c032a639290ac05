// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../loop/mod.ts";
import type { Host } from "../../loop/core/host.ts";
import { Scheduler } from "../../loop/core/scheduler.ts";

/**
 * A host whose clock stands still while something is ready, and jumps to the
 * next timer when nothing is.
 */
export class VirtualHost implements Host {
  #now = 0;

  now(): number {
    return this.#now;
  }

  /** Lets time go by while something runs. */
  jump(seconds: number): void {
    this.#now += seconds;
  }

  macrotask(callback: () => void): void {
    setImmediate(callback);
  }

  timer(callback: () => void, delay: number): () => void {
    const when = this.#now + delay;
    const id = setImmediate(() => {
      this.#now = Math.max(this.#now, when);
      callback();
    });
    return () => clearImmediate(id);
  }
}

/**
 * Makes a loop on a virtual clock.
 *
 * @param host The clock, at zero by default.
 * @returns The loop.
 */
export function newVirtualLoop(
  host: VirtualHost = new VirtualHost(),
): EventLoop {
  return new Scheduler(host).loop;
}
