// Copyright 2026 the asyncio for Deno authors. MIT license.

import { DENO_HOST, type Host, type ReadyEntries } from "../loop/core/host.ts";

/** The questions of a virtual host to its loop when nothing is ready. */
export interface IdleProbe {
  /** Whether the scheduler is still idle. */
  isIdle(): boolean;
  /** Whether events from outside the loop are allowed. */
  allowsOutside(): boolean;
  /** The time of the next timer; `null` if there is none. */
  deadline(): number | null;
  /** For how many milliseconds the clock must wait for events from outside. */
  patience(): number;
  /** Called when the microtasks have run dry. */
  onTurn(): void;
  /** Called when the program hangs. */
  onStuck(): void;
}

/** How many seconds the slice clock advances at each reading when it is virtual, too. */
const PER_READING = 1e-6;

/** The interval, in milliseconds, of polls for events from outside. */
const POLL_INTERVAL = 1;

/** A host whose clock stands still while something can happen, and then jumps to the next timer. */
export class VirtualHost implements Host {
  #now: number;
  #readings = 0;
  /** The number of pending macrotasks. The clock does not move before they have run. */
  #turns = 0;
  readonly #probe: IdleProbe;
  #timer: { callback: () => void } | null = null;
  choose?: (ready: ReadyEntries) => number;
  /** Called when nothing is ready. */
  onIdle?: () => void;
  /** Cancels the pending poll. */
  #cancelPoll: (() => void) | null = null;

  constructor(start: number, probe: IdleProbe) {
    this.#now = start;
    this.#probe = probe;
  }

  now(): number {
    return this.#now;
  }

  /** Advances the clock while something runs. */
  pass(seconds: number): void {
    this.#now += seconds;
  }

  /** Measures the time slice: busy tasks must not starve real I/O although virtual time stands still. */
  sliceTime(): number {
    // Without events from outside, slices end at the same places in every run.
    return this.#probe.allowsOutside()
      ? DENO_HOST.now()
      : this.#readings++ * PER_READING;
  }

  macrotask(callback: () => void, afterIo: boolean): void {
    this.#turns++;
    DENO_HOST.macrotask(() => {
      this.#turns--;
      callback();
      // The callback may have settled promises, whose reactions run first.
      if (!afterIo) DENO_HOST.macrotask(() => this.#probe.onTurn(), false);
    }, afterIo);
  }

  timer(callback: () => void, _delay: number): () => void {
    const timer = this.#timer = { callback };
    this.#pollSoon();
    return () => {
      if (this.#timer === timer) this.#timer = null;
    };
  }

  idle(): void {
    this.onIdle?.();
    this.#pollSoon();
  }

  /** Stops polling. */
  stop(): void {
    this.#cancelPoll?.();
    this.#cancelPoll = null;
    this.#timer = null;
  }

  #pollSoon(): void {
    if (this.#cancelPoll !== null) return;
    // By then every promise reaction that was queued has run.
    const id = setImmediate(() => this.#poll(performance.now()));
    this.#cancelPoll = () => clearImmediate(id);
  }

  #poll(since: number): void {
    this.#cancelPoll = null;
    if (!this.#probe.isIdle()) return;
    if (this.#turns > 0) {
      this.#pollSoon();
      return;
    }
    if (performance.now() - since < this.#probe.patience()) {
      const id = setTimeout(() => this.#poll(since), POLL_INTERVAL);
      this.#cancelPoll = () => clearTimeout(id);
    } else if (this.#timer !== null) this.#jump(this.#timer.callback);
    else this.#probe.onStuck();
  }

  #jump(callback: () => void): void {
    this.#timer = null;
    // Not the sum of now and the delay, which rounding may leave below the deadline.
    this.#now = Math.max(this.#now, this.#probe.deadline() ?? 0);
    callback();
  }
}
