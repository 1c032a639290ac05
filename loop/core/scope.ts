// Copyright 2026 the asyncio for Deno authors. MIT license.

// deno-lint-ignore-file no-this-alias -- loops that go outward begin with `this`

import {
  cancellationIn,
  type CancelledError,
  isAbortError,
  makeCausedCancelledError,
  makeSignalReason,
  signalReasonIn,
} from "./cancelled_error.ts";
import {
  beginToRelay,
  endRelay,
  interruptRelay,
  type Relay,
  relayCancellation,
  relayed,
} from "./_relay.ts";
// Type-only imports: a task state is the root of its scopes, and futures are awaited in them.
import type { Future } from "./future.ts";
import type { TaskState } from "./task_state.ts";
import { type Line, type LineUnderWay, markLines } from "./line.ts";

/** The payload of a cancellation: a message, or the error to throw. */
export type CancelMessage = string | undefined | Error;

/** One pending `await` of a line. */
export interface Wait {
  /** Cancels the awaited future; returns whether that had an effect. */
  cancel(message: CancelMessage): boolean;
  /** The awaited future. */
  readonly future: object;
  /** The innermost open scope around the `await`. */
  scope: Scope | null;
  readonly line: Line;
  /** Increases from one await to the next. */
  readonly order: number;
}

/** The state of a scope that was cancelled. */
interface Cancellation {
  /** The number of requests that were not withdrawn. */
  requests: number;
  message: CancelMessage;
  /** The newest request of this scope that reached a line. */
  delivered: number;
  /** The number of lines that it reached. */
  deliveries: number;
  /** The waits that are being cancelled at the moment. */
  relaying: readonly Wait[] | null;
  /** Of the root scope: whether a scope of the task is being cancelled; a circle of futures leads back here. */
  isBeingCancelled: boolean;
  /** Of the root scope: the first of the lines under way, oldest first. */
  underWay: LineUnderWay | null;
}

/** The fields that few scopes need; from `hasPersistentScope` on, only root scopes. */
interface Rare {
  /** The lines that are expected to go on because something foreign obeys the signal. */
  expected: Set<Line> | null;
  /** Whether a signal that was read has aborted because of a request in force. */
  isTold: boolean;
  shield: boolean;
  persistent: boolean;
  isAbandoned: boolean;
  members: Iterable<object>;
  controller: AbortController | null;
  /** The lines that have read the signal and have not awaited anything of the library since. */
  readers: Set<Line> | null;
  hasPersistentScope: boolean;
  /**
   * The line that was last known to go on without having seen all requests, and in which step; and whether that is as
   * the errors of a group displaced a cancellation.
   */
  back:
    | {
      readonly line: Line;
      readonly step: number;
      readonly isDisplaced: boolean;
    }
    | null;
  /** The body has awaited something foreign, or read a signal: its lines are then told apart in any case. */
  wasElsewhere: boolean;
  /** Whether a signal of the task has been read. */
  wasSignalRead: boolean;
  /** Stops listening to the signal that cancels the task. */
  ignoreSignal: (() => void) | null;
}

/** The number of turns of Deno's event loop that a foreign operation has to obey a signal. */
const TURNS_TO_OBEY = 4;

const NONE: readonly object[] = [];
const NO_LINES: ReadonlySet<Line> = new Set();

function isReachable({ scope, line }: Wait): boolean {
  return scope!.pendingFor(line) !== null;
}

function futureOf(wait: Wait): Future<unknown> {
  return wait.future as Future<unknown>;
}

/** Requests of all loops are numbered in the order in which they were made. */
let newestRequest = 0;

/**
 * A part of a task's body that can be cancelled by itself. The root scope is the task's. Timeouts, groups and
 * `cancelScope()` open scopes inside it, so the scopes of a task form a tree. A request to cancel a scope reaches every
 * line of execution inside the scope once, and nothing outside.
 */
export class Scope implements Relay {
  readonly taskState: TaskState;
  readonly parent: Scope | null;
  isOpen = true;
  /** The number of the request in force; 0 if there is none. */
  request = 0;
  /** The first of the waits directly in this scope. */
  wait: Wait | null = null;
  moreWaits: Set<Wait> | null = null;
  #children: Set<Scope> | null = null;
  cancellation: Cancellation | null = null;
  rare: Rare | null = null;

  constructor(taskState: TaskState | null, parent: Scope | null) {
    this.taskState = taskState ?? this as unknown as TaskState;
    this.parent = parent;
    if (parent !== null) (parent.#children ??= new Set()).add(this);
  }

  /** The tasks that must end before the scope does: those of a group. */
  get members(): Iterable<object> {
    return this.rare?.members ?? NONE;
  }

  set members(value: Iterable<object>) {
    this.rest.members = value;
  }

  /** Whether a timeout has abandoned the body. */
  get isAbandoned(): boolean {
    return this.rare?.isAbandoned ?? false;
  }

  set isAbandoned(value: boolean) {
    this.rest.isAbandoned = value;
  }

  get shield(): boolean {
    return this.rare?.shield ?? false;
  }

  /** Sets the shield. Without it, older requests from around the scope reach what is inside. */
  set shield(value: boolean) {
    if (value === this.shield) return;
    this.rest.shield = value;
    if (value) return;
    this.#reach();
    const cancelled = this.#cancelledAround();
    if (cancelled !== null) this.#abort(cancelled.message);
  }

  /** Whether every await inside throws from the request on, not just the next one. */
  set persistent(value: boolean) {
    if (!value && this.rare === null) return;
    this.rest.persistent = value;
    if (value) this.taskState.rest.hasPersistentScope = true;
  }

  /** The number of requests to cancel this very scope. */
  get requests(): number {
    return this.cancellation?.requests ?? 0;
  }

  get message(): CancelMessage {
    return this.cancellation?.message;
  }

  /** Whether a request is in force that has reached no line, and that no signal is delivering. */
  get isUnheard(): boolean {
    if (this.request === 0) return false;
    if (this.requested.delivered >= this.request) return false;
    for (const line of this.rare?.expected ?? []) {
      if (!line.stretch!.isInDoubt) return false;
    }
    return true;
  }

  /** Ends the scope and its requests. Code that it leaves behind belongs to the scope around it. */
  close(): void {
    // The parent may have ended before and have left this one behind.
    const outer = this.parent!.nearestOpen();
    const wasCancelled = this.request > 0;
    this.request = 0;
    if (this.cancellation !== null) this.cancellation.requests = 0;
    // The waits of lines that are left behind are cancelled at once.
    this.shield = false;
    this.isOpen = false;
    if (wasCancelled) this.#forgetRequest();
    outer.#children!.delete(this);
    for (const child of this.#children ?? []) outer.#children!.add(child);
    if (this.wait === null && this.moreWaits === null) return;
    for (const wait of [this.wait, ...this.moreWaits ?? []]) {
      if (wait === null) continue;
      wait.scope = outer;
      outer.attach(wait);
      this.taskState.waiting--;
    }
  }

  /** Returns this scope, or the first one around it that is still open. */
  nearestOpen(): Scope {
    if (this.isOpen || this.parent === null) return this;
    let scope = this.parent;
    while (!scope.isOpen && scope.parent !== null) scope = scope.parent;
    return scope;
  }

  /** The scope around it whose requests reach what is inside; `null` behind a shield. */
  get outer(): Scope | null {
    return this.rare !== null && this.rare.shield ? null : this.parent;
  }

  /** Returns this scope and those around it, inner ones first. */
  around(): Scope[] {
    const scopes: Scope[] = [];
    let scope: Scope | null = this;
    for (; scope !== null; scope = scope.parent) scopes.push(scope);
    return scopes;
  }

  /** Returns whether this scope is another one or is inside it. */
  isIn(other: Scope): boolean {
    let scope: Scope | null = this;
    while (scope !== null && scope !== other) scope = scope.parent;
    return scope !== null;
  }

  attach(wait: Wait): void {
    if (this.wait === null) this.wait = wait;
    else (this.moreWaits ??= new Set()).add(wait);
    this.taskState.waiting++;
  }

  detach(wait: Wait): void {
    if (this.wait === wait) this.wait = null;
    else if (!this.moreWaits?.delete(wait)) return;
    this.taskState.waiting--;
  }

  /** Requests the cancellation of everything in the scope. */
  cancel(message: CancelMessage): void {
    if (!this.taskState.isBeingCancelled) {
      relayCancellation(this, message);
      return;
    }
    this.#request(message);
    this.#reach();
    this.#abort(message);
  }

  #request(message: CancelMessage): void {
    const { requested } = this;
    requested.requests++;
    requested.deliveries = 0;
    requested.message = message;
    const { tasks } = this.taskState.scheduler;
    if (tasks !== null) tasks.cancelled(this.taskState);
    markLines();
    this.request = this.taskState.newestRequest = ++newestRequest;
  }

  /** Relays the request to the waits in the scope that it has not reached. */
  [beginToRelay](message: CancelMessage): readonly Future<unknown>[] {
    this.#request(message);
    this.taskState.requested.isBeingCancelled = true;
    let waits = this.waits();
    // A task that waits for one thing needs no further arrays.
    if (waits.length > 1 || !waits.every(isReachable)) {
      waits = waits.filter(isReachable);
    }
    this.requested.relaying = waits;
    return waits.length === 1 ? [futureOf(waits[0]!)] : waits.map(futureOf);
  }

  [relayed](index: number): void {
    const { scope, line } = this.requested.relaying![index]!;
    scope!.reachedLine(line);
  }

  [endRelay](message: CancelMessage): boolean {
    this.abortAfterRelay(message);
    return true;
  }

  /** A method with a name, since `super[endRelay]()` took a quarter of the time of cancelling a chain of tasks. */
  protected abortAfterRelay(message: CancelMessage): void {
    this[interruptRelay]();
    this.#abort(message);
  }

  [interruptRelay](): void {
    this.taskState.requested.isBeingCancelled = false;
    this.requested.relaying = null;
  }

  /** Withdraws one request. */
  uncancel(): void {
    if (--this.requested.requests > 0) return;
    this.request = 0;
    this.#forgetRequest();
  }

  /** Called when the request is no longer in force. */
  #forgetRequest(): void {
    if (this.rare !== null) this.rare.isTold = false;
    for (const scope of this.inside()) {
      if (scope.requestsAround() === 0) scope.renewSignal();
    }
  }

  /** Renews the request of a scope that was cancelled before it began, so that it reaches what begins inside. */
  renewRequest(): void {
    if (this.request === 0) return;
    this.request = this.taskState.newestRequest = ++newestRequest;
  }

  /**
   * Returns the number of requests to cancel scopes of this task: those around `scope`, or all of them for code outside
   * the task.
   */
  countRequests(scope: Scope | null): number {
    let requests = 0;
    if (scope === null) {
      for (const each of this.inside(true)) requests += each.requests;
    }
    for (; scope !== null; scope = scope.parent) requests += scope.requests;
    return requests;
  }

  /** Returns the number of requests to cancel the scope or those around it, up to a shield. */
  requestsAround(): number {
    let requests = 0;
    for (let scope: Scope | null = this; scope !== null; scope = scope.outer) {
      requests += scope.requests;
    }
    return requests;
  }

  /** The scope around a line with the newest of the requests that have not reached the line, or `null`. */
  pendingFor(line: Line): Scope | null {
    const { newestRequest, rare } = this.taskState;
    if (newestRequest === 0) return null;
    if (newestRequest <= line.reached && !rare?.hasPersistentScope) return null;
    let found: Scope | null = null;
    for (let scope: Scope | null = this; scope !== null; scope = scope.outer) {
      const isPending = scope.request > line.reached ||
        scope.#isPersistentlyCancelled;
      if (isPending && scope.request > (found?.request ?? 0)) found = scope;
    }
    return found;
  }

  get #isPersistentlyCancelled(): boolean {
    return this.request > 0 && this.rare !== null && this.rare.persistent;
  }

  /** Records that the requests in force around a line, which is in this scope, have reached it. */
  reachedLine(line: Line): void {
    let newest = line.reached;
    for (let scope: Scope | null = this; scope !== null; scope = scope.outer) {
      const { request } = scope;
      if (request > line.reached) {
        scope.requested.delivered = request;
        scope.requested.deliveries++;
      }
      if (request > newest) newest = request;
    }
    line.reached = newest;
  }

  /** Returns the newest request between this scope and an outer one that has reached a line; 0 if there is none. */
  newestSeen(line: Line, outer: Scope): number {
    let newest = 0;
    for (let scope: Scope | null = this; scope !== null; scope = scope.outer) {
      if (scope === outer) break;
      const { request } = scope;
      if (request <= line.reached) newest = Math.max(newest, request);
    }
    return newest;
  }

  /** Returns the newest request in force around code in this scope. */
  newestAround(): number {
    let newest = 0;
    for (let scope: Scope | null = this; scope !== null; scope = scope.outer) {
      newest = Math.max(newest, scope.request);
    }
    return newest;
  }

  /** A signal that aborts when the scope is cancelled, by itself or with a scope around it. */
  get signal(): AbortSignal {
    const rare = this.rest;
    if (rare.controller === null) {
      rare.controller = new AbortController();
      const cancelled = this.#cancelledAround();
      if (cancelled !== null) {
        rare.controller.abort(makeSignalReason(cancelled.message));
      }
    }
    this.taskState.rest.wasSignalRead = true;
    return rare.controller.signal;
  }

  /** Uses a controller that was created before the scope. */
  adopt(controller: AbortController): void {
    this.rest.controller = controller;
  }

  /** Whether the signal has been read. */
  get hasSignal(): boolean {
    return this.rare !== null && this.rare.controller !== null;
  }

  /** Replaces an aborted signal, after its cancellation was withdrawn. */
  renewSignal(): void {
    if (this.rare?.controller?.signal.aborted) this.rare.controller = null;
  }

  /** The lines that have read the signal. */
  get readers(): ReadonlySet<Line> {
    return this.rare?.readers ?? NO_LINES;
  }

  addReader(line: Line): void {
    (this.rest.readers ??= new Set()).add(line);
  }

  removeReader(line: Line): void {
    this.rare?.readers?.delete(line);
  }

  /** Called when a line reads the signal: if it has aborted, the line is expected to continue in consequence. */
  expectReader(line: Line): void {
    if (this.#cancelledAround() === null) return;
    this.#noteTold();
    this.#expect(line);
  }

  /** Records that the signal of this scope has aborted because of the requests around it. */
  #noteTold(): void {
    for (let scope: Scope | null = this; scope !== null; scope = scope.outer) {
      if (scope.request > 0) scope.rest.isTold = true;
    }
  }

  /**
   * The request in force counts as one that has reached no line, without its message, as in asyncio. If it has reached
   * several, it stays delivered to the others.
   */
  forgetDelivery(): void {
    const { requested } = this;
    requested.deliveries = Math.max(0, requested.deliveries - 1);
    if (requested.deliveries > 0) return;
    requested.delivered = 0;
    requested.message = undefined;
  }

  /** A line that was expected to go on because of the signal does, or does not in time. */
  expectNoMore(line: Line, isDelivered: boolean): void {
    this.rare?.expected?.delete(line);
    if (isDelivered) this.requested.delivered = this.request;
  }

  /**
   * Returns the cancellation that ended code in the scope, if one did. A foreign operation that obeyed a signal throws
   * an error of its own: one whose causes lead to the reason of the signal, or an `AbortError` without a cause.
   */
  cancellationIn(error: unknown): CancelledError | null {
    const cancellation = cancellationIn(error);
    if (cancellation !== null) return cancellation;
    const reason = signalReasonIn(error);
    if (reason !== null || !isAbortError(error)) return reason;
    const cancelled = this.#cancelledAround();
    for (let scope: Scope | null = this; scope !== null; scope = scope.parent) {
      if (scope.rare?.isTold) {
        return makeCausedCancelledError(error, cancelled?.message);
      }
    }
    return null;
  }

  /** Yields the futures that must be done before the scope can end. */
  *dependencies(): Generator<Future<unknown>> {
    for (const scope of this.inside(true)) {
      if (scope.wait !== null) yield scope.wait.future as Future<unknown>;
      for (const wait of scope.moreWaits ?? []) {
        yield wait.future as Future<unknown>;
      }
      yield* scope.members as Iterable<Future<unknown>>;
    }
  }

  /** Returns the waits in the scope and in those inside that are not shielded, in the order in which they began. */
  waits(): Wait[] {
    if (!this.#children?.size && this.moreWaits === null) {
      return this.wait === null ? [] : [this.wait];
    }
    const waits: Wait[] = [];
    for (const scope of this.inside()) {
      if (scope.wait !== null) waits.push(scope.wait);
      for (const wait of scope.moreWaits ?? []) waits.push(wait);
    }
    return waits.sort((a, b) => a.order - b.order);
  }

  get requested(): Cancellation {
    return this.cancellation ??= {
      requests: 0,
      message: undefined,
      delivered: 0,
      deliveries: 0,
      relaying: null,
      isBeingCancelled: false,
      underWay: null,
    };
  }

  get rest(): Rare {
    return this.rare ??= {
      expected: null,
      isTold: false,
      shield: false,
      persistent: false,
      isAbandoned: false,
      members: NONE,
      controller: null,
      readers: null,
      hasPersistentScope: false,
      back: null,
      wasElsewhere: false,
      wasSignalRead: false,
      ignoreSignal: null,
    };
  }

  /** Returns this scope and the open ones inside that are not shielded, outer ones first. */
  inside(withShielded = false): Scope[] {
    const scopes: Scope[] = [this];
    // Not recursive, as scopes may be nested deeply: the array grows during the iteration.
    for (const scope of scopes) {
      for (const child of scope.#children ?? []) {
        if (withShielded || !child.shield) scopes.push(child);
      }
    }
    return scopes;
  }

  /** Cancels the waits in the scope that a request in force has not reached. */
  #reach(): void {
    for (const wait of this.waits()) {
      const { scope, line } = wait;
      const cancelled = scope!.pendingFor(line);
      if (cancelled !== null && wait.cancel(cancelled.message)) {
        scope!.reachedLine(line);
      }
    }
  }

  /** Aborts the signals in the scope. Lines that have read them are expected to continue in consequence. */
  #abort(message: CancelMessage): void {
    if (this.rare === null && !this.#children?.size) return;
    for (const scope of this.inside()) {
      const { controller = null, readers = null } = scope.rare ?? {};
      if (controller === null) continue;
      const { aborted } = controller.signal;
      for (const line of readers ?? []) {
        // A line may still obey an abort from just before, and this request with it.
        const isTold = !aborted || line.stretch!.abort !== null;
        // Code that cancels itself awaits nothing foreign.
        if (isTold && !this.taskState.isCalling(line)) this.#expect(line);
      }
      if (aborted) continue;
      scope.#noteTold();
      controller.abort(makeSignalReason(message));
    }
  }

  /** Expects a line to be cancelled by the abort of a signal that it has read: if it continues in time, it was. */
  #expect(line: Line): void {
    const stretch = line.stretch!;
    if (line.at !== null) return;
    const { reached } = line;
    const abort = stretch.abort ?? { before: reached, told: new Set() };
    for (
      let scope: Scope | null = stretch.scope;
      scope !== null;
      scope = scope.outer
    ) {
      if (scope.request <= reached) continue;
      abort.told.add(scope);
      (scope.rest.expected ??= new Set()).add(line);
      line.reached = Math.max(line.reached, scope.request);
    }
    if (stretch.abort !== null || abort.told.size === 0) return;
    stretch.abort = abort;
    this.taskState.noteUnderWay(line, stretch.scope);
    this.#afterTurns(() => {
      // The operation has not obeyed, as far as can be seen: the line is cancelled where it continues.
      if (line.stretch?.abort !== abort) return;
      line.stretch.abort = null;
      line.reached = abort.before;
      this.taskState.forgetUnderWay(line);
      for (const scope of abort.told) scope.expectNoMore(line, false);
    });
  }

  /** Calls back when the expected lines had their time to obey; at once if there are none. */
  onceObeyed(callback: () => void): void {
    if (!this.rare?.expected?.size) callback();
    else this.#afterTurns(callback);
  }

  #afterTurns(callback: () => void): void {
    const { host } = this.taskState.scheduler;
    let turns = TURNS_TO_OBEY;
    const turn = () => {
      if (--turns > 0) host.macrotask(turn, false);
      else callback();
    };
    host.macrotask(turn, false);
  }

  #cancelledAround(): Scope | null {
    let found: Scope | null = null;
    for (let scope: Scope | null = this; scope !== null; scope = scope.outer) {
      if (scope.request > 0) found = scope;
    }
    return found;
  }
}
