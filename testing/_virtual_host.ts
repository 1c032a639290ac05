// Copyright 2026 the asyncio for Deno authors. MIT license.

import { DENO_HOST, type Host, type ReadyEntries } from "../loop/host.ts";

/** What a virtual host asks at a moment at which nothing is ready. */
export interface Quiet {
  /** Whether the scheduler is still idle. */
  isIdle(): boolean;
  /** For how many milliseconds more the clock must stand still, as something may come from outside. */
  patience(): number;
  /** Nothing will ever happen again. */
  onStuck(): void;
}

/** How often, in milliseconds, it is looked whether something has come from outside. */
const LOOK_INTERVAL = 1;

/** A host whose clock stands still while something can happen, and then jumps to the next timer. */
export class VirtualHost implements Host {
  #now: number;
  readonly #quiet: Quiet;
  #timer: { when: number; callback: () => void } | null = null;
  choose?: (ready: ReadyEntries) => number;
  /** Called when nothing is ready. */
  onIdle?: () => void;
  /** Takes the look back that is due. */
  #cancelLook: (() => void) | null = null;

  constructor(start: number, quiet: Quiet) {
    this.#now = start;
    this.#quiet = quiet;
  }

  now(): number {
    return this.#now;
  }

  /** Lets time go by while something runs. */
  pass(seconds: number): void {
    this.#now += seconds;
  }

  macrotask(callback: () => void, afterIo: boolean): void {
    DENO_HOST.macrotask(callback, afterIo);
  }

  timer(callback: () => void, delay: number): () => void {
    const timer = this.#timer = { when: this.#now + delay, callback };
    this.#lookSoon();
    return () => {
      if (this.#timer === timer) this.#timer = null;
    };
  }

  idle(): void {
    this.onIdle?.();
    this.#lookSoon();
  }

  /** Looks no more. */
  stop(): void {
    this.#cancelLook?.();
    this.#cancelLook = null;
    this.#timer = null;
  }

  #lookSoon(): void {
    if (this.#cancelLook !== null) return;
    // By then every reaction to a promise has run that only waited for its turn.
    const id = setImmediate(() => this.#look(0));
    this.#cancelLook = () => clearImmediate(id);
  }

  #look(waited: number): void {
    this.#cancelLook = null;
    if (!this.#quiet.isIdle()) return;
    if (waited < this.#quiet.patience()) {
      const id = setTimeout(
        () => this.#look(waited + LOOK_INTERVAL),
        LOOK_INTERVAL,
      );
      this.#cancelLook = () => clearTimeout(id);
    } else if (this.#timer !== null) this.#jump(this.#timer);
    else this.#quiet.onStuck();
  }

  #jump({ when, callback }: { when: number; callback: () => void }): void {
    this.#timer = null;
    this.#now = Math.max(this.#now, when);
    callback();
  }
}
