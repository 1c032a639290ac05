// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * A model of cancellation: what is cancelled is a scope, and a request to cancel it reaches every line of execution
 * inside once, and nothing outside. Here each line is handed on explicitly; the library has to find out.
 *
 * @module
 */

import {
  CancelledError,
  isAbortError,
  makeCancelledError,
  makeSignalReason,
  signalReasonIn,
} from "../../loop/core/cancelled_error.ts";
import { ExceptionGroup, TimeoutError } from "../../mod.ts";

/** A request to cancel a scope. */
interface Request {
  /** Whether it has reached a line. */
  isDelivered: boolean;
  /** When a signal told a line of it last. */
  toldAt: number;
  /** Whether a signal that was handed out has told of it. */
  hasSignal: boolean;
}

/** A part of a task that can be cancelled by itself; the outermost is the task's. */
class Scope {
  isOpen = true;
  request: Request | null = null;
  requests = 0;
  controller: AbortController | null = null;
  /** When it was cancelled, or ended. */
  changedAt = NaN;

  constructor(readonly parent: Scope | null, public shield = false) {}

  get nearestOpen(): Scope {
    return this.isOpen || this.parent === null ? this : this.outer;
  }

  /** The first open scope around it. */
  get outer(): Scope {
    return this.parent!.nearestOpen;
  }

  /** This scope and those around it that a request to cancel reaches it from, innermost first. */
  get around(): Scope[] {
    if (this.shield || this.parent === null) return [this];
    return [this, ...this.outer.around];
  }

  get requestsAround(): number {
    return this.around.reduce((sum, scope) => sum + scope.requests, 0);
  }
}

/** Something foreign has obeyed a signal. */
interface Obedience {
  when: number;
  /** The line that awaited it, or one that this has called, went on at once. */
  isConfirmed: boolean;
}

/** A chain of async calls. */
export class Line {
  reached: Set<Request>;
  /** The request that reached it and is delivered once more, since the exceptions of a group displaced it. */
  displaced = new Set<Request>();
  /** The library operation that it awaits. */
  wait: { order: number; isStruck: boolean; cancel(): void } | null = null;
  /** Its cancellation surfaced as an unhandled rejection. */
  surfacedAt = Infinity;
  /** The requests that something foreign has obeyed for it. */
  readonly obeyed: Map<Request, Obedience>;
  /** When it last awaited something of the library, or read a signal, in comparison to others. */
  arrivedAt = 0;
  readSignalAt = 0;
  /** When something foreign last obeyed a signal, and when that had been read. */
  obeyedAt = NaN;
  obeyedReadAt = 0;
  /** When that signal was aborted. */
  toldAt = NaN;

  constructor(
    readonly task: Task,
    public scope: Scope,
    reached: Iterable<Request> = [],
    obeyed: Iterable<[Request, Obedience]> = [],
  ) {
    this.reached = new Set(reached);
    this.obeyed = new Map(obeyed);
    task.lines.push(this);
  }

  /** The requests in force that have yet to reach it. */
  get pending(): Request[] {
    return requestsIn(this.scope).filter((each) => !this.reached.has(each));
  }

  /** All that is pending reaches it at once. */
  reach(): void {
    for (const request of this.pending) {
      request.isDelivered = true;
      this.reached.add(request);
    }
  }
}

function requestsIn(scope: Scope): Request[] {
  return scope.nearestOpen.around.flatMap((each) => each.request ?? []);
}

interface Task {
  readonly root: Scope;
  readonly scopes: Scope[];
  readonly lines: Line[];
  readonly outcome: Promise<void>;
  isDone: boolean;
  cancel(): void;
}

/** The behaviour of the library where the model does not decide it. */
export interface Oracle {
  /** Whether the await of a piece of the program was cancelled at once. */
  isStruck(place: string, time: number): boolean;
  /** Whether a group's wait for its tasks was cancelled at once. */
  isGroupStruck(place: string): boolean;
  /** Whether a signal that was read there had been aborted. */
  isAborted(place: string): boolean;
  /** When, in comparison to others, a piece ended. */
  order(place: string): number;
  /** Whether it failed. */
  hasFailed(place: string): boolean;
}

/** The requirements for a program whose lines cannot be told apart by rule. */
export class Undecidable {
  /** Requests that a line missed because another one was taken for it. */
  missed = 0;
  /** Requests that a line for which another one was taken got twice. */
  repeated = 0;
  /** Requests that something foreign obeyed, and whose line awaited something foreign again before it went on. */
  late = 0;
}

export type Combinator = "all" | "race" | "any" | "allSettled";

/** The combinators of promises. */
export const combine: Record<
  Combinator,
  (promises: Promise<void>[]) => Promise<unknown>
> = {
  all: (promises) => Promise.all(promises),
  race: (promises) => Promise.race(promises),
  any: (promises) => Promise.any(promises),
  allSettled: (promises) => Promise.allSettled(promises),
};

/** A call that goes on by itself. */
export interface Call {
  line: Line;
  place: string;
  promise: Promise<void>;
}

/** Runs programs by the model. */
export class Model {
  #now = 0;
  readonly undecidable = new Undecidable();
  readonly #oracle: Oracle;
  readonly #timers = new Set<{ when: number; callback: () => void }>();
  readonly #ready: (() => void)[] = [];
  #turns = 0;
  #order = 0;
  /** The place at which a library operation was awaited. */
  readonly #places = new Set<string>();

  /** With `isDecidable`, every line is cancelled as it should be, not as it is where lines cannot be told apart. */
  constructor(oracle: Oracle, readonly isDecidable: boolean) {
    this.#oracle = oracle;
  }

  /** Runs the body of a task, and whatever happens then. */
  async run(body: (line: Line, task: Task) => Promise<void>): Promise<void> {
    const task = this.#createTask("", (line) => body(line, task));
    while (true) {
      do await this.turn(); while (this.#turns > 0);
      const resume = this.#ready.shift();
      if (resume !== undefined) resume();
      else if (this.#timers.size > 0) this.#jump();
      else break;
    }
    await task.outcome;
  }

  time(): number {
    return this.#now;
  }

  /** Goes on to the next timer. */
  #jump(): void {
    const [timer] = [...this.#timers].sort((a, b) => a.when - b.when);
    this.#timers.delete(timer!);
    this.#now = timer!.when;
    timer!.callback();
  }

  /** Waits until it is the caller's turn. */
  #queue(): Promise<void> {
    return new Promise((resolve) => this.#ready.push(resolve));
  }

  callLater(seconds: number, callback: () => void): () => void {
    const timer = { when: this.#now + seconds, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  async turn(): Promise<void> {
    this.#turns++;
    await new Promise((resolve) => setImmediate(resolve));
    this.#turns--;
  }

  /** A call that goes on by itself. */
  fork({ task, scope, reached, obeyed }: Line): Line {
    return new Line(task, scope, reached, obeyed);
  }

  begin(call: () => Promise<void>): Promise<void> {
    return call();
  }

  /** A line goes on after the calls that it awaited: what has reached those has reached it. */
  join(line: Line, others: readonly Line[]): void {
    for (const other of others) {
      for (const request of other.reached) line.reached.add(request);
      for (const [request, each] of other.obeyed) {
        line.obeyed.set(request, each);
      }
    }
  }

  sleep(line: Line, seconds: number, place: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const cancelTimer = this.callLater(seconds, resolve);
    return this.#wait(line, promise, place, () => {
      cancelTimer();
      reject(makeCancelledError(undefined));
    });
  }

  event(line: Line, seconds: number, place: string): Promise<void> {
    return this.sleep(line, seconds, place);
  }

  /** Awaits something of the library. */
  async #wait(
    line: Line,
    promise: Promise<void>,
    place: string | null,
    cancel: () => void,
  ): Promise<void> {
    const hasObeyed = line.obeyedAt === this.#now;
    this.#endObeying(line);
    let isSettled = false;
    const settle = () => isSettled = true;
    promise.then(settle, settle);
    line.wait = {
      order: line.arrivedAt,
      isStruck: false,
      cancel() {
        if (isSettled) return;
        this.isStruck = true;
        line.reach();
        cancel();
      },
    };
    if (this.#isStruckOnArrival(line, place, hasObeyed)) line.wait.cancel();
    const failure = await failureOf(promise);
    await this.#queue();
    line.wait = null;
    if (line.pending.length > 0) {
      line.reach();
      throw makeCancelledError(undefined);
    }
    if (failure !== null) throw failure.error;
  }

  #isStruckOnArrival(
    line: Line,
    place: string | null,
    hasObeyed: boolean,
  ): boolean {
    const { pending } = line;
    const isSettled = this.isDecidable || place === null ||
      this.#places.has(place);
    if (isSettled) return pending.length > 0;
    this.#places.add(place);
    const others = line.task.lines.filter((each) =>
      each !== line && !this.#hasSurfaced(each)
    );
    const hasReached = (request: Request, each: Line) =>
      each.reached.has(request) || each.displaced.has(request) ||
      each.obeyed.has(request) ||
      each.toldAt === this.#now;
    // The first that goes on under its mark ends what a line has read a signal for.
    const isLikeOther = others.some((each) =>
      hasObeyed && each.arrivedAt > line.obeyedReadAt ||
      requestsIn(line.scope).some((request) => hasReached(request, each))
    );
    if (!isLikeOther) return pending.length > 0;
    const isStruck = place.endsWith(" end")
      ? this.#oracle.isGroupStruck(place.slice(0, -4))
      : this.#oracle.isStruck(place, this.#now);
    if (isStruck && pending.length === 0) this.undecidable.repeated++;
    const isTaken = others.some((each) =>
      (each.wait?.isStruck ?? true) &&
      pending.every((request) => hasReached(request, each))
    );
    if (!isStruck && pending.length > 0) {
      if (!isTaken) return true;
      this.undecidable.missed++;
      for (const request of pending) line.reached.add(request);
    }
    return isStruck;
  }

  /** Whether it is known that a line has ended. It is not where something foreign obeyed a signal. */
  #hasSurfaced({ surfacedAt, obeyed }: Line): boolean {
    return surfacedAt < this.#now && obeyed.size === 0;
  }

  signal(line: Line, place: string): AbortSignal {
    this.#endObeying(line);
    line.readSignalAt = ++this.#order;
    let scope = line.scope.nearestOpen;
    let isAborted = requestsIn(scope).length > 0;
    for (let each: Scope | null = line.scope; each; each = each.parent) {
      // What happens at once is a matter of order.
      if (each.changedAt === this.#now) {
        isAborted = this.#oracle.isAborted(place);
      }
    }
    while (!isAborted && scope.request !== null && scope.parent !== null) {
      scope = scope.outer;
    }
    if (isAborted) {
      this.#tell(line);
      for (const request of requestsIn(scope)) request.hasSignal = true;
    }
    const isOld = !isAborted && scope.controller?.signal.aborted;
    if (scope.controller === null || isOld) {
      scope.controller = new AbortController();
    }
    if (isAborted && !scope.controller.signal.aborted) {
      scope.controller.abort(makeSignalReason(undefined));
    }
    return scope.controller.signal;
  }

  /** Something foreign obeys a signal that was aborted. It has delivered a request if the line goes on at once. */
  obey(line: Line): void {
    line.obeyedAt = this.#now;
    line.obeyedReadAt = line.readSignalAt;
    for (const request of requestsIn(line.scope)) {
      request.toldAt = this.#now;
      line.obeyed.set(request, { when: this.#now, isConfirmed: false });
    }
  }

  /** If a line continues at once after a foreign operation obeyed, the request has reached it. */
  #endObeying(line: Line): void {
    line.arrivedAt = ++this.#order;
    for (const [request, obedience] of line.obeyed) {
      if (obedience.when === this.#now) {
        obedience.isConfirmed = true;
        // What came at the same time counts as obeyed, too.
        line.reach();
      }
      if (obedience.isConfirmed) {
        line.reached.add(request);
        request.isDelivered = true;
      } else if (line.pending.includes(request)) this.undecidable.late++;
    }
    line.obeyed.clear();
  }

  /** Whether a scope is cancelled, and that has reached no line. */
  #isUnheard(scope: Scope, lines: readonly Line[], place: string): boolean {
    const { request } = scope;
    if (request === null || request.isDelivered) return false;
    // Whether something foreign is obeying a signal cannot be told, nor what goes on first at the same time.
    const isOpen = request.toldAt === this.#now ||
      lines.some(({ wait }) => wait?.isStruck) ||
      lines.length > 1 && lines.some(({ obeyed }) => obeyed.has(request));
    return isOpen ? this.#oracle.hasFailed(place) : true;
  }

  /** A signal tells a line that it is cancelled. Whether it obeys cannot be told until some turns are over. */
  #tell(line: Line): void {
    line.toldAt = this.#now;
    for (const request of line.pending) request.toldAt = this.#now;
  }

  #cancel(task: Task, scope: Scope): void {
    scope.requests++;
    scope.changedAt = this.#now;
    scope.request = {
      isDelivered: false,
      toldAt: NaN,
      hasSignal: scope.request?.hasSignal ?? false,
    };
    this.#reach(task, scope);
  }

  /** Cancels what lines of a task await, and aborts signals, where a request has yet to reach them. */
  #reach({ scopes, lines }: Task, scope: Scope): void {
    const isInside = (each: Scope) => each.nearestOpen.around.includes(scope);
    const waiting = lines.filter(({ wait }) => wait !== null)
      .sort((a, b) => a.wait!.order - b.wait!.order);
    for (const line of waiting) {
      if (line.pending.length > 0) line.wait!.cancel();
    }
    for (const line of lines) {
      const isReader = line.readSignalAt > line.arrivedAt &&
        isInside(line.scope);
      if (isReader && line.pending.length > 0) this.#tell(line);
    }
    for (const each of scopes) {
      const requests = requestsIn(each);
      const { controller } = each;
      if (!each.isOpen || !isInside(each)) continue;
      if (controller === null || requests.length === 0) continue;
      if (controller.signal.aborted) continue;
      for (const request of requests) request.hasSignal = true;
      controller.abort(makeSignalReason(undefined));
    }
  }

  /** Runs a body in a scope. */
  async #within<T>(
    line: Line,
    shield: boolean,
    body: (scope: Scope) => Promise<T>,
  ): Promise<T> {
    const outer = line.scope.nearestOpen;
    const scope = new Scope(outer, shield);
    line.task.scopes.push(scope);
    this.#endObeying(line);
    const before = new Set(line.reached);
    line.scope = scope;
    try {
      return await body(scope);
    } finally {
      this.#endObeying(line);
      line.scope = outer;
      scope.request = null;
      scope.requests = 0;
      if (shield) {
        scope.shield = false;
        line.reached = before;
        line.obeyed.clear();
        line.readSignalAt = 0;
        this.#reach(line.task, scope);
      }
      scope.isOpen = false;
      scope.changedAt = this.#now;
    }
  }

  async timeout(
    line: Line,
    place: string,
    seconds: number,
    body: () => Promise<void>,
  ): Promise<void> {
    const before = line.scope.nearestOpen.requestsAround;
    let isExpired = false;
    await this.#within(line, false, async (scope) => {
      const stop = this.callLater(seconds, () => {
        isExpired = true;
        this.#cancel(line.task, scope);
      });
      const failure = await failureIn(scope, body());
      stop();
      if (isExpired && scope.outer.requestsAround <= before) {
        if (
          failure === null
            ? this.#isUnheard(scope, line.task.lines, place)
            : failure.isCancellation
        ) throw new TimeoutError();
      }
      if (failure !== null) throw failure.error;
    });
  }

  async cancelScope(
    line: Line,
    shield: boolean,
    cancelledAfter: number | null,
    body: () => Promise<void>,
  ): Promise<void> {
    const before = line.scope.nearestOpen.requestsAround;
    await this.#within(line, shield, async (scope) => {
      // What has not reached the line by then is not the scope's to catch.
      const hadPending = line.pending.length > 0;
      const stop = cancelledAfter === null
        ? () => {}
        : this.callLater(cancelledAfter, () => this.#cancel(line.task, scope));
      const failure = await failureIn(scope, body());
      stop();
      if (failure === null) return;
      const around = shield ? 0 : scope.outer.requestsAround;
      const isOvertaken = around > before || hadPending && around > 0;
      const isOurs = scope.requests > 0 && !isOvertaken;
      if (!isOurs || !failure.isCancellation) throw failure.error;
    });
  }

  #createTask(place: string, body: (line: Line) => Promise<void>): Task {
    const root = new Scope(null);
    const task: Task = {
      root,
      scopes: [root],
      lines: [],
      isDone: false,
      cancel: () => {
        if (!task.isDone) this.#cancel(task, root);
      },
      outcome: this.#queue().then(async () => {
        const line = new Line(task, root);
        try {
          if (root.requests > 0) throw makeCancelledError(undefined);
          const failure = await failureIn(root, body(line));
          if (failure !== null) throw failure.error;
          if (this.#isUnheard(root, task.lines, place)) {
            throw makeCancelledError(undefined);
          }
        } finally {
          task.isDone = true;
        }
      }),
    };
    task.outcome.catch(() => {});
    return task;
  }

  /** Awaits a task that runs a body. */
  async task(
    line: Line,
    place: string,
    body: (line: Line) => Promise<void>,
  ): Promise<void> {
    const task = this.#createTask(place, body);
    await this.#wait(line, task.outcome, place, () => {
      task.cancel();
    });
  }

  /** Awaits such a task, which is not cancelled with the line. */
  async shield(
    line: Line,
    place: string,
    body: (line: Line) => Promise<void>,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#createTask(place, body).outcome.then(resolve, reject);
    await this.#wait(line, promise, place, () => {
      reject(makeCancelledError(undefined));
    });
  }

  async group(
    line: Line,
    place: string,
    cancelledAfter: number | null,
    bodies: readonly ((line: Line) => Promise<void>)[],
    body: () => Promise<void>,
  ): Promise<void> {
    const errors: unknown[] = [];
    let running = bodies.length;
    let isAborting = false;
    let hasCancelledParent = false;
    let allDone: (() => void) | null = null;
    const tasks: Task[] = [];
    const abort = () => {
      isAborting = true;
      for (const task of tasks) task.cancel();
    };
    let mustStrikeAgain = false;
    try {
      await this.#within(line, false, async (scope) => {
        const cancelParent = () => {
          if (hasCancelledParent) return;
          hasCancelledParent = true;
          this.#cancel(line.task, scope);
        };
        for (const each of bodies) {
          const task = this.#createTask("", each);
          tasks.push(task);
          task.outcome.then(() => {}, (error) => {
            if (error instanceof CancelledError) return;
            errors.push(error);
            if (isAborting || hasCancelledParent) return;
            abort();
            cancelParent();
          }).then(() => {
            if (--running === 0) allDone?.();
          });
        }
        let isOver = false;
        if (cancelledAfter !== null) {
          this.callLater(cancelledAfter, () => {
            if (isOver || isAborting) return;
            abort();
            cancelParent();
          });
        }
        const failure = await failureIn(scope, body());
        if (failure !== null && !isAborting) abort();
        const own = failure?.isCancellation ?? false;
        let cause: unknown = own ? failure!.error : null;
        let any: unknown = null;
        while (running > 0) {
          const { promise, resolve, reject } = Promise.withResolvers<void>();
          allDone = resolve;
          try {
            // What the library did cannot be seen where the tasks have been cancelled before.
            const end = isAborting ? null : `${place} end`;
            await this.#wait(line, promise, end, () => {
              reject(makeCancelledError(undefined));
            });
          } catch (error) {
            any = error;
            if (!isAborting) {
              cause = error;
              abort();
            }
          }
        }
        isOver = true;
        if (hasCancelledParent) {
          if (scope.outer.requestsAround === 0) cause = null;
          else cause ??= any;
        }
        if (cause !== null && errors.length === 0) throw cause;
        if (failure !== null && !own) errors.push(failure.error);
        if (errors.length > 0) {
          mustStrikeAgain = scope.outer.requestsAround > 0;
          throw new ExceptionGroup("", errors);
        }
      });
    } finally {
      // As in asyncio: a cancellation that the exceptions displace is thrown at the next await.
      if (mustStrikeAgain) {
        this.#forgetDelivery(line);
        line.displaced = line.reached;
        line.reached = new Set();
        line.obeyed.clear();
      }
    }
  }

  /** A task that ends before the next await is cancelled, unless the request has reached other lines, too. */
  #forgetDelivery(line: Line): void {
    const { root, lines } = line.task;
    const { request } = root;
    if (request === null || !line.scope.nearestOpen.around.includes(root)) {
      return;
    }
    const isShared = lines.some((each) =>
      each !== line && each.reached.has(request)
    );
    if (!isShared) request.isDelivered = false;
  }

  /** Awaits several calls; of those that ended at the same time, that counts first which did in the library. */
  async combine(
    kind: Combinator,
    line: Line,
    calls: readonly Call[],
  ): Promise<void> {
    const ended: { index: number; error: { error: unknown } | null }[] = [];
    const promises = calls.map(({ promise }, index) => {
      promise.then(
        () => ended.push({ index, error: null }),
        (error) => ended.push({ index, error: { error } }),
      );
      return promise;
    });
    const failure = await failureOf(combine[kind](promises));
    const winner = this.#winner(kind, calls);
    const isWinner = ({ index }: { index: number }) => calls[index] === winner;
    for (let i = 0; i < 9 && winner !== null && !ended.some(isWinner); i++) {
      await this.#queue();
    }
    this.join(line, ended.map(({ index }) => calls[index]!.line));
    const { error } = ended.find(isWinner) ?? { error: failure };
    if (error !== null) throw error.error;
  }

  /** The call that decides, which is that of those ended at the same time which ended first in the library. */
  #winner(kind: Combinator, calls: readonly Call[]): Call | null {
    if (kind === "allSettled") return null;
    const oracle = this.#oracle;
    const [winner = null] = calls
      .filter(({ place }) =>
        kind === "race" || oracle.hasFailed(place) === (kind === "all")
      )
      .sort((a, b) => oracle.order(a.place) - oracle.order(b.place));
    return winner;
  }

  uncancelAll(task: Task): void {
    task.root.requests = 0;
    task.root.request = null;
    task.root.controller = null;
  }
}

/** How what ran in a scope failed, if it did: also something foreign that fails as it was aborted was cancelled. */
async function failureIn(
  scope: Scope,
  body: Promise<void>,
): Promise<{ error: unknown; isCancellation: boolean } | null> {
  const failure = await failureOf(body);
  if (failure === null) return null;
  const { error } = failure;
  if (error instanceof CancelledError) return { error, isCancellation: true };
  const isCancellation = isAbortError(error) &&
    (signalReasonIn(error) !== null ||
      requestsIn(scope).some(({ hasSignal }) => hasSignal));
  return isCancellation
    ? { error: makeSignalReason(undefined), isCancellation }
    : { error, isCancellation };
}

async function failureOf(
  promise: Promise<unknown>,
): Promise<{ error: unknown } | null> {
  try {
    await promise;
    return null;
  } catch (error) {
    return { error };
  }
}
