// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../loop/mod.ts";
import type { Host } from "../../loop/core/host.ts";
import { Scheduler } from "../../loop/core/scheduler.ts";

/**
 * A host in virtual time that records what the scheduler asks of it. Tests that need only the time use
 * `testing/` instead.
 */
export class FakeHost implements Host {
  /** How many seconds each reading of the clock takes. */
  tick = 0;
  /** The delays of all timers, in seconds. */
  readonly delays: number[] = [];
  /** The number of pending timers. */
  pendingTimers = 0;
  /** The number of macrotasks that were requested after I/O. */
  turnsForIo = 0;
  #now = 0;

  now(): number {
    return this.#now += this.tick;
  }

  macrotask(callback: () => void, afterIo: boolean): void {
    if (afterIo) this.turnsForIo++;
    setImmediate(callback);
  }

  timer(callback: () => void, delay: number): () => void {
    this.delays.push(delay);
    this.pendingTimers++;
    const when = this.#now + delay;
    const id = setImmediate(() => {
      this.pendingTimers--;
      this.#now = Math.max(this.#now, when);
      callback();
    });
    return () => {
      this.pendingTimers--;
      clearImmediate(id);
    };
  }
}

/**
 * Creates a loop in virtual time, which begins at zero.
 *
 * @param host The host of the loop.
 * @returns The loop.
 */
export function newVirtualLoop(host: Host = new FakeHost()): EventLoop {
  return new Scheduler(host).loop;
}
