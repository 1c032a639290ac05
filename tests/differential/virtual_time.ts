// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../loop/mod.ts";
import { type Host, Scheduler } from "../../loop/scheduler.ts";

/**
 * Makes a loop whose clock stands still while something is ready, and jumps to
 * the next timer when nothing is.
 *
 * @returns The loop, whose time is zero.
 */
export function newVirtualLoop(): EventLoop {
  return new Scheduler(new VirtualHost()).loop;
}

class VirtualHost implements Host {
  #now = 0;

  now(): number {
    return this.#now;
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
