// Copyright 2026 the asyncio for Deno authors. MIT license.

import { AsyncLocalStorage } from "node:async_hooks";
import { makeCancelledError } from "./cancelled_error.ts";
// Of types only: schedulers run what is described here.
import type { Scheduler } from "./scheduler.ts";

/** What a task awaits at the moment. */
export interface Wait {
  /** Cancels the awaited future; returns whether that took effect. */
  cancel(message: CancelMessage): boolean;
  /** The future that is awaited. */
  readonly future: object;
  /** Whether that ends when other futures do. */
  readonly isForOthers: boolean;
  /** The part of the task's body that awaits it, if the body has parts. */
  branch: Branch | null;
}

/** What travels with a cancellation: a message, or the error that is to arise. */
export type CancelMessage = string | undefined | Error;

/**
 * What the scheduler runs in steps: the running body of a task. The async context of everything
 * that the body calls holds it, which is how a future learns who awaits it.
 */
export class Coroutine {
  finished = false;
  /** A cancellation that has been asked for and not yet been thrown. */
  mustCancel = false;
  cancelMessage: CancelMessage = undefined;
  /** What the body awaits; more than one future only when it awaits several at once. */
  wait: Wait | null = null;
  moreWaits: Set<Wait> | null = null;
  /** The part of the body that can be cancelled by itself and is the last that began of those open. */
  lastBranch: Branch | null = null;
  #abortExpected = false;
  /** Where a cancellation comes from that arises once more, in the code that ran at the time. */
  #origin: { branch: Branch | null } | null = null;

  /** What stands for the coroutine in the async context of its body. */
  readonly #id: number;

  constructor(readonly scheduler: Scheduler, readonly task: object) {
    this.#id = scheduler.nextId();
    unfinished.set(this.#id, this);
  }

  /** Calls a function in the async context of the coroutine's body. */
  run<A>(fn: (argument: A) => void, argument: A): void {
    context.run(this.#id, fn, argument);
  }

  /** The body ended. What code it left behind runs outside every task from now on. */
  finish(): void {
    this.finished = true;
    this.mustCancel = false;
    unfinished.delete(this.#id);
    this.scheduler.returned(this);
  }

  attach(wait: Wait): void {
    if (this.lastBranch !== null) wait.branch = currentBranch();
    if (this.wait === null) this.wait = wait;
    else (this.moreWaits ??= new Set()).add(wait);
  }

  detach(wait: Wait): void {
    if (this.wait === wait) this.wait = null;
    else this.moreWaits?.delete(wait);
  }

  /** All that the body awaits. */
  waits(): Wait[] {
    const waits = this.wait === null ? [] : [this.wait];
    return this.moreWaits === null ? waits : [...waits, ...this.moreWaits];
  }

  /**
   * The task is cancelled through its signal while it awaits something foreign. What obeys the signal
   * fails at once, within this macrotask; if the body goes on by then, the signal delivered the
   * cancellation, and it must not arise a second time in the clean-up.
   */
  expectAbort(): void {
    this.#abortExpected = true;
    this.scheduler.host.macrotask(() => this.#abortExpected = false, true);
  }

  /** A cancellation arises at the next `await` in the body. */
  cancelNext(): void {
    this.mustCancel = true;
    this.#origin = null;
  }

  /** A cancellation of a branch, or of the task, arises once more: where the code that runs now awaits next. */
  cancelAgain(branch: Branch | null): void {
    this.mustCancel = true;
    this.cancelMessage = undefined;
    this.#origin = { branch };
  }

  /** A branch is over, and with it what its cancellation was to do. */
  closed(branch: Branch): void {
    if (this.#origin?.branch === branch) this.mustCancel = false;
  }

  /**
   * Whether a cancellation that has been asked for arises where an `await` begins, or the body ends. It does at
   * every `await` until the body goes on: several may begin together, as in `Promise.all()`.
   */
  meetsCancellation(): boolean {
    if (this.#abortExpected) this.mustCancel = false;
    return this.mustCancel;
  }

  /** The body goes on. Returns whether a cancellation arises there that has met no `await` so far. */
  takeCancellation(): boolean {
    if (!this.mustCancel) return false;
    this.mustCancel = false;
    // What waited meanwhile is not the code in which it was to arise.
    return this.#origin === null && !this.#abortExpected;
  }
}

/**
 * A part of a coroutine's body that can be cancelled by itself: what runs within a time limit or a group.
 *
 * In Python a task has one line of execution. Here its functions may go on side by side, as in
 * `Promise.all()`, and what cancels one of them must not strike the others.
 */
export class Branch {
  readonly coroutine: Coroutine;
  readonly #parent: Branch | null;
  readonly #claimsAll: boolean;
  /** The tasks that must end before the branch does: those of a group. */
  readonly members: Iterable<object>;
  #isOpen = true;
  // The branches that began before and after this one, of those that are open.
  #previous: Branch | null;
  #next: Branch | null = null;
  /** How many requests to cancel this branch alone there are. */
  #requests = 0;
  #mustCancel = false;
  #abortExpected = false;
  #controller: AbortController | null = null;

  /**
   * Begins a branch where the code of the coroutine is that calls.
   *
   * @param claimsAll Whether what is awaited outside all branches belongs to it: it awaits a promise, and
   * what that stands for began before it.
   */
  constructor(
    coroutine: Coroutine,
    claimsAll: boolean,
    members: Iterable<object>,
  ) {
    this.coroutine = coroutine;
    this.members = members;
    this.#parent = currentBranch();
    this.#claimsAll = claimsAll;
    this.#previous = coroutine.lastBranch;
    coroutine.lastBranch = this;
    if (this.#previous !== null) this.#previous.#next = this;
  }

  /** The open branches of a coroutine. */
  static *openOf(coroutine: Coroutine): Generator<Branch> {
    let branch = coroutine.lastBranch;
    for (; branch !== null; branch = branch.#previous) yield branch;
  }

  /** Calls a function in the branch. */
  run<T>(fn: () => T): T {
    return context.run(this, fn);
  }

  /** The branch is over. What code it left behind belongs to the code around it. */
  close(): void {
    this.#isOpen = false;
    if (this.coroutine.mustCancel) this.coroutine.closed(this);
    const previous = this.#previous;
    const next = this.#next;
    if (next === null) this.coroutine.lastBranch = previous;
    else next.#previous = previous;
    if (previous !== null) previous.#next = next;
  }

  /** Whether the coroutine does nothing beside this branch, as far as that is known. */
  get isAlone(): boolean {
    for (const other of Branch.openOf(this.coroutine)) {
      if (!this.#includes(other) && !other.#includes(this)) return false;
    }
    const own = this.#waits();
    const others = this.coroutine.waits().filter((each) => !own.includes(each));
    if (this.#claimsAll) {
      // The code around may await this branch and something else, by `gather()` for instance.
      return others.length < 2 || !others.some((each) => each.isForOthers);
    }
    // It seems to await nothing: that may stand for what began before it, or for something foreign.
    return own.length === 0 && others.length < 2 && !this.#isRunning &&
      this.#signalled().length === 0;
  }

  /** How many requests there are to cancel the branch, or one that it is a part of, alone. */
  get requests(): number {
    return this.#requests + (this.#parent?.requests ?? 0);
  }

  /** How many of them are for this branch itself. */
  get ownRequests(): number {
    return this.#requests;
  }

  /** Cancels this branch and nothing beside it. */
  cancel(): void {
    this.#requests++;
    let reached = false;
    for (const wait of this.#waits()) {
      reached = wait.cancel(undefined) || reached;
    }
    const isRunning = this.#isRunning;
    if (!reached || isRunning) this.#mustCancel = true;
    const signalled = this.#signalled();
    if (signalled.length > 0 && !reached && !isRunning) this.#expectAbort();
    for (const branch of signalled) branch.abort(undefined);
  }

  /** Takes the last such request back. */
  uncancel(): void {
    if (this.#requests > 0) this.#requests--;
    else this.#parent?.uncancel();
    if (this.#requests === 0) this.#mustCancel = false;
  }

  /** The outermost branch around this one that has been asked to cancel alone, or `null`. */
  get cancelled(): Branch | null {
    const around = this.#parent?.cancelled ?? null;
    return around === null && this.#requests > 0 ? this : around;
  }

  /** As {@linkcode Coroutine.meetsCancellation}, of a cancellation of this branch or one around it. */
  meetsCancellation(): boolean {
    if (this.#abortExpected) this.#mustCancel = false;
    return this.#mustCancel || (this.#parent?.meetsCancellation() ?? false);
  }

  /** As {@linkcode Coroutine.takeCancellation}; those of the branches around it arise with it. */
  takeCancellation(): boolean {
    const isOwn = this.#mustCancel && !this.#abortExpected;
    this.#mustCancel = false;
    const isAround = this.#parent?.takeCancellation() ?? false;
    return isOwn || isAround;
  }

  /** Aborts when the branch is cancelled; `isCancelled` says whether its task is. */
  signal(isCancelled: boolean, message: CancelMessage): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (isCancelled || this.requests > 0) {
        this.#controller.abort(makeCancelledError(message));
      }
    }
    return this.#controller.signal;
  }

  /** Whether somebody has the signal. */
  get hasSignal(): boolean {
    return this.#controller !== null;
  }

  /** Aborts the signal, if somebody has it. */
  abort(message: CancelMessage): void {
    this.#controller?.abort(makeCancelledError(message));
  }

  /** As {@linkcode Coroutine.expectAbort}. */
  #expectAbort(): void {
    this.#abortExpected = true;
    this.coroutine.scheduler.host.macrotask(
      () => this.#abortExpected = false,
      true,
    );
  }

  /** The branch is no longer cancelled: who asks for its signal gets another. */
  renewSignal(): void {
    if (this.#controller?.signal.aborted) this.#controller = null;
  }

  /** This branch, or the first around it that is still open. */
  nearestOpen(): Branch | null {
    return this.#isOpen ? this : this.#parent?.nearestOpen() ?? null;
  }

  /** What the branch awaits, with the branches within it. */
  #waits(): Wait[] {
    return this.coroutine.waits().filter(({ branch }) =>
      this.#includes(branch)
    );
  }

  /** The open branches in this one whose signal somebody has. */
  #signalled(): Branch[] {
    return [...Branch.openOf(this.coroutine)]
      .filter((each) => each.hasSignal && this.#includes(each));
  }

  /** Whether the code that calls is in the branch. */
  get #isRunning(): boolean {
    return this.#includes(currentBranch());
  }

  #includes(other: Branch | null): boolean {
    while (other !== null && other !== this) other = other.#parent;
    return other === this;
  }
}

/** The branch in which code is that runs, whether or not it is still open. */
function currentBranch(): Branch | null {
  const where = context.getStore();
  return where instanceof Branch ? where : null;
}

/** The branch of a coroutine in which the code is that calls, if it is in one that is open. */
export function branchOfCaller(coroutine: Coroutine): Branch | null {
  if (coroutine.lastBranch === null) return null;
  const branch = currentBranch();
  return branch?.coroutine === coroutine ? branch.nearestOpen() : null;
}

/**
 * How many requests to cancel there are in branches of a coroutine: those that concern the code that calls,
 * or all of them where that is the code of somebody else.
 */
export function requestsInBranches(coroutine: Coroutine): number {
  if (coroutine.lastBranch === null) return 0;
  const branch = branchOfCaller(coroutine);
  if (branch !== null) return branch.requests;
  if (currentCoroutine() === coroutine) return 0;
  let requests = 0;
  for (const each of Branch.openOf(coroutine)) requests += each.ownRequests;
  return requests;
}

/**
 * Where code runs: the scheduler itself in its callbacks, a coroutine's number in its body or the
 * branch of it, nothing elsewhere. A number, because Deno keeps what is stored here in a weak map, and
 * that costs a collection of garbage for each thing that hangs on it: with the coroutine itself, creating
 * a task took a quarter longer.
 */
export const context = new AsyncLocalStorage<number | Branch | Scheduler>();

/** Every coroutine that has not finished, oldest first. */
const unfinished = new Map<number, Coroutine>();

/** The coroutines of all schedulers that have not finished, oldest first. */
export function unfinishedCoroutines(): Coroutine[] {
  return [...unfinished.values()];
}

/** The coroutine that calls, or `null` outside every task. */
export function currentCoroutine(): Coroutine | null {
  const where = context.getStore();
  if (typeof where === "number") return unfinished.get(where) ?? null;
  if (!(where instanceof Branch) || where.coroutine.finished) return null;
  return where.coroutine;
}
