// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Call, type Runnable, runStep, TimedCall } from "./call.ts";
import { RingBuffer } from "./ring_buffer.ts";
import { type Timer, TimerQueue } from "./timer_queue.ts";
import type { EventLoop } from "../event_loop.ts";
import { place, runAt } from "./async_context.ts";
import { currentTaskState, TaskState } from "./task_state.ts";
import { KeyboardInterrupt } from "./errors.ts";
import { DENO_HOST, type Host } from "./host.ts";
import type { ExceptionContext } from "./introspection/reports.ts";
import { Mark, markLines } from "./line.ts";
import { isInstance } from "./unknown_value.ts";
import { wrongType } from "./validate.ts";
import {
  joinStepWatches,
  joinTaskWatches,
  type SiteWatch,
  type StepWatch,
  type TaskWatch,
} from "./inspection.ts";

/** How long, in seconds, tasks may keep each other busy before I/O has its turn. */
const SLICE = 0.002;
/** How often, in seconds, the clock is read during a slice. */
const CLOCK_INTERVAL = 0.0001;
const MAX_ENTRIES_PER_LOOK = 512;

/** Something that keeps the process alive and must not outlive its loop. */
export interface Resource {
  /** Releases its resources at once, without calling user code. */
  abandon(): void;
  /** Stops accepting new work, as the program ends. */
  retire?(): void;
}

/** Work coalesced to run once at the end of the current step. */
export interface StepEndHook {
  /** Does the work. Must not call user code, and must not throw. */
  run(): void;
}

/** The number of task states per series; the id of a task state is its series and its place there. */
const SERIES_SIZE = 2 ** 24;
const schedulerOfSeries = new Map<number, Scheduler>();
let seriesBegun = 0;

/**
 * The ready queue, the timers and the steps of one event loop. It does no I/O.
 *
 * At most one entry runs at a time. A callback ends when it returns. The step of a task ends when the task suspends
 * on a future, when it ends, or when the microtasks run dry because it awaits something foreign. Only then does the
 * next entry run.
 */
export class Scheduler {
  readonly host: Host;
  /** The resources to abandon when the loop closes; those that end earlier remove themselves. */
  readonly resources: Set<Resource> = new Set();
  /** Promises of resources that end shortly after their release, such as killed processes. None rejects. */
  readonly ending: Promise<unknown>[] = [];
  /** The number of promises, processes and worker jobs that the loop waits for. */
  outside = 0;
  /** The inline calls that began in the open step and have not suspended: the step continues in them. */
  readonly #calls: TaskState[] = [];
  /** The unfinished task states, oldest first, are a linked list. */
  firstUnfinished: TaskState | null = null;
  lastUnfinished: TaskState | null = null;
  /** The task states that awaited something foreign and may still do. */
  readonly #elsewhere = new Set<TaskState>();
  /** Whether the loop is in debug mode. */
  debug = false;
  // What watches, for debug mode and inspection. Watches must not throw or call user code.
  steps: StepWatch | null = null;
  tasks: TaskWatch | null = null;
  sites: SiteWatch | null = null;
  readonly #stepWatches = new Set<StepWatch>();
  readonly #taskWatches = new Set<TaskWatch>();
  readonly #self = new WeakRef(this);
  #loop: EventLoop | null = null;
  readonly #ready = new RingBuffer<Runnable>();
  readonly #timers = new TimerQueue<Timer>();
  readonly #stepEndHooks: StepEndHook[] = [];
  /** The number of entries of the current batch that have not run yet. */
  #batch = 0;
  closed = false;
  /** Whether an entry is running, or the time of the next one is settled. */
  #busy = false;
  /** Whether the scheduler itself is running: the async context may then be that of any code. */
  isPumping = false;
  #isExecuting = false;
  /** Whether the step that the current entry began is over before the entry is. */
  #hasEndedAtOnce = false;
  #open: TaskState | null = null;
  /** Whether a macrotask is scheduled, which ends a step that has not ended by then; the slice lasts until then. */
  #turnArmed = false;
  /** Long ago at first, so I/O has its turn before the first step: signal listeners of an earlier run end in it. */
  #sliceStart = 0;
  #entriesUntilLook = 1;
  #entriesPerLook = 1;
  #lastLook = 0;
  #hostTimer: { when: number; cancel: () => void } | null = null;
  #running: boolean;
  #stopping = false;
  /** `stop()` takes effect at the end of a batch, so one batch runs even if it was called before the start. */
  #firstBatch = false;
  #onStop: ((interrupt: KeyboardInterrupt | null) => void) | null = null;
  #interrupt: KeyboardInterrupt | null = null;
  #series = 0;
  #place = SERIES_SIZE;

  constructor(host: Host = DENO_HOST, options: { running?: boolean } = {}) {
    this.host = host;
    this.#running = options.running ?? false;
    created.add(this.#self);
    for (const watch of creationWatches) watch(this);
  }

  get running(): boolean {
    return this.#running;
  }

  /** Whether nothing is running and nothing is ready. */
  get idle(): boolean {
    return !this.#busy;
  }

  /** The number of entries that are ready to run. */
  get readyCount(): number {
    return this.#ready.size;
  }

  /** The number of timers, including some that were cancelled. */
  get timerCount(): number {
    return this.#timers.size;
  }

  /** The event loop of this scheduler. */
  get loop(): EventLoop {
    return this.#loop ?? createLoop(this);
  }

  /** Set once, by the constructor of the loop. */
  set loop(loop: EventLoop) {
    this.#loop = loop;
    schedulers.set(loop, this);
  }

  time(): number {
    return this.host.now();
  }

  /** Appends an entry to the ready queue. */
  enqueue(entry: Runnable): void {
    this.#ready.push(entry);
    if (!this.#busy) this.#wake();
  }

  /** Appends the entry of a timer to the ready queue when it is due. */
  schedule(timer: Timer): void {
    this.#timers.add(timer);
    if (!this.#busy) this.#armHostTimer();
  }

  unschedule(timer: Timer): void {
    this.#timers.cancel(timer);
    if (!this.#busy && this.#hostTimer !== null) this.#armHostTimer();
  }

  /** Calls a function of the library in its turn. */
  call(fn: () => void): void;
  call<A>(fn: (argument: A) => void, argument: A): void;
  call<A>(fn: (argument: A | undefined) => void, argument?: A): void {
    this.enqueue(new Call(fn, argument));
  }

  /** Calls a function of the library at a time, in its turn; `now` saves a look at the clock. */
  at(when: number, fn: () => void, now?: number): TimedCall {
    return new TimedCall(this, when, fn, now);
  }

  /** Calls a function of the library after some seconds, but not before what is ready: as `callLater()` does. */
  after(seconds: number, fn: () => void): TimedCall {
    return new TimedCall(this, this.time() + seconds, fn, -Infinity);
  }

  /** Runs a hook at the end of the current step, or at once if none is open. */
  onStepEnd(hook: StepEndHook): void {
    if (this.#busy) this.#stepEndHooks.push(hook);
    else hook.run();
  }

  /** Called when the current entry has taken long: the next one looks at the clock. */
  lookSoon(): void {
    this.#entriesUntilLook = 1;
  }

  /** The time, in seconds, by which slices are measured. */
  sliceTime(): number {
    return this.host.sliceTime?.() ?? this.host.now();
  }

  /** Returns the time of the next timer; `null` if there is none. */
  deadline(): number | null {
    return this.#timers.next();
  }

  /** Returns an id that is unique among the tasks of all schedulers. */
  nextId(): number {
    if (this.#place === SERIES_SIZE) {
      this.#place = 0;
      this.#series = seriesBegun++;
      schedulerOfSeries.set(this.#series, this);
    }
    return this.#series * SERIES_SIZE + this.#place++;
  }

  /** Adds a watch of the steps; returns a function that removes it. */
  watchSteps(watch: StepWatch): () => void {
    const update = () => this.steps = joinStepWatches([...this.#stepWatches]);
    this.#stepWatches.add(watch);
    update();
    return () => {
      this.#stepWatches.delete(watch);
      update();
    };
  }

  /** Adds a watch of the tasks; returns a function that removes it. */
  watchTasks(watch: TaskWatch): () => void {
    const update = () => this.tasks = joinTaskWatches([...this.#taskWatches]);
    this.#taskWatches.add(watch);
    update();
    return () => {
      this.#taskWatches.delete(watch);
      update();
    };
  }

  /** Returns the unfinished task states, oldest first. */
  unfinished(): TaskState[] {
    const states: TaskState[] = [];
    let each = this.firstUnfinished;
    for (; each !== null; each = each.next) states.push(each);
    return states;
  }

  /** Called when a step of `taskState` begins. */
  opened(taskState: TaskState): void {
    this.#open = taskState;
    this.isPumping = false;
    if (this.steps !== null) this.steps.began(taskState);
    if (!this.#turnArmed) this.#armTurn();
  }

  /** Called when `taskState` began outside steps; it may await something foreign. */
  left(taskState: TaskState): void {
    if (!taskState.finished) this.#elsewhere.add(taskState);
  }

  /** Called when an inline call begins; in the step of its caller, it is part of that step. */
  began(call: TaskState): void {
    const { caller } = call;
    const isInStep = caller != null &&
      (this.#open === caller || this.#calls.includes(caller));
    if (isInStep) this.#calls.push(call);
    else this.left(call);
  }

  /** Called when `taskState` no longer awaits anything foreign. */
  returned(taskState: TaskState): void {
    if (this.#elsewhere.size > 0) this.#elsewhere.delete(taskState);
    if (this.#calls.length > 0) this.#dropCall(taskState);
  }

  /** Returns the task states that await something foreign. */
  elsewhere(): TaskState[] {
    for (const taskState of this.#elsewhere) {
      if (taskState.waiting > 0) this.#elsewhere.delete(taskState);
    }
    return [...this.#elsewhere];
  }

  /** Called when `taskState` suspends on a future; this ends its step, if that is open. */
  suspended(taskState: TaskState): void {
    if (this.#calls.length > 0) this.#passStep(taskState);
    if (this.#open !== taskState) return;
    this.#open = null;
    // Not synchronously: this may be a direct call of `then` in the middle of user code.
    queueMicrotask(this.#pump);
  }

  /** Called when `taskState` ends or suspends with no user code on the stack; this ends its step, if that is open. */
  ended(taskState: TaskState): void {
    if (this.#calls.length > 0) this.#passStep(taskState);
    if (this.#open !== taskState) return;
    this.#open = null;
    if (this.#isExecuting) this.#hasEndedAtOnce = true;
    else this.#pump();
  }

  /** Passes the open step of `taskState`, which suspended, on to an inline call that has not. */
  #passStep(taskState: TaskState): void {
    this.#dropCall(taskState);
    if (this.#open !== taskState || this.#calls.length === 0) return;
    this.opened(this.#calls.pop()!);
  }

  #dropCall(taskState: TaskState): void {
    const calls = this.#calls;
    const index = calls.lastIndexOf(taskState);
    if (index === calls.length - 1) calls.pop();
    else if (index !== -1) calls.splice(index, 1);
  }

  /** Ends the step of `taskState`, if it is open, without a next entry: other code has taken over the step. */
  handOver(taskState: TaskState): void {
    if (this.#open === taskState) this.#open = null;
  }

  /** Whether a step of `taskState` is open. */
  isOpen(taskState: TaskState): boolean {
    return this.#open === taskState;
  }

  /** Continues with the next entry. An entry that made the scheduler wait must call it once. */
  readonly proceed = (): void => this.#pump();

  /** Runs the queue until {@linkcode stop}; rejects with the error of {@linkcode interrupt}. */
  start(): Promise<void> {
    this.#running = true;
    this.#firstBatch = true;
    return new Promise((resolve, reject) => {
      this.#onStop = (interrupt) =>
        interrupt === null ? resolve() : reject(interrupt);
      this.#busy = true;
      queueMicrotask(this.#pump);
    });
  }

  /** Stops after the current batch. */
  stop(): void {
    this.#stopping = true;
    if (!this.#busy) this.#wake();
  }

  /**
   * Stops with an error, after the current entry; the ready entries stay in the queue. Returns `false` for the default
   * loop, which no call runs.
   */
  interrupt(interrupt: KeyboardInterrupt): boolean {
    if (this.#onStop === null) return false;
    this.#interrupt ??= interrupt;
    this.#batch = 0;
    this.stop();
    return true;
  }

  /**
   * Reports an error that no user code can catch to the exception handler of the loop. A `KeyboardInterrupt` that was
   * thrown just now stops the loop instead.
   */
  report(context: ExceptionContext): void {
    const { exception } = context;
    if (isInstance(exception, KeyboardInterrupt) && this.interrupt(exception)) {
      return;
    }
    this.loop.callExceptionHandler(context);
  }

  /** Drops everything: the scheduler cannot run again. */
  close(): void {
    this.closed = true;
    created.delete(this.#self);
    this.#runStepEndHooks();
    for (const resource of this.resources) resource.abandon();
    this.resources.clear();
    for (const [series, scheduler] of schedulerOfSeries) {
      if (scheduler === this) schedulerOfSeries.delete(series);
    }
    this.#ready.clear();
    this.#timers.clear();
    this.#batch = 0;
    this.#armHostTimer();
  }

  #wake(): void {
    if (!this.#running) return;
    this.#busy = true;
    if (!this.#turnArmed) {
      this.#beginSlice();
      this.#armTurn();
    }
    const caller = currentTaskState();
    if (caller?.scheduler === this && caller.waiting === 0) {
      // The task continues after a foreign await: it becomes the open step. A task that awaits an object of the
      // library does not continue: the call comes from a listener that it registered.
      this.opened(caller);
    } else {
      queueMicrotask(this.#pumpSoon);
    }
  }

  /** `await sleep(0)` calls `then` first: what is done by then cannot be cancelled. */
  readonly #pumpSoon = (): void => queueMicrotask(this.#pump);

  readonly #pump = (): void => {
    while (true) {
      try {
        this.#work();
        return;
      } catch (exception) {
        this.#isExecuting = this.#hasEndedAtOnce = false;
        this.report({
          message: "An entry of the loop failed",
          exception,
        });
        // A step that the entry began ends when the microtasks run dry.
        if (this.#open !== null) return;
      }
    }
  };

  #work(): void {
    if (this.steps !== null) this.steps.over();
    this.isPumping = true;
    while (true) {
      if (this.#stepEndHooks.length > 0) this.#runStepEndHooks();
      if (this.#batch === 0 && !this.#beginBatch()) break;
      if (--this.#entriesUntilLook <= 0 && this.#isSliceOver()) {
        // A host timer of what was cancelled would outlive the program, or the test, that ends now.
        this.#armHostTimer();
        this.host.macrotask(this.#resume, true);
        break;
      }
      this.#batch--;
      const entry = this.#take();
      this.#isExecuting = true;
      const mustWait = this.steps === null
        ? entry[runStep]()
        : this.#executeWatched(entry);
      this.#isExecuting = false;
      if (!this.#hasEndedAtOnce) {
        if (mustWait) break;
      } else {
        this.#hasEndedAtOnce = false;
        this.isPumping = true;
      }
    }
    this.isPumping = false;
  }

  #runStepEndHooks(): void {
    for (const hook of this.#stepEndHooks) hook.run();
    this.#stepEndHooks.length = 0;
  }

  #executeWatched(entry: Runnable): boolean {
    this.steps?.began(entry);
    const mustWait = entry[runStep]();
    if (!mustWait) this.steps?.over();
    return mustWait;
  }

  readonly #resume = (): void => {
    this.#beginSlice();
    this.#pump();
  };

  #take(): Runnable {
    if (this.host.choose === undefined) return this.#ready.take();
    return this.#ready.takeAt(this.host.choose(this.#ready));
  }

  /** Begins a batch of the entries that are ready now. Returns whether there are any. */
  #beginBatch(): boolean {
    if (!this.#stopping || this.#firstBatch) {
      this.#firstBatch = false;
      if (!this.#timers.empty) this.#takeDueTimers();
      this.#batch = this.#ready.size;
      if (this.#batch > 0) return true;
    }
    if (this.#stopping) {
      this.#halt();
    } else {
      this.#busy = false;
      this.#armHostTimer();
      this.host.idle?.();
    }
    return false;
  }

  #takeDueTimers(): void {
    const now = this.host.now();
    for (let due; (due = this.#timers.takeDue(now)) !== null;) {
      this.#ready.push(due.entry);
    }
  }

  #halt(): void {
    this.#stopping = false;
    this.#running = false;
    this.#busy = false;
    this.#armHostTimer();
    const onStop = this.#onStop;
    const interrupt = this.#interrupt;
    this.#onStop = null;
    this.#interrupt = null;
    onStop?.(interrupt);
  }

  #beginSlice(): void {
    this.#sliceStart = this.#lastLook = this.sliceTime();
    this.#entriesUntilLook = this.#entriesPerLook;
  }

  /** Reads the clock, not at every entry but about every {@linkcode CLOCK_INTERVAL}. */
  #isSliceOver(): boolean {
    const now = this.sliceTime();
    const elapsed = Math.max(now - this.#lastLook, 1e-7);
    const entries = Math.floor(this.#entriesPerLook * CLOCK_INTERVAL / elapsed);
    this.#entriesPerLook = Math.max(
      1,
      Math.min(entries, 2 * this.#entriesPerLook, MAX_ENTRIES_PER_LOOK),
    );
    this.#entriesUntilLook = this.#entriesPerLook;
    this.#lastLook = now;
    return now - this.#sliceStart >= SLICE;
  }

  #armTurn(): void {
    this.#turnArmed = true;
    this.host.macrotask(this.#onTurn, false);
  }

  readonly #onTurn = (): void => {
    this.#turnArmed = false;
    if (this.#open === null) return;
    // The microtasks ran dry and the step is still open: its task awaits something foreign.
    for (const taskState of [this.#open, ...this.#calls]) {
      this.#elsewhere.add(taskState);
      taskState.rest.wasElsewhere = true;
      markLines();
    }
    this.#open = null;
    this.#calls.length = 0;
    this.#resume();
  };

  #armHostTimer(): void {
    const when = this.#running ? this.#timers.next() : null;
    if (this.#hostTimer !== null) {
      // A timer that fires too early does no harm: it is set again then.
      if (when !== null && this.#hostTimer.when <= when) return;
      this.#hostTimer.cancel();
      this.#hostTimer = null;
    }
    if (when === null) return;
    const cancel = this.host.timer(
      this.#onHostTimer,
      Math.max(0, when - this.host.now()),
    );
    this.#hostTimer = { when, cancel };
  }

  readonly #onHostTimer = (): void => {
    this.#hostTimer = null;
    if (this.#busy) return;
    this.#busy = true;
    this.#resume();
  };
}

const created = new Set<WeakRef<Scheduler>>();

/** Returns the schedulers that are not closed, oldest first. */
export function openSchedulers(): Scheduler[] {
  const open: Scheduler[] = [];
  for (const each of created) {
    const scheduler = each.deref();
    if (scheduler?.closed === false) open.push(scheduler);
    else created.delete(each);
  }
  return open;
}

const creationWatches = new Set<(scheduler: Scheduler) => void>();

/** Calls a function with each scheduler that is open or will be created; returns a function that ends this. */
export function watchSchedulers(
  watch: (scheduler: Scheduler) => void,
): () => void {
  for (const each of openSchedulers()) watch(each);
  creationWatches.add(watch);
  return () => void creationWatches.delete(watch);
}

const schedulers = new WeakMap<object, Scheduler>();
let createLoop: (scheduler: Scheduler) => EventLoop;

/** Registers the factory that creates the `EventLoop` of a scheduler which has none yet. */
export function registerLoopFactory(
  factory: (scheduler: Scheduler) => EventLoop,
): void {
  createLoop = factory;
}

/** Returns the scheduler of a loop. */
export function schedulerOf(loop: EventLoop): Scheduler {
  const scheduler = schedulers.get(loop);
  if (scheduler === undefined) {
    throw wrongType("The loop", "an EventLoop", loop);
  }
  return scheduler;
}

/** Whether a value is an event loop of this library. */
export function isEventLoop(value: unknown): value is EventLoop {
  return schedulers.has(value as object);
}

let fallback: Scheduler | null = null;

/** Returns the scheduler of the default loop, which is always running. */
export function defaultScheduler(): Scheduler {
  return fallback ??= new Scheduler(DENO_HOST, { running: true });
}

/** Returns the scheduler of the calling code, or `null` outside loops. */
export function runningScheduler(): Scheduler | null {
  const scheduler = schedulerAt(place());
  return scheduler === null || scheduler.closed ? null : scheduler;
}

function schedulerAt(where: unknown): Scheduler | null {
  if (where instanceof Scheduler) return where;
  const taskState = where instanceof Mark ? where.scope.taskState : where;
  if (taskState instanceof TaskState) return taskState.scheduler;
  if (typeof where !== "number") return null;
  return schedulerOfSeries.get(Math.floor(where / SERIES_SIZE)) ?? null;
}

/** Returns the scheduler of the calling code, or the default one. */
export function currentScheduler(): Scheduler {
  return currentTaskState()?.scheduler ?? runningScheduler() ??
    defaultScheduler();
}

/** Calls a function as a callback of `scheduler`, outside tasks. */
export function callOutsideTasks(scheduler: Scheduler, fn: () => void): void {
  if (place() === scheduler) fn();
  else runAt(scheduler, fn, undefined);
}
