// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../loop/mod.ts";
import type { Host } from "../../loop/core/host.ts";
import { Scheduler } from "../../loop/core/scheduler.ts";

/**
 * A host in whose time nothing takes long: its clock jumps to the next timer when nothing is ready.
 * It remembers what was asked of it.
 */
export class FakeHost implements Host {
  /** How far, in seconds, the clock goes each time it is read. */
  tick = 0;
  /** The delays of all timers, in seconds. */
  readonly delays: number[] = [];
  /** How many timers wait. */
  pendingTimers = 0;
  /** How many macrotasks there were before which I/O was to have its turn. */
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
 * Makes a loop in virtual time, which begins at zero.
 *
 * @param host What it runs on.
 * @returns The loop.
 */
export function newVirtualLoop(host: Host = new FakeHost()): EventLoop {
  return new Scheduler(host).loop;
}
