// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  nameOfOperation,
  nameOfState,
  nameOfWork,
  printable,
} from "./snapshot.ts";
import { type Scheduler, watchSchedulers } from "../scheduler.ts";
import { TaskState } from "../task_state.ts";
import type { SlowStep, Statistics, TraceEvent } from "./protocol.ts";
import { creationOf, describeFrame } from "./source_stacks.ts";
import type { StepWatch } from "../inspection.ts";

/** How often events are handed on, in milliseconds. */
const INTERVAL = 100;
/** The maximum number of events between two times; more are dropped, and counted. */
const MAX_EVENTS = 50_000;

/** Traces the steps, tasks and waits of all loops for a time, and yields the events in parts. */
export async function* traceParts(
  seconds: number,
): AsyncGenerator<TraceEvent[], void> {
  const tracer = new Tracer();
  const end = performance.now() + seconds * 1000;
  try {
    for (let left; (left = end - performance.now()) > 0;) {
      await new Promise((resolve) =>
        Deno.unrefTimer(setTimeout(resolve, Math.min(left!, INTERVAL)))
      );
      yield tracer.take();
    }
    tracer.close();
    yield tracer.take();
  } finally {
    tracer.close();
  }
}

/**
 * Steps are complete events on the track of their loop. Tasks, and the waits in them, are asynchronous events, which
 * may overlap; their id is the task's.
 */
class Tracer {
  readonly #ending: (() => void)[] = [];
  /** The wait of each task that was seen. */
  readonly #waits = new Map<TaskState, string | null>();
  #events: TraceEvent[] = [];
  #dropped = 0;
  #loops = 0;
  #isClosed = false;

  constructor() {
    this.#ending.push(watchSchedulers((scheduler) => this.#watch(scheduler)));
  }

  take(): TraceEvent[] {
    const events = this.#events;
    if (this.#dropped > 0) {
      events.push({
        name: `${this.#dropped} events were dropped`,
        ph: "i",
        s: "t",
        ts: now(),
        pid: Deno.pid,
        tid: 0,
      });
      this.#dropped = 0;
    }
    this.#events = [];
    return events;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const end of this.#ending) end();
    const ts = now();
    for (const state of this.#waits.keys()) this.#end(state, ts);
  }

  #watch(scheduler: Scheduler): void {
    const tid = ++this.#loops;
    this.#add({
      name: "thread_name",
      ph: "M",
      ts: 0,
      pid: Deno.pid,
      tid,
      args: { name: `steps of loop ${tid}` },
    });
    let work: object | null = null;
    let name = "";
    let start = 0;
    const stopSteps = scheduler.watchSteps({
      began: (begun) => {
        work = begun;
        start = now();
        // At its end, a task may have no name any more.
        name = nameOfWork(work);
        if (work instanceof TaskState) this.#endWait(work.owner, start);
      },
      over: () => {
        if (work === null) return;
        const ts = now();
        const args = work instanceof TaskState
          ? { task: work.owner.order }
          : {};
        const dur = ts - start;
        this.#add({ name, ph: "X", ts: start, dur, pid: Deno.pid, tid, args });
        if (work instanceof TaskState) this.#beginWait(work.owner, ts);
        work = null;
      },
    });
    const stopTasks = scheduler.watchTasks({
      created: (state) => {
        if (state.caller === undefined) this.#begin(state, now());
      },
      cancelled: (state) => this.#note(state.owner, "cancel"),
      finished: (state) => {
        if (this.#waits.has(state)) this.#end(state, now());
      },
    });
    this.#ending.push(stopSteps, stopTasks);
    const ts = now();
    for (const state of scheduler.unfinished()) {
      if (state.caller !== undefined) continue;
      this.#begin(state, ts);
      this.#beginWait(state, ts);
    }
  }

  #begin(state: TaskState, ts: number): void {
    this.#waits.set(state, null);
    this.#async("b", state, ts, nameOfState(state));
  }

  #end(state: TaskState, ts: number): void {
    this.#endWait(state, ts);
    this.#waits.delete(state);
    this.#async("e", state, ts, nameOfState(state));
  }

  #beginWait(state: TaskState, ts: number): void {
    if (state.finished || !this.#waits.has(state)) return;
    const wait = state.wait ?? state.waits()[0];
    const name = wait == null ? "outside" : nameOfOperation(wait.future);
    this.#waits.set(state, name);
    this.#async("b", state, ts, name);
  }

  #endWait(state: TaskState, ts: number): void {
    const name = this.#waits.get(state);
    if (name == null) return;
    this.#waits.set(state, null);
    this.#async("e", state, ts, name);
  }

  #note(state: TaskState, name: string): void {
    this.#add({
      name,
      ph: "i",
      s: "t",
      ts: now(),
      pid: Deno.pid,
      tid: 0,
      args: { task: state.order },
    });
  }

  #async(ph: "b" | "e", state: TaskState, ts: number, name: string): void {
    this.#add({
      name,
      ph,
      cat: "task",
      id: state.order,
      ts,
      pid: Deno.pid,
      tid: 0,
    });
  }

  #add(event: TraceEvent): void {
    if (this.#events.length < MAX_EVENTS) this.#events.push(event);
    else this.#dropped++;
  }
}

/** The time in microseconds. */
function now(): number {
  return Math.round(performance.now() * 1000);
}

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
