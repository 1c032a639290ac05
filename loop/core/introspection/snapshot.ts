// Copyright 2026 the asyncio for Deno authors. MIT license.

import { runAt } from "../async_context.ts";
import { BodyScope, newestOrder, TaskState } from "../task_state.ts";
import { Future, homeOf } from "../future.ts";
import { inlineCallOf } from "../inline_call.ts";
import {
  type Facts,
  facts,
  type Inspectable,
  setQueueWatch,
} from "../inspection.ts";
import { operationOf, PrimitiveFuture } from "../primitive_future.ts";
import { openSchedulers, type Scheduler } from "../scheduler.ts";
import type { Scope, Wait } from "../scope.ts";
import { stateOf, Task } from "../task.ts";
import { awaitersOf } from "./task_stack.ts";
import {
  creationOf,
  type FrameCallGraphEntry,
  isOfUser,
  suspendedFrames,
} from "./source_stacks.ts";
import { callbackOf, Handle } from "../handle.ts";

/** Longer texts are cut off: a name may be of any length. */
const MAX_LENGTH = 200;

/** Characters that move the cursor of a terminal, hide or reorder text: controls, formats, separators, surrogates. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Returns a text on one line without control sequences: those are escaped, as `\u{1b}`. */
export function printable(text: string, maxLength = MAX_LENGTH): string {
  const cut = text.length > maxLength
    ? `${text.slice(0, maxLength).replace(/[\ud800-\udbff]$/, "")}…`
    : text;
  return cut.replace(
    UNSAFE,
    (unsafe) => `\\u{${unsafe.codePointAt(0)!.toString(16)}}`,
  );
}

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

/** The version of the form of snapshots; it changes if a reader of the form before would misunderstand it. */
export const SNAPSHOT_VERSION = 1;

/** How long, in milliseconds, the program is stopped at a time. */
const SLICE = 10;
/** How many tasks or objects are described between two looks at the clock. */
const PART_SIZE = 200;
/** Calls of the library may await others of its calls. */
const MAX_DEPTH = 8;
/** The number of frames of a stack. */
const MAX_FRAMES = 12;

/**
 * What a task does: it has not begun (`new`), its turn has come (`ready`), it is running, it awaits something of the
 * library (`waiting`), or something else, such as a promise of the platform (`outside`).
 */
export type TaskActivity = "new" | "ready" | "running" | "waiting" | "outside";

/** A snapshot of all event loops of a program. Names and places only: no values that the program passes around. */
export interface Snapshot {
  readonly version: typeof SNAPSHOT_VERSION;
  /** When it was taken, in milliseconds since the epoch. */
  readonly at: number;
  readonly loops: readonly LoopInfo[];
  /** The tasks that are not done, oldest first; only the first ones if a limit was given. */
  readonly tasks: readonly TaskInfo[];
  /** The objects that tasks wait for, and what else is known: queues and connections. */
  readonly objects: readonly ObjectInfo[];
  readonly stalls: readonly Stall[];
}

/** An event loop. */
export interface LoopInfo {
  readonly id: number;
  readonly running: boolean;
  readonly debug: boolean;
  /** The number of tasks by what they do. */
  readonly tasks: Readonly<Record<TaskActivity, number>>;
  /** The number of ready callbacks and steps, and of timers. */
  readonly ready: number;
  readonly timers: number;
}

/** A task, or a call of the library that was made outside tasks. */
export interface TaskInfo {
  readonly id: number;
  readonly name: string;
  readonly loop: number;
  readonly activity: TaskActivity;
  readonly isCall?: true;
  /** Its age in seconds. */
  readonly age?: number;
  /** The number of requests to cancel it. */
  readonly cancelling?: number;
  readonly waits?: readonly WaitInfo[];
  /** The tasks that await it, by their ids. */
  readonly awaitedBy?: readonly number[];
  /** Its time limits, groups and cancel scopes, outer ones first. */
  readonly scopes?: readonly ScopeInfo[];
  /** The name of the function that it runs, if that has one. */
  readonly runs?: string;
  /** The stacks of its creation and of its `await`, innermost first, if they were recorded. */
  readonly created?: readonly Site[];
  readonly stack?: readonly Site[];
}

/** A pending `await`. */
export interface WaitInfo {
  /** The operation, such as `Lock.acquire()`; `task` for a task, `Future` for a plain future. */
  readonly for: string;
  /** How long, in seconds. */
  readonly age?: number;
  /** The seconds until it ends by itself. */
  readonly left?: number;
  /** The object, by its id. */
  readonly on?: number;
  /** The awaited task, by its id. */
  readonly task?: number;
  /** The scope that it is in, by its index. */
  readonly scope?: number;
  /** The waits of the awaited call of the library itself. */
  readonly inside?: readonly WaitInfo[];
}

/** A part of a task that can be cancelled by itself. */
export interface ScopeInfo {
  readonly kind: string;
  /** The scope around it, by its index, if that is not the task. */
  readonly parent?: number;
  /** The seconds until its deadline. */
  readonly left?: number;
  readonly shield?: true;
  readonly cancelled?: true;
  /** The tasks of a group, by their ids. */
  readonly tasks?: readonly number[];
}

/** An object that tasks wait for, with facts that depend on its kind. */
export interface ObjectInfo {
  readonly id: number;
  readonly kind: string;
  /** Its holders, if they are known: tasks by their ids, tasks that have ended, `null` for code outside tasks. */
  readonly holders?: readonly Holder[];
  readonly [fact: string]: Fact | readonly Holder[] | undefined;
}

type Fact = string | number | boolean | null;
export type Holder = number | "ended" | null;

/** A place in the source. */
export interface Site {
  readonly function: string | null;
  readonly file: string;
  readonly line: number;
}

/** A piece of a snapshot: the tasks and objects come in several, and then the rest. */
export type SnapshotPart =
  | { readonly tasks: readonly TaskInfo[] }
  | { readonly objects: readonly ObjectInfo[] }
  | Omit<Snapshot, "tasks" | "objects">;

/** The options of a snapshot. */
export interface SnapshotOptions {
  /** How many tasks are described, oldest first; all of them are counted. */
  readonly limit?: number;
}

const ids = new WeakMap<object, number>();
let newestId = 0;

function idOf(object: object): number {
  let id = ids.get(object);
  if (id === undefined) ids.set(object, id = ++newestId);
  return id;
}

let knownQueues: WeakRef<Inspectable>[] = [];
/** The number of known queues at which those that were collected are dropped. */
let maxQueues = 0;

/** Begins to remember the queues that are created: snapshots then show also those that no task waits for. */
export function rememberQueues(): void {
  setQueueWatch((queue) => {
    if (knownQueues.length >= maxQueues) {
      dropCollected();
      maxQueues = Math.max(1000, 2 * knownQueues.length);
    }
    knownQueues.push(new WeakRef(queue as Inspectable));
  });
}

function dropCollected(): void {
  knownQueues = knownQueues.filter((each) => each.deref() !== undefined);
}

/** Takes a snapshot at once. */
export function snapshotNow(options?: SnapshotOptions): Snapshot {
  return assemble([...new Collector(options).parts()]);
}

/** Takes a snapshot in slices, between which the program goes on. */
export async function takeSnapshot(
  options?: SnapshotOptions,
): Promise<Snapshot> {
  const parts: SnapshotPart[] = [];
  for await (const part of snapshotParts(options)) parts.push(part);
  return assemble(parts);
}

/** Takes a snapshot in slices, and gives each part as soon as it is known. */
export async function* snapshotParts(
  options?: SnapshotOptions,
): AsyncGenerator<SnapshotPart, void> {
  let start = performance.now();
  for (const part of new Collector(options).parts()) {
    yield part;
    if (performance.now() - start < SLICE) continue;
    await new Promise((resolve) => setTimeout(resolve, 0));
    start = performance.now();
  }
}

/** Puts the parts of a snapshot together. */
export function assemble(parts: readonly SnapshotPart[]): Snapshot {
  const rest = parts.at(-1) as Omit<Snapshot, "tasks" | "objects">;
  return {
    ...rest,
    tasks: parts.flatMap((part) => "tasks" in part ? part.tasks : []),
    objects: parts.flatMap((part) => "objects" in part ? part.objects : []),
  };
}

class Collector {
  readonly #limit: number;
  readonly #objects = new Set<Inspectable>();
  /** All ages are those at the beginning: tasks of one age can be sorted. */
  readonly #now = performance.now() / 1000;

  constructor({ limit = Infinity }: SnapshotOptions = {}) {
    this.#limit = limit;
  }

  *parts(): Generator<SnapshotPart, void> {
    const loops: LoopInfo[] = [];
    let described = 0;
    for (const scheduler of openSchedulers()) {
      const counts = { new: 0, ready: 0, running: 0, waiting: 0, outside: 0 };
      let part: TaskInfo[] = [];
      let seen = 0;
      const states = scheduler.unfinished();
      for (const state of states) {
        // It may have ended since the first part.
        if (state.finished || state.caller != null) continue;
        const activity = activityOf(state);
        counts[activity]++;
        if (described++ < this.#limit) {
          part.push(this.#describeTask(state, activity));
        }
        if (++seen % PART_SIZE !== 0) continue;
        yield { tasks: part };
        part = [];
      }
      yield { tasks: part };
      const isOfUse = scheduler.running || states.length > 0;
      if (isOfUse) loops.push(describeLoop(scheduler, counts));
      this.#findObjects(scheduler);
    }
    yield* this.#objectParts();
    yield {
      version: SNAPSHOT_VERSION,
      at: Date.now(),
      loops,
      stalls: pulse.stalls,
    };
  }

  #describeTask(state: TaskState, activity: TaskActivity): TaskInfo {
    const future = state.task as Future<unknown>;
    const task = future instanceof Task ? future as Task<unknown> : null;
    const scopes = state.inside(true);
    const awaitedBy = idsOf(awaitersOf(future));
    const stack = suspendedFrames(future);
    const created = creationOf(future);
    return {
      id: state.order,
      name: printable(
        task === null
          ? inlineCallOf(future)?.name ?? "call"
          // Not a method of a subclass.
          : Task.prototype.getName.call(task),
      ),
      loop: idOf(state.scheduler),
      activity,
      ...task === null && { isCall: true },
      ...runsAt(task),
      ...ageAt(state.order, this.#now),
      ...cancellingAt(scopes),
      ...state.waiting > 0 && { waits: this.#describeWaits(scopes, 0) },
      ...awaitedBy.length > 0 && { awaitedBy },
      ...scopes.length > 1 && { scopes: describeScopes(scopes) },
      ...created.length > 0 && { created: sitesOf(created) },
      ...stack.length > 0 && { stack: sitesOf(stack) },
    };
  }

  #describeWaits(scopes: readonly Scope[], depth: number): WaitInfo[] {
    return scopes.flatMap((scope, index) =>
      waitsIn(scope).map((wait) => this.#describeWait(wait, index - 1, depth))
    );
  }

  #describeWait(wait: Wait, scope: number, depth: number): WaitInfo {
    const future = wait.future as Future<unknown>;
    const name = nameOfOperation(future);
    const common = {
      ...ageAt(wait.order, this.#now),
      ...scope >= 0 && { scope },
    };
    if (future instanceof Task) {
      return { for: name, ...common, task: stateOf(future).order };
    }
    const call = inlineCallOf(future);
    if (call !== null) {
      const inside = depth === MAX_DEPTH
        ? []
        : this.#describeWaits(call.state.inside(true), depth + 1);
      return { for: name, ...common, inside };
    }
    const on = future instanceof PrimitiveFuture
      ? operationOf(future).on
      : null;
    if (on === null) return { for: name, ...common };
    const { until } = on[facts]();
    if (typeof until === "number") {
      return { for: name, ...common, ...leftUntil(until, homeOf(future)) };
    }
    this.#objects.add(on);
    return { for: name, ...common, on: idOf(on) };
  }

  #findObjects(scheduler: Scheduler): void {
    for (const resource of scheduler.resources) {
      if (facts in resource) this.#objects.add(resource as Inspectable);
    }
  }

  *#objectParts(): Generator<SnapshotPart, void> {
    for (const reference of knownQueues) {
      const queue = reference.deref();
      if (queue !== undefined) this.#objects.add(queue);
    }
    let objects: ObjectInfo[] = [];
    // The set grows during the iteration.
    for (const object of this.#objects) {
      objects.push(this.#describeObject(object));
      if (objects.length < PART_SIZE) continue;
      yield { objects };
      objects = [];
    }
    yield { objects };
  }

  #describeObject(object: Inspectable): ObjectInfo {
    const info: Record<string, Fact | readonly Holder[]> = {};
    for (const [name, value] of Object.entries(object[facts]() as Facts)) {
      if (name === "holders") {
        info[name] = (value as (TaskState | null)[]).map(describeHolder);
      } else if (typeof value === "string") {
        info[name] = printable(value);
      } else if (typeof value !== "object" || value === null) {
        info[name] = value;
      } else if (facts in value) {
        this.#objects.add(value as Inspectable);
        info[name] = idOf(value);
      }
    }
    return { ...info, id: idOf(object) } as unknown as ObjectInfo;
  }
}

function describeHolder(state: TaskState | null): Holder {
  if (state === null) return null;
  return state.finished ? "ended" : state.owner.order;
}

function activityOf(state: TaskState): TaskActivity {
  if (state.isNew) return "new";
  if (state.scheduler.isOpen(state)) return "running";
  if (state.waiting === 0) return "outside";
  return state.inside(true).some((scope) => waitsIn(scope).some(isOver))
    ? "ready"
    : "waiting";
}

/** Whether what is awaited has its result, or is about to have it. */
function isOver({ future }: Wait): boolean {
  // Not a method of a subclass.
  if (Future.prototype.done.call(future as Future<unknown>)) return true;
  const call = inlineCallOf(future);
  if (call !== null) return activityOf(call.state) === "ready";
  return future instanceof PrimitiveFuture && operationOf(future).isReady;
}

function waitsIn({ wait, moreWaits }: Scope): readonly Wait[] {
  if (moreWaits === null) return wait === null ? NONE : [wait];
  return wait === null ? [...moreWaits] : [wait, ...moreWaits];
}

const NONE: readonly Wait[] = [];

function describeLoop(
  scheduler: Scheduler,
  tasks: Record<TaskActivity, number>,
): LoopInfo {
  return {
    id: idOf(scheduler),
    running: scheduler.running,
    debug: scheduler.debug,
    tasks,
    ready: scheduler.readyCount,
    timers: scheduler.timerCount,
  };
}

function describeScopes(scopes: readonly Scope[]): ScopeInfo[] {
  return scopes.slice(1).map((scope) => {
    const { kind, deadline } = scope instanceof BodyScope
      ? (scope.owner as Inspectable)[facts]()
      : { kind: "scope", deadline: null };
    const parent = scopes.indexOf(scope.parent!) - 1;
    const tasks = idsOf(scope.members as Iterable<Future<unknown>>);
    return {
      kind,
      ...parent >= 0 && { parent },
      ...typeof deadline === "number" &&
        leftUntil(deadline, scope.taskState.scheduler),
      ...scope.shield && { shield: true as const },
      ...scope.requests > 0 && { cancelled: true as const },
      ...tasks.length > 0 && { tasks },
    };
  });
}

/** Returns the ids of tasks; those of calls of the library are those of their callers. */
function idsOf(futures: Iterable<Future<unknown>>): number[] {
  const found = new Set<number>();
  for (const future of futures) {
    const state = future instanceof Task
      ? stateOf(future)
      : inlineCallOf(future)?.state.owner;
    if (state !== undefined && !state.finished) found.add(state.order);
  }
  return [...found];
}

function ageAt(order: number, now: number): { age?: number } {
  const age = pulse.ageOf(order, now);
  return age === null ? {} : { age: round(Math.max(0, age)) };
}

function cancellingAt(scopes: readonly Scope[]): { cancelling?: number } {
  let cancelling = 0;
  for (const scope of scopes) cancelling += scope.requests;
  return cancelling === 0 ? {} : { cancelling };
}

function leftUntil(when: number, scheduler: Scheduler): { left?: number } {
  return Number.isFinite(when) ? { left: round(when - scheduler.time()) } : {};
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

function sitesOf(frames: readonly FrameCallGraphEntry[]): Site[] {
  return frames.filter(isOfUser).slice(0, MAX_FRAMES).map((frame) => ({
    function: frame.functionName === null
      ? null
      : printable(frame.functionName),
    file: printable(frame.fileName),
    line: frame.lineNumber,
  }));
}

function runsAt(task: Task<unknown> | null): { runs?: string } {
  if (task === null) return {};
  const name = nameOfFunction(Task.prototype.getCoro.call(task));
  return name === null ? {} : { runs: name };
}

/** Returns the name that a function was given in the source; `null` if it has none. */
export function nameOfFunction(fn: unknown): string | null {
  let name: unknown;
  try {
    // Not through a getter of user code.
    name = Object.getOwnPropertyDescriptor(fn, "name")?.value;
  } catch {
    // A proxy that throws.
  }
  return typeof name === "string" && name !== "" ? printable(name) : null;
}

/** Names what is awaited: `Lock.acquire()`, `task`, or `Future` for a plain future. */
export function nameOfOperation(future: object): string {
  if (future instanceof Task) return "task";
  const call = inlineCallOf(future);
  if (call !== null) return printable(call.name);
  if (future instanceof PrimitiveFuture) return operationOf(future).name;
  return "Future";
}

/** Names a ready entry or a task; runs no user code. */
export function nameOfWork(work: object): string {
  if (work instanceof TaskState) return nameOfState(work);
  if (!(work instanceof Handle)) return "a callback of the library";
  const name = nameOfFunction(callbackOf(work));
  return name === null ? "a callback" : `callback ${name}`;
}

/** Names a task or an inline call by its state; those that ended have no name any more. */
export function nameOfState(state: TaskState): string {
  const { task } = state.owner;
  if (task === null) return "a task that has ended";
  if (!(task instanceof Task)) return inlineCallOf(task)?.name ?? "a call";
  // Not a method of a subclass.
  const name = printable(Task.prototype.getName.call(task));
  const runs = nameOfFunction(Task.prototype.getCoro.call(task));
  return /^Task-\d+$/.test(name) && runs !== null ? `${name} ${runs}()` : name;
}
