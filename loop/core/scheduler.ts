// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Call, TimedCall } from "./call.ts";
import { RingBuffer } from "./ring_buffer.ts";
import { type Timer, TimerQueue } from "./timer_queue.ts";
import type { EventLoop } from "../event_loop.ts";
import { place, runAt } from "./async_context.ts";
import {
  currentTaskState,
  TaskState,
  unfinishedTaskStates,
} from "./task_state.ts";
import { type Runnable, runStep } from "./runnable.ts";
import { KeyboardInterrupt } from "./errors.ts";
import { DENO_HOST, type Host } from "./host.ts";
import type { ExceptionContext } from "./introspection/reports.ts";
import { Mark } from "./line.ts";
import { isInstance } from "./unknown_value.ts";
import { wrongType } from "./validate.ts";

/** How long, in seconds, tasks may keep each other busy before I/O has its turn. */
const SLICE = 0.001;
/** How often, in seconds, the clock is looked at during a slice. */
const CLOCK_INTERVAL = 0.0001;
const MAX_ENTRIES_PER_LOOK = 512;

/** What debug mode wants to know of the work. */
export interface StepWatch {
  /** An entry is being worked on, or the task whose step that entry began. */
  began(work: object): void;
  /** That is over. */
  over(): void;
}

/** Something that keeps the process alive, and must not outlive the loop it belongs to. */
export interface Resource {
  /** Lets go of the host's resources at once, and says nothing to anybody. */
  abandon(): void;
  /** Takes in nothing new, as the program ends. What is there already goes on. */
  retire?(): void;
}

/** Work that several things in one entry ask for and that is done once, at its end. */
export interface StepEndHook {
  /** Does it. Runs no code of the user's, and does not throw. */
  run(): void;
}

/** How many coroutines get their number from one series; a number is its series and its place there. */
const SERIES_SIZE = 2 ** 24;
const schedulerOfSeries = new Map<number, Scheduler>();
let seriesBegun = 0;

/**
 * The ready queue, the timers and the steps of one event loop. It knows no I/O.
 *
 * At most one entry is being worked on at a time. A callback is over when it returns; a task's step
 * when the task suspends on a future, ends, or when no microtask is left (it awaits something that
 * tells us nothing). Only then does the next entry run.
 */
export class Scheduler {
  readonly host: Host;
  /** What is to be abandoned when the loop closes; what ends before takes itself out. */
  readonly resources: Set<Resource> = new Set();
  /** What ends a moment after the loop has let go of it: processes that it killed. None rejects. */
  readonly ending: Promise<unknown>[] = [];
  /** How many promises, processes and jobs of workers this loop waits for. */
  outside = 0;
  /** Calls of the library's that began in the open step, and have not suspended: the step goes on in them. */
  readonly #calls: TaskState[] = [];
  /** Coroutines that once awaited something foreign, and perhaps do. */
  readonly #elsewhere = new Set<TaskState>();
  /** Watches the work in debug mode, which is on where this is set. */
  debug: StepWatch | null = null;
  #loop: EventLoop | null = null;
  readonly #ready = new RingBuffer<Runnable>();
  readonly #timers = new TimerQueue<Runnable>();
  readonly #stepEndHooks: StepEndHook[] = [];
  /** How many entries of the current batch have not run yet. */
  #batch = 0;
  closed = false;
  /** An entry is being worked on, or it is settled when the next one will be. */
  #busy = false;
  /** The scheduler works itself: the async context may then be that of any code. */
  isPumping = false;
  #isExecuting = false;
  /** The step that began with the entry is over before the entry is. */
  #hasEndedAtOnce = false;
  #open: TaskState | null = null;
  /** A macrotask is on its way: it ends a step which told us nothing, and until then the slice lasts. */
  #turnArmed = false;
  #sliceStart = 0;
  #entriesUntilLook = 1;
  #entriesPerLook = 1;
  #lastLook = 0;
  #hostTimer: { when: number; cancel: () => void } | null = null;
  #running: boolean;
  #stopping = false;
  /** `stop()` takes effect at the end of a batch, so one batch runs even if it came before the start. */
  #firstBatch = false;
  #onStop: ((interrupt: KeyboardInterrupt | null) => void) | null = null;
  #interrupt: KeyboardInterrupt | null = null;
  #series = 0;
  #place = SERIES_SIZE;

  constructor(host: Host = DENO_HOST, options: { running?: boolean } = {}) {
    this.host = host;
    this.#running = options.running ?? false;
  }

  get running(): boolean {
    return this.#running;
  }

  /** Whether nothing is being worked on, and nothing is ready. */
  get idle(): boolean {
    return !this.#busy;
  }

  /** The loop that presents this scheduler to the user. */
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

  /** Puts an entry at the end of the ready queue. */
  enqueue(entry: Runnable): void {
    this.#ready.push(entry);
    if (!this.#busy) this.#wake();
  }

  /** Makes an entry ready at `when`. */
  schedule(when: number, entry: Runnable): Timer<Runnable> {
    const timer = this.#timers.add(when, entry);
    if (!this.#busy) this.#armHostTimer();
    return timer;
  }

  unschedule(timer: Timer<Runnable>): void {
    this.#timers.cancel(timer);
    if (!this.#busy && this.#hostTimer !== null) this.#armHostTimer();
  }

  /** Calls a function of the library in its turn. */
  call(fn: () => void): void;
  call<A>(fn: (argument: A) => void, argument: A): void;
  call<A>(fn: (argument: A | undefined) => void, argument?: A): void {
    this.enqueue(new Call(fn, argument));
  }

  /** Calls a function of the library at a time, in its turn. */
  at(when: number, fn: () => void): TimedCall {
    return new TimedCall(this, when, fn);
  }

  /** Has some work done when the entry that runs is over, before the next; at once if none runs. */
  onStepEnd(hook: StepEndHook): void {
    if (this.#busy) this.#stepEndHooks.push(hook);
    else hook.run();
  }

  /** When the next timer is due; `null` if there is none. */
  deadline(): number | null {
    return this.#timers.next();
  }

  /** A number that no other task of any scheduler has. */
  nextId(): number {
    if (this.#place === SERIES_SIZE) {
      this.#place = 0;
      this.#series = seriesBegun++;
      schedulerOfSeries.set(this.#series, this);
    }
    return this.#series * SERIES_SIZE + this.#place++;
  }

  /** The coroutines that have not finished, oldest first. */
  unfinished(): TaskState[] {
    return unfinishedTaskStates().filter((each) => each.scheduler === this);
  }

  /** A step of `taskState` begins. */
  opened(taskState: TaskState): void {
    this.#open = taskState;
    this.isPumping = false;
    if (this.debug !== null) this.debug.began(taskState.task!);
    if (!this.#turnArmed) this.#armTurn();
  }

  /** `taskState` began outside every step, and may await something foreign. */
  left(taskState: TaskState): void {
    if (!taskState.finished) this.#elsewhere.add(taskState);
  }

  /** `call` begins. In the step of its caller, it is a part of that. */
  began(call: TaskState): void {
    const { caller } = call;
    const isInStep = caller != null &&
      (this.#open === caller || this.#calls.includes(caller));
    if (isInStep) this.#calls.push(call);
    else this.left(call);
  }

  /** `taskState` awaits nothing foreign any more. */
  returned(taskState: TaskState): void {
    if (this.#elsewhere.size > 0) this.#elsewhere.delete(taskState);
    if (this.#calls.length > 0) this.#dropCall(taskState);
  }

  /** The coroutines that await something that tells us nothing. */
  elsewhere(): TaskState[] {
    for (const taskState of this.#elsewhere) {
      if (taskState.waiting > 0) this.#elsewhere.delete(taskState);
    }
    return [...this.#elsewhere];
  }

  /** `taskState` suspended on a future: if its step was open, that is over. */
  suspended(taskState: TaskState): void {
    if (this.#calls.length > 0) this.#passStep(taskState);
    if (this.#open !== taskState) return;
    this.#open = null;
    // Not in place: this may be a direct call of `then` in the middle of the user's code.
    queueMicrotask(this.#pump);
  }

  /** `taskState` ended: if its step was open, that is over. Nothing of the user's is on the stack. */
  ended(taskState: TaskState): void {
    if (this.#calls.length > 0) this.#passStep(taskState);
    if (this.#open !== taskState) return;
    this.#open = null;
    if (this.#isExecuting) this.#hasEndedAtOnce = true;
    else this.#pump();
  }

  /** `taskState` suspended. If its step was open, that goes on in a call that has not. */
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

  /** The step of `taskState`, if it is open, is over, and other code has it now or calls {@linkcode proceed}. */
  handOver(taskState: TaskState): void {
    if (this.#open === taskState) this.#open = null;
  }

  /** Whether a step of `taskState` is open. */
  isOpen(taskState: TaskState): boolean {
    return this.#open === taskState;
  }

  /** Goes on with the next entry. For an entry that made the scheduler wait; called once. */
  readonly proceed = (): void => this.#pump();

  /** Works off the queue until {@linkcode stop}; rejects with what {@linkcode interrupt} was given. */
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

  /** Ends the work after the current batch. */
  stop(): void {
    this.#stopping = true;
    if (!this.#busy) this.#wake();
  }

  /**
   * Ends the run with an error, after the current entry; what is ready stays so. Returns `false` if nothing runs
   * the loop: the default one turns with the process.
   */
  interrupt(interrupt: KeyboardInterrupt): boolean {
    if (this.#onStop === null) return false;
    this.#interrupt ??= interrupt;
    this.#batch = 0;
    this.stop();
    return true;
  }

  /**
   * Reports to the loop's exception handler what no user code can catch: the way of the whole library. A
   * `KeyboardInterrupt` that was thrown just now ends the run instead.
   */
  report(context: ExceptionContext): void {
    const { exception } = context;
    if (isInstance(exception, KeyboardInterrupt) && this.interrupt(exception)) {
      return;
    }
    this.loop.callExceptionHandler(context);
  }

  /** Forgets everything: the scheduler will not run again. */
  close(): void {
    this.closed = true;
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
      // The task goes on after something that told us nothing: from here on it has the step. One
      // that awaits something of ours does not go on; a listener of its own has called.
      this.opened(caller);
    } else {
      queueMicrotask(this.#pump);
    }
  }

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
        // A step that it began ends when the microtasks run dry.
        if (this.#open !== null) return;
      }
    }
  };

  #work(): void {
    if (this.debug !== null) this.debug.over();
    this.isPumping = true;
    while (true) {
      if (this.#stepEndHooks.length > 0) this.#runStepEndHooks();
      if (this.#batch === 0 && !this.#beginBatch()) break;
      if (--this.#entriesUntilLook <= 0 && this.#isSliceOver()) {
        this.host.macrotask(this.#resume, true);
        break;
      }
      this.#batch--;
      const entry = this.#take();
      this.#isExecuting = true;
      const mustWait = this.debug === null
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
    this.debug?.began(entry);
    const mustWait = entry[runStep]();
    if (!mustWait) this.debug?.over();
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

  /** Makes what is ready now the next batch. Returns whether there is something to do. */
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
    this.#sliceStart = this.#lastLook = this.#sliceTime();
    this.#entriesUntilLook = this.#entriesPerLook;
  }

  /** Looks at the clock, not at every entry but about every {@linkcode CLOCK_INTERVAL}. */
  #isSliceOver(): boolean {
    const now = this.#sliceTime();
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

  #sliceTime(): number {
    return this.host.sliceTime?.() ?? this.host.now();
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
      taskState.wasElsewhere = true;
    }
    this.#open = null;
    this.#calls.length = 0;
    this.#resume();
  };

  #armHostTimer(): void {
    const when = this.#running ? this.#timers.next() : null;
    if (this.#hostTimer !== null) {
      // One that fires too early does no harm: it is set anew then.
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

const schedulers = new WeakMap<object, Scheduler>();
let createLoop: (scheduler: Scheduler) => EventLoop;

/** Registers the factory that creates the `EventLoop` of a scheduler which has none yet. */
export function registerLoopFactory(
  factory: (scheduler: Scheduler) => EventLoop,
): void {
  createLoop = factory;
}

/** The scheduler behind a loop. */
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

/** The scheduler of the process's default loop: it is always running. */
export function defaultScheduler(): Scheduler {
  return fallback ??= new Scheduler(DENO_HOST, { running: true });
}

/** The scheduler that runs the code that calls, or `null` outside every loop. */
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

/** The scheduler that runs the code that calls, or else the default one. */
export function currentScheduler(): Scheduler {
  return currentTaskState()?.scheduler ?? runningScheduler() ??
    defaultScheduler();
}

/** Calls a function as a callback of `scheduler`: outside every task. */
export function callOutsideTasks(scheduler: Scheduler, fn: () => void): void {
  if (place() === scheduler) fn();
  else runAt(scheduler, fn, undefined);
}
