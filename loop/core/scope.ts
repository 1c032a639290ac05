// Copyright 2026 the asyncio for Deno authors. MIT license.

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
import type { Line } from "./line.ts";

/** What travels with a cancellation: a message, or the error that is to be thrown. */
export type CancelMessage = string | undefined | Error;

/** What a line awaits. */
export interface Wait {
  /** Cancels the awaited future; returns whether that took effect. */
  cancel(message: CancelMessage): boolean;
  /** The future that is awaited. */
  readonly future: object;
  /** The innermost open scope in which it is awaited. */
  scope: Scope | null;
  readonly line: Line;
  /** Grows from one await to the next. */
  readonly order: number;
}

/** What few scopes need. */
interface Rare {
  /** How many requests to cancel there are that were not taken back. */
  requests: number;
  message: CancelMessage;
  /** The newest request of this scope that reached a line. */
  delivered: number;
  /** The number of lines that it reached. */
  deliveries: number;
  /** The lines that are expected to go on because something foreign obeys the signal. */
  expected: Set<Line>;
  /** Whether a signal that was handed out has told of a request in force. */
  isTold: boolean;
  shield: boolean;
  persistent: boolean;
  controller: AbortController | null;
  /** What is being cancelled at this moment. */
  relaying: readonly Wait[] | null;
  /** The lines that have read the signal and have not awaited anything of the library since. */
  readers: Set<Line>;
}

/** How many turns of Deno's event loop something foreign may take to obey a signal. */
const TURNS_TO_OBEY = 4;

const NONE: readonly object[] = [];

/** Requests of all loops are numbered in the order in which they were made. */
let newestRequest = 0;

/**
 * A part of a task's body that can be cancelled by itself. The root is the task's; time limits, groups and
 * `cancelScope()` open others inside, so the scopes of a task form a tree. A request to cancel a scope reaches every
 * line of execution inside it once, and nothing outside it.
 */
export class Scope implements Relay {
  readonly taskState: TaskState;
  readonly parent: Scope | null;
  /** The tasks that must end before the scope does: those of a group. */
  readonly members: Iterable<object>;
  isOpen = true;
  /** A time limit has given the body up. */
  isAbandoned = false;
  /** The request that is in force, by its number; 0 if there is none. */
  request = 0;
  /** What lines await directly in this scope. */
  wait: Wait | null = null;
  moreWaits: Set<Wait> | null = null;
  #children: Set<Scope> | null = null;
  #rare: Rare | null = null;

  constructor(
    taskState: TaskState | null,
    parent: Scope | null,
    members: Iterable<object> = NONE,
  ) {
    this.members = members;
    this.taskState = taskState ?? this as unknown as TaskState;
    this.parent = parent;
    if (parent !== null) (parent.#children ??= new Set()).add(this);
  }

  get shield(): boolean {
    return this.#rare?.shield ?? false;
  }

  /** Without its shield, a scope lets older requests from around it in. */
  set shield(value: boolean) {
    if (value === this.shield) return;
    this.#rest.shield = value;
    if (value) return;
    this.#reach();
    const cancelled = this.#cancelledAround();
    if (cancelled !== null) this.#abort(cancelled.message);
  }

  /** Whether every await inside throws from the request on, not just the next one. */
  set persistent(value: boolean) {
    this.#rest.persistent = value;
    if (value) this.taskState.hasPersistentScope = true;
  }

  /** How many requests to cancel this very scope there are. */
  get requests(): number {
    return this.#rare?.requests ?? 0;
  }

  get message(): CancelMessage {
    return this.#rare?.message;
  }

  /** Whether a request is in force that has reached no line, and that no signal is delivering. */
  get isUnheard(): boolean {
    if (this.request === 0) return false;
    const { delivered, expected } = this.#rest;
    return delivered < this.request &&
      [...expected].every((line) => line.stretch!.isInDoubt);
  }

  /** The scope ends, and its requests. What code it leaves behind belongs to the scope around it. */
  close(): void {
    // The parent may have ended before, and have left this one behind.
    const outer = this.parent!.nearestOpen();
    const wasCancelled = this.request > 0;
    this.request = 0;
    if (this.#rare !== null) this.#rare.requests = 0;
    // What lines left behind await is cancelled there and then.
    this.shield = false;
    this.isOpen = false;
    if (wasCancelled) this.#forgetRequest();
    outer.#children!.delete(this);
    for (const child of this.#children ?? []) outer.#children!.add(child);
    for (const wait of [this.wait, ...this.moreWaits ?? []]) {
      if (wait === null) continue;
      wait.scope = outer;
      outer.attach(wait);
      this.taskState.waiting--;
    }
  }

  /** This scope, or the first around it that is still open. */
  nearestOpen(): Scope {
    if (this.isOpen || this.parent === null) return this;
    let scope = this.parent;
    while (!scope.isOpen && scope.parent !== null) scope = scope.parent;
    return scope;
  }

  /** Whether this scope is another one or lies in it. */
  isIn(other: Scope): boolean {
    for (const scope of outward(this, true)) {
      if (scope === other) return true;
    }
    return false;
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

  /** Asks for the cancellation of everything in the scope. */
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
    const rare = this.#rest;
    rare.requests++;
    rare.deliveries = 0;
    rare.message = message;
    this.request = this.taskState.newestRequest = ++newestRequest;
  }

  /** Relays the request to what lines await in the scope, if it has not reached them. */
  [beginToRelay](message: CancelMessage): readonly Future<unknown>[] {
    this.#request(message);
    this.taskState.isBeingCancelled = true;
    const waits = this.waits()
      .filter(({ scope, line }) => scope!.pendingFor(line) !== null);
    this.#rest.relaying = waits;
    return waits.map((wait) => wait.future as Future<unknown>);
  }

  [relayed](index: number): void {
    const { scope, line } = this.#rest.relaying![index]!;
    scope!.reachedLine(line);
  }

  [endRelay](message: CancelMessage): boolean {
    this[interruptRelay]();
    this.#abort(message);
    return true;
  }

  [interruptRelay](): void {
    this.taskState.isBeingCancelled = false;
    this.#rest.relaying = null;
  }

  /** Takes one request back. */
  uncancel(): void {
    const rare = this.#rest;
    rare.requests--;
    if (rare.requests > 0) return;
    this.request = 0;
    this.#forgetRequest();
  }

  /** The request is no longer in force. */
  #forgetRequest(): void {
    this.#rest.isTold = false;
    for (const scope of this.#inside()) {
      if (scope.requestsAround() === 0) scope.renewSignal();
    }
  }

  /** A scope that was cancelled before it began cancels what begins in it. */
  renewRequest(): void {
    if (this.request === 0) return;
    this.request = this.taskState.newestRequest = ++newestRequest;
  }

  /**
   * How many requests there are to cancel a scope of this task: those around the code of another scope, or all of
   * them where the code is not of the task.
   */
  countRequests(scope: Scope | null): number {
    let requests = 0;
    if (scope === null) {
      for (const each of this.#inside(true)) requests += each.requests;
    }
    for (; scope !== null; scope = scope.parent) requests += scope.requests;
    return requests;
  }

  /** How many requests there are to cancel the scope or one around it, up to a shield. */
  requestsAround(): number {
    let requests = 0;
    for (const scope of outward(this)) requests += scope.requests;
    return requests;
  }

  /** The scope around a line with the newest of the requests that have not reached the line, or `null`. */
  pendingFor(line: Line): Scope | null {
    if (
      this.taskState.newestRequest <= line.reached &&
      !this.taskState.hasPersistentScope
    ) return null;
    let found: Scope | null = null;
    for (const scope of outward(this)) {
      const isPending = scope.request > line.reached ||
        scope.#isPersistentlyCancelled;
      if (isPending && scope.request > (found?.request ?? 0)) found = scope;
    }
    return found;
  }

  get #isPersistentlyCancelled(): boolean {
    return this.request > 0 && this.#rare!.persistent;
  }

  /** The requests in force around a line, which is in this scope, have reached it. */
  reachedLine(line: Line): void {
    let newest = line.reached;
    for (const scope of outward(this)) {
      const { request } = scope;
      if (request > line.reached) {
        scope.#rest.delivered = request;
        scope.#rest.deliveries++;
      }
      if (request > newest) newest = request;
    }
    line.reached = newest;
  }

  /** The newest request in force between this scope and one around it that has reached a line; 0 if there is none. */
  newestSeen(line: Line, outer: Scope): number {
    let newest = 0;
    for (const scope of outward(this)) {
      if (scope === outer) break;
      const { request } = scope;
      if (request <= line.reached) newest = Math.max(newest, request);
    }
    return newest;
  }

  /** The newest request in force around code in this scope. */
  newestAround(): number {
    let newest = 0;
    for (const { request } of outward(this)) newest = Math.max(newest, request);
    return newest;
  }

  /** Aborts when the scope is cancelled, by itself or with what is around it. */
  get signal(): AbortSignal {
    const rare = this.#rest;
    if (rare.controller === null) {
      rare.controller = new AbortController();
      const cancelled = this.#cancelledAround();
      if (cancelled !== null) {
        rare.controller.abort(makeSignalReason(cancelled.message));
      }
    }
    this.taskState.wasSignalRead = true;
    return rare.controller.signal;
  }

  /** The scope's signal is that of a controller which was made before the scope. */
  adopt(controller: AbortController): void {
    this.#rest.controller = controller;
  }

  /** Whether the signal has been handed out. */
  get hasSignal(): boolean {
    return this.#rare !== null && this.#rare.controller !== null;
  }

  /** A signal of a cancellation that was taken back is followed by another. */
  renewSignal(): void {
    if (this.#rare?.controller?.signal.aborted) this.#rare.controller = null;
  }

  /** The lines that have read the signal; reading it puts them there. */
  get readers(): Set<Line> {
    return this.#rest.readers;
  }

  /** A line reads the signal: if that has aborted, the line is expected to go on in consequence. */
  expectReader(line: Line): void {
    if (this.#cancelledAround() === null) return;
    this.#noteTold();
    this.#expect(line);
  }

  /** The signal of this scope tells of the requests around it. */
  #noteTold(): void {
    for (const scope of outward(this)) {
      if (scope.request > 0) scope.#rest.isTold = true;
    }
  }

  /**
   * The request in force counts as one that has reached no line, without its message, as in asyncio. If it has reached
   * several, it stays delivered to the others.
   */
  forgetDelivery(): void {
    if (this.#rest.deliveries > 1) return;
    this.#rest.delivered = 0;
    this.#rest.message = undefined;
  }

  /** A line that was expected to go on because of the signal does, or does not in time. */
  expectNoMore(line: Line, isDelivered: boolean): void {
    const rare = this.#rest;
    rare.expected.delete(line);
    if (isDelivered) rare.delivered = this.request;
  }

  /**
   * The cancellation that ended code in the scope, if one did. A request may also come back as the error of something
   * foreign that obeyed a signal: as one whose causes lead to the signal's reason, or as an `AbortError` without one.
   */
  cancellationIn(error: unknown): CancelledError | null {
    const cancellation = cancellationIn(error);
    if (cancellation !== null) return cancellation;
    const reason = signalReasonIn(error);
    if (reason !== null || !isAbortError(error)) return reason;
    const cancelled = this.#cancelledAround();
    for (const scope of outward(this, true)) {
      if (scope.#rare?.isTold) {
        return makeCausedCancelledError(error, cancelled?.message);
      }
    }
    return null;
  }

  /** The futures that the scope cannot end before. */
  *dependencies(): Generator<Future<unknown>> {
    for (const scope of this.#inside(true)) {
      if (scope.wait !== null) yield scope.wait.future as Future<unknown>;
      for (const wait of scope.moreWaits ?? []) {
        yield wait.future as Future<unknown>;
      }
      yield* scope.members as Iterable<Future<unknown>>;
    }
  }

  /** What is awaited in the scope and in those inside that are not shielded, in the order in which it was begun. */
  waits(): Wait[] {
    const waits: Wait[] = [];
    for (const scope of this.#inside()) {
      if (scope.wait !== null) waits.push(scope.wait);
      for (const wait of scope.moreWaits ?? []) waits.push(wait);
    }
    return waits.sort((a, b) => a.order - b.order);
  }

  get #rest(): Rare {
    return this.#rare ??= {
      requests: 0,
      message: undefined,
      delivered: 0,
      deliveries: 0,
      expected: new Set(),
      isTold: false,
      shield: false,
      persistent: false,
      controller: null,
      relaying: null,
      readers: new Set(),
    };
  }

  /** This scope and the open ones inside, but for those that are shielded; outer ones first. */
  #inside(withShielded = false): Scope[] {
    const scopes: Scope[] = [this];
    // Not by recursion, as the scopes may be nested deeply; the array grows while it is gone through.
    for (const scope of scopes) {
      for (const child of scope.#children ?? []) {
        if (withShielded || !child.shield) scopes.push(child);
      }
    }
    return scopes;
  }

  /** Cancels what lines await in the scope, if a request in force has not reached them. */
  #reach(): void {
    for (const wait of this.waits()) {
      const { scope, line } = wait;
      const cancelled = scope!.pendingFor(line);
      if (cancelled !== null && wait.cancel(cancelled.message)) {
        scope!.reachedLine(line);
      }
    }
  }

  /** Aborts the signals in the scope. Lines that have read them are expected to go on in consequence. */
  #abort(message: CancelMessage): void {
    for (const scope of this.#inside()) {
      const { controller = null, readers = null } = scope.#rare ?? {};
      if (controller === null) continue;
      const { aborted } = controller.signal;
      for (const line of readers!) {
        // What a line was told of just before it may still obey, and this request with that.
        const isTold = !aborted || line.stretch!.abort !== null;
        // Code that cancels itself awaits nothing foreign.
        if (isTold && !this.taskState.isCalling(line)) this.#expect(line);
      }
      if (aborted) continue;
      scope.#noteTold();
      controller.abort(makeSignalReason(message));
    }
  }

  /** A line is taken to be cancelled by the abort of a signal that it has read, if it goes on in time. */
  #expect(line: Line): void {
    const stretch = line.stretch!;
    if (line.at !== null) return;
    const { reached } = line;
    const abort = stretch.abort ?? { before: reached, told: new Set() };
    for (const scope of outward(stretch.scope)) {
      if (scope.request <= reached) continue;
      abort.told.add(scope);
      scope.#rest.expected.add(line);
      line.reached = Math.max(line.reached, scope.request);
    }
    if (stretch.abort !== null || abort.told.size === 0) return;
    stretch.abort = abort;
    (this.taskState.underWay ??= new Map()).set(line, stretch.scope);
    this.#afterTurns(() => {
      // Whether it obeyed cannot be seen; it has not gone on, so it is cancelled where it does.
      if (line.stretch?.abort !== abort) return;
      line.stretch.abort = null;
      line.reached = abort.before;
      this.taskState.underWay?.delete(line);
      for (const scope of abort.told) scope.expectNoMore(line, false);
    });
  }

  /** Calls back once what is expected to obey a signal had its time; at once if nothing is. */
  onceObeyed(callback: () => void): void {
    if (this.#rest.expected.size === 0) callback();
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
    for (const scope of outward(this)) {
      if (scope.request > 0) found = scope;
    }
    return found;
  }
}

/** A scope and those around it, up to a shield or through all. */
export function* outward(
  scope: Scope,
  throughShields = false,
): Generator<Scope> {
  let each: Scope | null = scope;
  while (each !== null) {
    yield each;
    each = each.shield && !throughShields ? null : each.parent;
  }
}
