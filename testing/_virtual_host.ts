// Copyright 2026 the asyncio for Deno authors. MIT license.

import { DENO_HOST, type Host, type ReadyEntries } from "../loop/core/host.ts";

/** What a virtual host asks at a moment at which nothing is ready. */
export interface IdleProbe {
  /** Whether the scheduler is still idle. */
  isIdle(): boolean;
  /** Whether anything may come from outside. */
  hears(): boolean;
  /** When the next timer is due; `null` if there is none. */
  deadline(): number | null;
  /** For how many milliseconds the clock must stand still, as something may come from outside. */
  patience(): number;
  /** The reactions to promises have all run. */
  onTurn(): void;
  /** Nothing will ever happen again. */
  onStuck(): void;
}

/** How many seconds count as gone by between two looks at a clock that nobody else has. */
const PER_LOOK = 1e-6;

/** How often, in milliseconds, it is looked whether something has come from outside. */
const LOOK_INTERVAL = 1;

/** A host whose clock stands still while something can happen, and then jumps to the next timer. */
export class VirtualHost implements Host {
  #now: number;
  #looks = 0;
  /** How many macrotasks are to come: no time goes by before. */
  #turns = 0;
  readonly #probe: IdleProbe;
  #timer: { callback: () => void } | null = null;
  choose?: (ready: ReadyEntries) => number;
  /** Called when nothing is ready. */
  onIdle?: () => void;
  /** Takes the look back that is due. */
  #cancelLook: (() => void) | null = null;

  constructor(start: number, probe: IdleProbe) {
    this.#now = start;
    this.#probe = probe;
  }

  now(): number {
    return this.#now;
  }

  /** Lets time go by while something runs. */
  pass(seconds: number): void {
    this.#now += seconds;
  }

  /** Tasks that keep each other busy must not keep real I/O waiting, although no time passes. */
  sliceTime(): number {
    // Where nothing is heard from outside, they are interrupted at the same places in every run.
    return this.#probe.hears() ? DENO_HOST.now() : this.#looks++ * PER_LOOK;
  }

  macrotask(callback: () => void, afterIo: boolean): void {
    this.#turns++;
    DENO_HOST.macrotask(() => {
      this.#turns--;
      callback();
      // What ran may have settled promises, whose reactions come first.
      if (!afterIo) DENO_HOST.macrotask(() => this.#probe.onTurn(), false);
    }, afterIo);
  }

  timer(callback: () => void, _delay: number): () => void {
    const timer = this.#timer = { callback };
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
    const id = setImmediate(() => this.#look(performance.now()));
    this.#cancelLook = () => clearImmediate(id);
  }

  #look(since: number): void {
    this.#cancelLook = null;
    if (!this.#probe.isIdle()) return;
    if (this.#turns > 0) {
      this.#lookSoon();
      return;
    }
    if (performance.now() - since < this.#probe.patience()) {
      const id = setTimeout(() => this.#look(since), LOOK_INTERVAL);
      this.#cancelLook = () => clearTimeout(id);
    } else if (this.#timer !== null) this.#jump(this.#timer.callback);
    else this.#probe.onStuck();
  }

  #jump(callback: () => void): void {
    this.#timer = null;
    // Not now and the delay: their sum may be a bit less than the deadline.
    this.#now = Math.max(this.#now, this.#probe.deadline() ?? 0);
    callback();
  }
}
