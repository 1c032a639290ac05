// Copyright 2026 the asyncio for Deno authors. MIT license.

import { runAt } from "../async_context.ts";
import { newestOrder } from "../task_state.ts";

/** The time between two looks at the clock, in seconds: a stall that is shorter may go unnoticed. */
const INTERVAL = 0.25;
/** Every how many looks is a beat. */
const LOOKS = 4;
/** More beats are thinned out, the old ones first: the older, the less exact an age needs to be. */
const MAX_BEATS = 512;
/** The number of stalls that are remembered, and how long one is, in seconds, at least. */
const MAX_STALLS = 20;
const MIN_STALL = 0.1;

/** A moment, and how many tasks and awaits there had been by then. */
interface Beat {
  readonly time: number;
  readonly order: number;
}

/** A time in which nothing else could run, for example because one step computed for long. */
export interface Stall {
  /** When it ended, in milliseconds since the epoch. */
  readonly at: number;
  /** Its length in seconds, at least. */
  readonly seconds: number;
}

/**
 * Estimates the age of tasks and awaits, which do not know it: reading the clock would cost as much as creating a task.
 * They are numbered, and once a second the pulse records how far the numbers have got. It also notices when it was
 * held up.
 */
class Pulse {
  readonly stalls: Stall[] = [];
  #beats: Beat[] = [];
  #users = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #due = 0;
  #looks = 0;

  /** Begins to record; returns a function that ends it. */
  start(): () => void {
    if (this.#users++ === 0) {
      this.#beat();
      this.#due = now() + INTERVAL;
      // Outside tasks: the timer would keep the caller's alive.
      runAt(undefined, () => {
        this.#timer = setInterval(() => this.#onTime(), INTERVAL * 1000);
      }, undefined);
      unref(this.#timer!);
    }
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      if (--this.#users > 0) return;
      clearInterval(this.#timer);
      this.#beats = [];
    };
  }

  /** Returns the age, in seconds, of the task or await with a number at a time; `null` if nothing was recorded. */
  ageOf(order: number, at: number): number | null {
    const beats = this.#beats;
    if (beats.length === 0) return null;
    let low = 0;
    let high = beats.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (beats[middle]!.order < order) low = middle + 1;
      else high = middle;
    }
    const after = beats[low]?.time ?? at;
    const before = beats[low - 1]?.time ?? after;
    return at - (before + after) / 2;
  }

  #onTime(): void {
    const late = now() - this.#due;
    if (late >= MIN_STALL) {
      this.stalls.push({ at: Date.now(), seconds: late });
      if (this.stalls.length > MAX_STALLS) this.stalls.shift();
    }
    this.#due = now() + INTERVAL;
    if (++this.#looks % LOOKS === 0) this.#beat();
  }

  #beat(): void {
    this.#beats.push({ time: now(), order: newestOrder });
    if (this.#beats.length <= MAX_BEATS) return;
    this.#beats = this.#beats.filter((_, index) =>
      index >= MAX_BEATS / 2 || index % 2 === 0
    );
  }
}

function now(): number {
  return performance.now() / 1000;
}

/** Keeps the timer from keeping the process running. */
function unref(timer: number | { unref(): void }): void {
  if (typeof timer === "object") timer.unref();
  else Deno.unrefTimer(timer);
}

export const pulse: Pulse = new Pulse();
