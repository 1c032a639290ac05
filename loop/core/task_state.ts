// Copyright 2026 the asyncio for Deno authors. MIT license.

// deno-lint-ignore-file no-this-alias -- loops that go outward begin with `this`

import {
  isDirect,
  keep,
  type Kept,
  moveTo,
  place,
  resume,
  runAt,
} from "./async_context.ts";
import { endRelay } from "./_relay.ts";
import { type Runnable, runStep } from "./call.ts";
import { lineOf, watchUnhandledCancellations } from "./cancelled_error.ts";
import {
  areLinesMarked,
  BranchLine,
  descendsFrom,
  endSection,
  type Line,
  LineUnderWay,
  Mark,
  markLines,
  MAX_LINES,
  section,
  type Spot,
  step,
  type Stretch,
} from "./line.ts";
import { type CancelMessage, Scope } from "./scope.ts";
// Type-only import: schedulers run task states.
import type { Scheduler } from "./scheduler.ts";

/**
 * The state of a running task, which the scheduler runs in steps. It is the root of the task's scopes, the line of
 * execution with which the body begins, and the place of that line in the async context.
 */
export class TaskState extends Scope implements Runnable, Line, Spot {
  /** The number of futures that the body awaits; more than one if several lines do. */
  waiting = 0;
  /** The newest request to cancel a scope of the task. */
  newestRequest = 0;

  /** Its place among the tasks and awaits of all loops, by their beginning. */
  readonly order: number = nextOrder();

  // The members of a line.
  at: object | null = null;
  reached = 0;
  stretch: Stretch | null = null;

  /** The representation of the task state in the async context of its body, if the contexts are public. */
  readonly #id: number = 0;
  /** Its neighbours in the list of the unfinished task states of its scheduler. */
  previous: TaskState | null;
  next: TaskState | null = null;

  /** The task; `null` once it is done, because the async contexts of code left behind would retain its result. */
  task: object | null;
  /** The context in which the body starts. */
  #kept: Kept | null = null;

  /** The caller of an inline call, which has a root scope of its own; `undefined` for a task. */
  readonly caller: TaskState | null | undefined;

  constructor(
    readonly scheduler: Scheduler,
    task: object,
    caller?: TaskState | null,
  ) {
    super(null, null);
    this.task = task;
    this.caller = caller;
    this.previous = scheduler.lastUnfinished;
    if (this.previous === null) scheduler.firstUnfinished = this;
    else this.previous.next = this;
    scheduler.lastUnfinished = this;
    if (!isDirect) {
      this.#id = scheduler.nextId();
      byId.set(this.#id, this);
    }
    if (scheduler.tasks !== null) scheduler.tasks.created(this);
  }

  /** Whether a scope of the task is being cancelled: a circle of futures leads back here. */
  get isBeingCancelled(): boolean {
    return this.cancellation !== null && this.cancellation.isBeingCancelled;
  }

  get finished(): boolean {
    return this.task === null;
  }

  /** Whether the start of the body is scheduled. */
  get isNew(): boolean {
    return this.#kept !== null;
  }

  /** The state of the task that the code belongs to; this one outside tasks. */
  get owner(): TaskState {
    return this.caller?.owner ?? this;
  }

  /** The spot where the body begins. */
  get scope(): Scope {
    return this;
  }

  get line(): Line {
    return this;
  }

  get origin(): null {
    return null;
  }

  get seen(): number {
    return 0;
  }

  /**
   * The place in the async context where the body begins. With public contexts it is a number: Deno keeps the values of
   * a storage in a weak map, where objects cost garbage collection; creating a task took a quarter longer.
   */
  get place(): unknown {
    return isDirect ? this : this.#id;
  }

  /** Calls a function in the async context of the task state's body. */
  run<A>(fn: (argument: A) => void, argument: A): void {
    runAt(this.place, fn, argument);
  }

  /** Schedules the start of the body, with the user code's context of the caller. */
  startLater(): void {
    this.#kept = keep(this.place, start);
    this.scheduler.enqueue(this);
  }

  // The task state is in the ready queue, not the task: the stack of an error retains the receivers of its calls, and a
  // failed task must be collected for its error to be reported.
  [runStep](): boolean {
    const kept = this.#kept!;
    // It retains a good part of the memory of a sleeping task.
    this.#kept = null;
    resume(kept, start, this);
    return true;
  }

  /** Returns whether the calling code is, at this moment, code of a line of this task. */
  isCalling(line: Line): boolean {
    // While the scheduler runs, the context may be that of any line.
    return currentSpot()?.line === line && !this.scheduler.isPumping;
  }

  /** Leaves a request to the caller of an inline call that completes in spite of it; the caller gets the result first. */
  override [endRelay](message: CancelMessage): boolean {
    this.abortAfterRelay(message);
    return this.caller === undefined || !this.isUnheard;
  }

  /** Records that a request has reached a line, which is in a scope. */
  noteUnderWay(line: Line, scope: Scope): void {
    const { requested } = this;
    let count = 1;
    let last = requested.underWay;
    for (; last !== null; last = last.next) {
      if (last.line === line) {
        last.scope = scope;
        return;
      }
      if (last.next === null) break;
      count++;
    }
    const added = new LineUnderWay(line, scope);
    if (last === null) requested.underWay = added;
    else last.next = added;
    if (count === MAX_LINES) requested.underWay = requested.underWay!.next;
  }

  isUnderWay(line: Line): boolean {
    let each = this.cancellation?.underWay ?? null;
    while (each !== null && each.line !== line) each = each.next;
    return each !== null;
  }

  forgetUnderWay(line: Line): void {
    const { cancellation } = this;
    let previous: LineUnderWay | null = null;
    let each = cancellation?.underWay ?? null;
    for (; each !== null; previous = each, each = each.next) {
      if (each.line !== line) continue;
      if (previous === null) cancellation!.underWay = each.next;
      else previous.next = each.next;
      return;
    }
  }

  /** Called when the body has ended. Code that it left behind runs outside tasks from now on. */
  finish(): void {
    const { scheduler, previous, next } = this;
    if (scheduler.tasks !== null) scheduler.tasks.finished(this);
    this.task = null;
    if (previous === null) scheduler.firstUnfinished = next;
    else previous.next = next;
    if (next === null) scheduler.lastUnfinished = previous;
    else next.previous = previous;
    this.previous = this.next = null;
    if (this.cancellation !== null) this.cancellation.underWay = null;
    if (!isDirect) byId.delete(this.#id);
    scheduler.returned(this);
  }
}

/** The number of tasks and awaits of all loops so far. */
export let newestOrder = 0;

/** Returns a number that is greater than all before. */
export function nextOrder(): number {
  return ++newestOrder;
}

/** The unfinished task states of all schedulers, by the numbers in the public contexts. */
const byId = new Map<number, TaskState>();

/** Starts the body of a task. */
let start: (body: TaskState) => void;

/** Registers the function that starts the body of a task. */
export function registerStart(fn: (body: TaskState) => void): void {
  start = fn;
}

/** Returns the spot of the calling code in the body of its task, or `null` outside tasks. */
export function currentSpot(): Spot | null {
  const where = place() as Spot | number | undefined;
  return typeof where === "number"
    ? byId.get(where) ?? null
    : stillRunning(where);
}

/** Returns a spot if it is one, and its task has not finished; otherwise `null`. */
export function stillRunning(where: Spot | undefined): Spot | null {
  // The place of a scheduler has no scope.
  return where?.scope === undefined || where.scope.taskState.finished
    ? null
    : where;
}

/** Returns the state of the calling task, or `null` outside tasks. */
export function currentTaskState(): TaskState | null {
  return currentSpot()?.scope.taskState ?? null;
}

/** Returns the scope of a timeout that has abandoned the calling code, whose task may have finished since; or `null`. */
export function abandonedScope(): Scope | null {
  const where = place();
  if (!(where instanceof Mark)) return null;
  let scope: Scope | null = where.scope;
  while (scope !== null && !scope.isAbandoned) scope = scope.parent;
  return scope;
}

/** The number of lines in the stretch after reading a signal. */
export let stretches = 0;

/**
 * Returns the line of the code at a spot. It is the line to which the spot belongs, unless that is known to be elsewhere;
 * or one that branched off from it, that a request has reached, and whose function has returned to this one since.
 */
function lineAt(spot: Spot): Line {
  const { scope, line } = spot;
  if (scope.taskState.cancellation?.underWay) {
    const found = underWayAt(spot);
    if (found !== null) return found;
  }
  if (isFree(line)) return line;
  if (line.at === null) {
    line.stretch!.isInDoubt = true;
    if (!line.stretch!.abort) scope.taskState.forgetUnderWay(line);
  }
  return new BranchLine(line, spot.seen);
}

/** The line that the code at a spot is, if a request in force has reached that, or is known not to have; or `null`. */
function underWayAt(spot: Spot): Line | null {
  const { scope, line, seen } = spot;
  const { taskState } = scope;
  const back = taskState.rare?.back;
  const newest = scope.newestAround();
  if (newest === 0) return null;
  if (back?.step === step) {
    // The line of a group that failed may be one that branched off from that of the code.
    const isBack = back.line === line ||
      back.isDisplaced && descendsFrom(back.line, line);
    if (isBack && isFree(back.line)) return back.line;
  }
  if (isFree(line)) {
    const isUnderWay = taskState.isUnderWay(line) && line.reached >= newest &&
      !line.stretch?.abort;
    if (isUnderWay) return line;
  } else if (line.at === null && seen >= newest) {
    // What is called in the section that read a signal has seen what its caller has.
    return null;
  }
  const returned = returnedTo(spot, line, newest);
  if (returned !== null || !(line instanceof BranchLine)) return returned;
  // What called several functions goes on under the mark of the last, whichever ended.
  return returnedTo(spot, line.base, newest);
}

/**
 * Returns the line under way, in the scope of a spot, that a request has reached and that branched off from a line; or
 * `null`. Lines that were cancelled come before those that a foreign operation should end.
 */
function returnedTo(spot: Spot, line: Line, request: number): Line | null {
  const here = spot.scope.nearestOpen();
  let expected: Line | null = null;
  let underWay = spot.scope.taskState.cancellation!.underWay;
  for (; underWay !== null; underWay = underWay.next) {
    const { line: each, scope } = underWay;
    const isMeant = isFree(each) && each.reached >= request &&
      scope.nearestOpen() === here && descendsFrom(each, line);
    if (!isMeant) continue;
    if (!each.stretch?.abort) return each;
    if (!each.stretch.isInDoubt || each === spot.line) expected ??= each;
  }
  return expected;
}

/**
 * Returns whether the calling code may be that of a line. Code that continues in the synchronous section in which a
 * signal was read may be of another function than the one that read it.
 */
function isFree(line: Line): boolean {
  return line.at === null && line.stretch?.section !== section;
}

/**
 * Called when the line of the calling code is about to await a pending future: leaves a mark in the async context. Returns
 * the spot of the code, or `undefined` if that must be looked at again.
 */
export function arrive(future: object): Spot | undefined {
  if (!areLinesMarked) return undefined;
  const spot = currentSpot();
  if (spot === null) return undefined;
  if (isPlain(spot)) {
    spot.line.at = future;
    return spot;
  }
  const line = lineAt(spot);
  if (!leaveMark(spot, line) && line !== spot.line) return undefined;
  line.at = future;
  depart(spot.scope.taskState, line);
  return undefined;
}

/** Whether the code at a spot can only be the line of the spot, as far as that matters: the path of almost all awaits. */
function isPlain({ scope, line }: Spot): boolean {
  return line.at === null && line.stretch === null &&
    scope.taskState.newestRequest === 0;
}

/** Says in the async context which line the code is, and what has reached it. Returns whether that is said. */
function leaveMark(spot: Spot, line: Line): boolean {
  if (line === spot.line && line.reached === spot.seen) return true;
  const { taskState } = spot.scope;
  // Publicly a mark is dear, and of use only where lines await more than futures of the library.
  const isOfUse = isDirect || taskState.rare?.wasElsewhere ||
    taskState.newestRequest > 0;
  if (isOfUse) moveTo(new Mark(spot.scope, line, line.reached));
  return isOfUse;
}

/** The line of the code that calls, which begins to await a future whose `then` was read. */
export function arrived(spot: Spot, future: object): Line {
  if (spot.line.at === future) return spot.line;
  if (isPlain(spot)) {
    spot.line.at = future;
    return spot.line;
  }
  const line = lineAt(spot);
  line.at = future;
  depart(spot.scope.taskState, line);
  return line;
}

/** Called when a future that is done is awaited: that also ends the stretch after reading a signal. */
export function passThrough(): void {
  const line = currentSpot()?.line;
  if (!line?.stretch) return;
  if (isFree(line)) endStretch(line);
  else line.stretch.isInDoubt = true;
}

function depart(taskState: TaskState, line: Line): void {
  if (taskState.cancellation !== null) taskState.forgetUnderWay(line);
  if (line.stretch !== null) endStretch(line);
}

/** Called when a line continues, in a scope. */
export function goOn(scope: Scope, line: Line): void {
  line.at = null;
  const { taskState } = scope;
  if (line.reached === 0 || taskState.newestRequest === 0) return;
  taskState.noteUnderWay(line, scope);
}

/** Called when the calling code reads the signal of a scope. */
export function noteSignalRead(target: Scope): void {
  const spot = currentSpot();
  if (spot === null || spot.scope.taskState !== target.taskState) return;
  target.taskState.rest.wasElsewhere = true;
  markLines();
  const line = lineAt(spot);
  // The line has continued after the abort of a signal.
  if (line.stretch?.abort && isFree(line)) endStretch(line);
  // The request behind the abort of a signal may be withdrawn.
  const seen = line.stretch?.abort?.before ?? line.reached;
  if (line !== spot.line || seen !== spot.seen || !isDirect) {
    moveTo(new Mark(spot.scope, line, seen));
  }
  if (line.stretch === null) {
    stretches++;
    const scope = spot.scope.nearestOpen();
    line.stretch = {
      scopes: new Set(),
      scope,
      section,
      isInDoubt: false,
      abort: null,
    };
  }
  line.stretch.section = section;
  line.stretch.isInDoubt = false;
  queueMicrotask(endSection);
  line.stretch.scopes.add(target);
  target.addReader(line);
  const { readers } = target;
  if (readers.size > MAX_LINES) endStretch(readers.values().next().value!);
  target.expectReader(line);
}

/** Called when a line awaits an object of the library: ends the stretch after reading a signal. */
function endStretch(line: Line): void {
  const { scopes, abort } = line.stretch!;
  line.stretch = null;
  stretches--;
  for (const scope of scopes) scope.removeReader(line);
  if (abort === null) return;
  for (const scope of abort.told) scope.expectNoMore(line, true);
}

// A cancellation that is thrown out of a call which nothing awaits ends its line.
watchUnhandledCancellations((error) => {
  const line = lineOf(error) as Line | undefined;
  if (line?.at === null) line.at = line;
});

async function awaited<T>(value: T | PromiseLike<T>): Promise<T> {
  return await value;
}

/** A scope around a body in the calling task. */
export class BodyScope extends Scope {
  /** The number of requests to cancel the scopes around it when it opened. */
  readonly requestsBefore: number;
  /** Whether any of those had not reached the line that opened it. */
  readonly #hadPending: boolean;
  /** The line that entered it, and the line with which the body began. */
  readonly #outer: Line;
  readonly #line: Line;

  /** The owner of the scope, such as a time limit. */
  readonly owner: object;

  /**
   * Opens a scope inside that of the calling code.
   *
   * @param owner What the scope belongs to.
   * @param members The tasks that must end before the scope does.
   */
  constructor(owner: object, members?: Iterable<object>) {
    const spot = currentSpot()!;
    const scope = spot.scope.nearestOpen();
    const line = lineAt(spot);
    super(scope.taskState, scope);
    this.owner = owner;
    if (members !== undefined) this.members = members;
    // What else the code calls before it goes on has seen as much.
    leaveMark(spot, line);
    this.requestsBefore = scope.requestsAround();
    this.#hadPending = scope.pendingFor(line) !== null;
    this.#outer = line;
    this.#line = new BranchLine(line, line.reached, true);
    depart(this.taskState, line);
    if (this.taskState.rare !== null) this.taskState.rare.back = null;
    line.at = this;
  }

  /** Calls the body in the scope. Its result, if that is not a promise, is awaited inside the scope too. */
  run<A, T>(
    body: (argument: A) => T | PromiseLike<T>,
    argument: A,
  ): PromiseLike<T> {
    this.renewRequest();
    const mark = new Mark(this, this.#line, this.#line.reached);
    if (!isDirect) return runAt(mark, async () => await body(argument), null);
    const result = runAt(mark, body, argument);
    return result instanceof Promise ? result : runAt(mark, awaited, result);
  }

  /**
   * Takes a request back, as a limit that has expired and a group that failed do at their end in asyncio: its own, or
   * if user code has taken that back, whichever is left.
   */
  takeRequestBack(): void {
    if (this.requests > 0) this.uncancel();
    else if (!this.shield) {
      const root = this.taskState;
      let scope: Scope | null = root.requests > 0 ? root : this.parent;
      while (scope !== null && scope.requests === 0) scope = scope.outer;
      scope?.uncancel();
    }
  }

  /** How many requests around the scope were made since it opened, and not taken back. */
  get laterRequests(): number {
    if (this.shield) return 0;
    // Those from before may have been withdrawn since, or have ended with their scope.
    return Math.max(0, this.parent!.requestsAround() - this.requestsBefore);
  }

  /** Whether a request around the scope, which its opener had not met, reaches the body too and is met there. */
  get isOvertaken(): boolean {
    if (this.shield) return false;
    return this.laterRequests > 0 ||
      this.#hadPending && this.parent!.requestsAround() > 0;
  }

  /** Ends the scope with its body: the line continues in the code around. */
  leave(): void {
    // The code around has continued, and what is left behind is still to be cancelled.
    if (this.isAbandoned) return;
    this.#endStretches();
    if (this.shield) this.#unsee();
    goOn(this.parent!, this.#outer);
    if (this.shield) this.#comeBack(false);
    this.close();
  }

  /** Ends the stretches after reading a signal in the scope: their functions have returned to the code around. */
  #endStretches(): void {
    if (stretches === 0) return;
    for (let scope: Scope | null = this; scope !== null; scope = scope.parent) {
      for (const line of scope.readers) {
        if (line.stretch!.scope === this) endStretch(line);
      }
    }
  }

  /** Sets what the lines behind a shield have seen of the requests outside to what had been seen on entry. */
  #unsee(): void {
    const { reached } = this.#outer;
    for (const line of this.#forget(this.#line)) line.reached = reached;
    this.#line.reached = reached;
    for (const { scope, line } of this.waits()) {
      line.reached = Math.max(reached, scope!.newestSeen(line, this));
    }
  }

  /** Repeats the requests in force around the scope, which has ended, in the code that continues. */
  strikeAgain(): void {
    this.#forget(this.#outer);
    for (let scope: Scope | null = this; scope !== null; scope = scope.outer) {
      // The code around may be the end of other scopes.
      if (scope instanceof BodyScope) scope.#outer.reached = 0;
      // A task that ends before that is cancelled; a time limit keeps the value of its body, as in asyncio.
      else scope.forgetDelivery();
    }
    this.#comeBack(true);
  }

  /** The code around continues, without having seen all requests. */
  #comeBack(isDisplaced: boolean): void {
    this.taskState.rest.back = { line: this.#outer, step, isDisplaced };
  }

  /** Abandons the body, which is cancelled at its next await on an object of the library; the code around continues. */
  abandon(): void {
    this.isAbandoned = true;
    this.#forget(this.#line);
    goOn(this.parent!, this.#outer);
  }

  /** Removes the lines that branched off from a line from those that are under way; returns them. */
  #forget(ancestor: Line): Line[] {
    const lines: Line[] = [];
    let each = this.taskState.cancellation?.underWay ?? null;
    for (; each !== null; each = each.next) {
      if (descendsFrom(each.line, ancestor)) lines.push(each.line);
    }
    for (const line of lines) this.taskState.forgetUnderWay(line);
    return lines;
  }
}
