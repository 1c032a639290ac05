// Copyright 2026 the asyncio for Deno authors. MIT license.

import { creationOf } from "./source_stacks.ts";
import { describeFrame } from "./call_stack.ts";
import { printable } from "./printable.ts";
import { watchSchedulers } from "../scheduler.ts";
import { TaskState } from "../task_state.ts";
import type { StepWatch } from "../watch.ts";
import type { SlowStep, Statistics } from "./protocol.ts";
import { nameOfWork } from "./work_name.ts";

/** The number of slow steps that are remembered, and how long one is, in milliseconds, at least. */
const REMEMBERED = 20;
const MIN_SLOW = 1;
/** How often the delay of the loop is measured, in milliseconds. */
const LAG_INTERVAL = 50;

/** Counts and times the steps of all loops while a viewer asks for that. */
export class StepMonitor {
  readonly #start = performance.now();
  readonly #ending: (() => void)[] = [];
  readonly #timer: ReturnType<typeof setInterval>;
  #steps = 0;
  #busy = 0;
  #slowest: SlowStep[] = [];
  #due = performance.now() + LAG_INTERVAL;
  #lag = { longest: 0, sum: 0, count: 0 };

  constructor() {
    this.#ending.push(watchSchedulers((scheduler) => {
      this.#ending.push(scheduler.watchSteps(this.#watch()));
    }));
    this.#timer = setInterval(() => this.#onTime(), LAG_INTERVAL);
    Deno.unrefTimer(this.#timer);
  }

  /** Returns what was measured; the delays since the last call. */
  read(): Statistics {
    const { longest, sum, count } = this.#lag;
    this.#lag = { longest: 0, sum: 0, count: 0 };
    return {
      seconds: (performance.now() - this.#start) / 1000,
      steps: this.#steps,
      busy: this.#busy / 1000,
      lag: { longest, mean: count === 0 ? 0 : sum / count },
      slowest: this.#slowest,
    };
  }

  close(): void {
    clearInterval(this.#timer);
    for (const end of this.#ending) end();
  }

  #onTime(): void {
    const now = performance.now();
    const late = Math.max(0, now - this.#due) / 1000;
    this.#due = now + LAG_INTERVAL;
    this.#lag.longest = Math.max(this.#lag.longest, late);
    this.#lag.sum += late;
    this.#lag.count++;
  }

  #watch(): StepWatch {
    let work: object | null = null;
    let start = 0;
    return {
      began: (begun) => {
        work = begun;
        start = performance.now();
      },
      over: () => {
        if (work === null) return;
        const took = performance.now() - start;
        this.#steps++;
        this.#busy += took;
        if (took >= MIN_SLOW) this.#note(work, took);
        work = null;
      },
    };
  }

  #note(work: object, took: number): void {
    const seconds = took / 1000;
    const last = this.#slowest.at(-1);
    const isFull = this.#slowest.length === REMEMBERED;
    if (isFull && seconds <= last!.seconds) return;
    const isTask = work instanceof TaskState;
    const [site] = creationOf((isTask ? work.task : work) ?? work);
    const step: SlowStep = {
      name: nameOfWork(work),
      task: isTask ? work.owner.order : null,
      seconds,
      at: Date.now(),
      site: site === undefined ? null : printable(describeFrame(site)),
    };
    this.#slowest = [...this.#slowest, step]
      .sort((a, b) => b.seconds - a.seconds).slice(0, REMEMBERED);
  }
}
