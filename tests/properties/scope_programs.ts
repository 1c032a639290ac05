// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Random programs of scopes and lines of execution, and how they are run: by the library, or by the model.
 *
 * @module
 */

import * as fc from "fast-check";
import {
  CancelledError,
  isAbortError,
  signalReasonIn,
} from "../../loop/core/cancelled_error.ts";
import { currentScheduler } from "../../loop/core/scheduler.ts";
import {
  cancelScope,
  createTask,
  currentTask,
  Event,
  ExceptionGroup,
  Future,
  getRunningLoop,
  shield,
  sleep,
  type Task,
  taskGroup,
  timeout,
} from "../../mod.ts";
import { inVirtualTime } from "../../testing/mod.ts";
import {
  type Call,
  type Combinator,
  combine,
  type Line,
  Model,
  type Oracle,
} from "./scope_model.ts";

/** How something foreign fails when it obeys a signal. */
type Obedience = "reason" | "error with its cause" | "error without a cause";

/** A piece of a program. */
export type Piece =
  | { do: "sleep" | "event" | "fail"; seconds: number }
  | {
    do: "foreign";
    seconds: number;
    signal: "unread" | "ignored" | Obedience;
    turns: number;
  }
  | { do: "microtasks"; readsSignal: boolean }
  | { do: "read the signal, and await"; seconds: number }
  | { do: "after each other"; parts: Piece[] }
  | { do: Combinator; parts: Piece[] }
  | { do: "await late"; call: Piece; part: Piece }
  | { do: "never await"; call: Piece; isSilent: boolean }
  | { do: "timeout"; seconds: number; part: Piece }
  | {
    do: "cancelScope";
    shield: boolean;
    cancelledAfter: number | null;
    part: Piece;
  }
  | { do: "group"; cancelledAfter: number | null; part: Piece; tasks: Piece[] }
  | { do: "task" | "shield"; part: Piece }
  | { do: "handle failures" | "swallow"; part: Piece }
  | { do: "clean up"; part: Piece; cleanup: Piece };

export interface Program {
  root: Piece;
  /** When its task is cancelled. */
  cancelledAt: number[];
}

/** The pieces of programs. */
export interface Vocabulary {
  /** Foreign operations. */
  foreign: boolean;
  /** Lines that run concurrently in a task. */
  concurrent: boolean;
  /** How they are awaited. */
  combinators: readonly Combinator[];
  /** Calls that are awaited late, or never. */
  loose: boolean;
  /** Scopes that requests from outside do not enter. */
  shields: boolean;
}

/** Whole ones: {@linkcode timeAt} adds a fraction. */
const seconds = fc.integer({ min: 0, max: 6 });

const moment = fc.option(seconds, { freq: 3 });

/** Makes random programs. */
export function programs(
  { foreign, concurrent, combinators, loose, shields }: Vocabulary,
): fc.Arbitrary<Program> {
  const { piece } = fc.letrec<{ piece: Piece }>((tie) => {
    const part = tie("piece");
    const parts = fc.array(part, { minLength: 2, maxLength: 3 });
    const record = (weight: number, model: Record<string, unknown>) => ({
      weight,
      // deno-lint-ignore no-explicit-any -- a record for each kind of piece
      arbitrary: fc.record(model as any) as unknown as fc.Arbitrary<Piece>,
    });
    const one = (...names: string[]) => fc.constantFrom(...names);
    const leaf = fc.oneof(
      record(8, { do: one("sleep", "sleep", "event", "fail"), seconds }),
      ...foreign
        ? [
          record(6, {
            do: one("foreign"),
            seconds,
            signal: one(
              "unread",
              "unread",
              "ignored",
              "reason",
              "error with its cause",
              "error without a cause",
            ),
            turns: fc.constantFrom(0, 0, 2),
          }),
          record(1, { do: one("microtasks"), readsSignal: fc.boolean() }),
          record(1, { do: one("read the signal, and await"), seconds }),
        ]
        : [],
    );
    const combined = fc.oneof(
      record(3, { do: one("after each other"), parts }),
      ...concurrent
        ? [
          record(4, {
            do: one(...combinators),
            parts,
          }),
        ]
        : [],
      ...concurrent && loose
        ? [
          record(1, { do: one("await late"), call: part, part }),
          record(1, {
            do: one("never await"),
            call: part,
            isSilent: fc.boolean(),
          }),
        ]
        : [],
      record(4, { do: one("timeout"), seconds, part }),
      record(3, {
        do: one("cancelScope"),
        shield: shields ? fc.boolean() : fc.constant(false),
        cancelledAfter: moment,
        part,
      }),
      record(3, {
        do: one("group"),
        cancelledAfter: moment,
        part,
        tasks: fc.array(part, { minLength: 1, maxLength: 2 }),
      }),
      record(2, { do: one("task", "shield"), part }),
      record(2, { do: one("handle failures", "swallow"), part }),
      record(3, { do: one("clean up"), part, cleanup: part }),
    );
    return {
      piece: fc.oneof({ maxDepth: 6, depthIdentifier: "pieces" }, leaf, {
        weight: 5,
        arbitrary: combined,
      }),
    };
  });
  return fc.record({
    root: piece,
    cancelledAt: fc.array(seconds, { maxLength: 2 }),
  });
}

/**
 * A length of time at a place in a program: no two coincide, sums of them neither. Otherwise the outcome would be
 * a matter of the order of what happens at once.
 */
export function timeAt(place: string, seconds: number): number {
  let hash = 0x811c9dc5;
  for (const char of place) {
    hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
    hash ^= hash >>> 13;
  }
  return seconds + (1 + (hash >>> 2)) / 2 ** 30;
}

/** How a piece ended, and when. */
export interface Runnable {
  time: number;
  place: string;
  text: string;
}

/** Something that runs a program. Lines are of use to the model only. */
interface World {
  time(): number;
  callLater(seconds: number, callback: () => void): unknown;
  /** One turn of the event loop of the host, in which no time goes by. */
  turn(): Promise<void>;
  sleep(line: Line, seconds: number, place: string): PromiseLike<unknown>;
  event(line: Line, seconds: number, place: string): PromiseLike<unknown>;
  signal(line: Line, place: string): AbortSignal;
  obey(line: Line): void;
  fork(line: Line): Line;
  /** Begins a call. */
  begin(call: () => Promise<void>): Promise<void>;
  join(line: Line, others: readonly Line[]): void;
  combine(kind: Combinator, line: Line, calls: Call[]): Promise<unknown>;
  timeout(
    line: Line,
    place: string,
    seconds: number,
    body: () => Promise<void>,
  ): Promise<void>;
  cancelScope(
    line: Line,
    shield: boolean,
    cancelledAfter: number | null,
    body: () => Promise<void>,
  ): Promise<void>;
  group(
    line: Line,
    place: string,
    cancelledAfter: number | null,
    bodies: readonly ((line: Line) => Promise<void>)[],
    body: () => Promise<void>,
  ): Promise<void>;
  task(
    line: Line,
    place: string,
    body: (line: Line) => Promise<void>,
  ): PromiseLike<void>;
  shield(
    line: Line,
    place: string,
    body: (line: Line) => Promise<void>,
  ): PromiseLike<void>;
}

const NO_LINE = null as unknown as Line;

/** Facts that the outcomes of the pieces do not show. */
export interface Hints {
  /** The groups whose wait for their tasks was cancelled at once. */
  groups: Set<string>;
  /** The places at which an aborted signal was read. */
  aborted: Set<string>;
  /** When the exceptions of a group first displaced a cancellation. */
  displacedAt: number;
}

export class Library implements World {
  readonly hints: Hints = {
    groups: new Set(),
    aborted: new Set(),
    displacedAt: Infinity,
  };

  time(): number {
    return getRunningLoop().time();
  }

  callLater(seconds: number, callback: () => void) {
    return getRunningLoop().callLater(seconds, callback);
  }

  turn() {
    const { host } = currentScheduler();
    return new Promise<void>((resolve) => host.macrotask(resolve, false));
  }

  sleep(_line: Line, seconds: number) {
    return sleep(seconds);
  }

  event(_line: Line, seconds: number) {
    const event = new Event();
    this.callLater(seconds, () => event.set());
    return event.wait();
  }

  signal(_line: Line, place: string) {
    const { signal } = currentTask()!;
    if (signal.aborted) this.hints.aborted.add(place);
    return signal;
  }

  obey() {}

  fork() {
    return NO_LINE;
  }

  begin(call: () => Promise<void>) {
    return call();
  }

  join() {}

  combine(kind: Combinator, _line: Line, calls: Call[]): Promise<unknown> {
    return combine[kind](calls.map(({ promise }) => promise));
  }

  timeout(
    _line: Line,
    _place: string,
    seconds: number,
    body: () => Promise<void>,
  ) {
    return timeout(seconds, body);
  }

  cancelScope(
    _line: Line,
    shield: boolean,
    cancelledAfter: number | null,
    body: () => Promise<void>,
  ): Promise<void> {
    return cancelScope((scope) => {
      if (cancelledAfter !== null) {
        this.callLater(cancelledAfter, () => scope.cancel());
      }
      return body();
    }, { shield });
  }

  async group(
    _line: Line,
    place: string,
    cancelledAfter: number | null,
    bodies: readonly ((line: Line) => Promise<void>)[],
    body: () => Promise<void>,
  ) {
    const running = taskGroup(async (group) => {
      if (cancelledAfter !== null) {
        this.callLater(cancelledAfter, () => group.cancel());
      }
      const tasks = bodies.map((each) => group.createTask(() => each(NO_LINE)));
      const requests = () =>
        tasks.reduce((sum, task) => sum + task.cancelling(), 0);
      await body();
      const before = requests();
      this.turn().then(() => this.turn()).then(() => {
        if (requests() > before) this.hints.groups.add(place);
      });
    });
    try {
      await running;
    } catch (error) {
      const isDisplaced = error instanceof ExceptionGroup &&
        currentTask()!.cancelling() > 0;
      if (isDisplaced) {
        this.hints.displacedAt = Math.min(this.hints.displacedAt, this.time());
      }
      throw error;
    }
  }

  task(_line: Line, _place: string, body: (line: Line) => Promise<void>) {
    return createTask(() => body(NO_LINE));
  }

  shield(_line: Line, _place: string, body: (line: Line) => Promise<void>) {
    return shield(() => body(NO_LINE));
  }
}

/**
 * The library, with a task for each line that runs concurrently. It is cancelled whenever the task is that awaits it,
 * and by requests that came before only once it is told of another.
 */
export class TaskForEachLine extends Library {
  override begin(call: () => Promise<void>) {
    const requests = currentTask()!.cancelling();
    return createTask(async () => {
      if (requests > 0) {
        for (let i = 0; i < requests; i++) currentTask()!.cancel();
        await Promise.allSettled([sleep(0)]);
      }
      await call();
    }, { eagerStart: true }) as unknown as Promise<void>;
  }

  override async combine(
    _kind: Combinator,
    _line: Line,
    calls: Call[],
  ): Promise<void> {
    const tasks = calls.map(({ promise }) => promise as unknown as Task<void>);
    while (tasks.some((task) => !task.done())) {
      const anyDone = new Future<void>();
      const onDone = () => anyDone.done() || anyDone.setResult();
      for (const task of tasks) {
        if (!task.done()) task.addDoneCallback(onDone);
      }
      try {
        await anyDone;
      } catch {
        for (const task of tasks) task.cancel();
      }
    }
    // What failed is handled.
    for (const task of tasks) if (!task.cancelled()) task.exception();
  }
}

/** The surroundings of a piece. */
interface Here {
  line: Line;
  /** The calls of the task that nothing awaits. */
  calls: Call[];
}

/** Performs the pieces of a program, and takes down what ends when and how. */
class Performance {
  readonly log: Runnable[] = [];

  constructor(readonly world: World) {}

  /** The body of a task. */
  async body(line: Line, piece: Piece, place: string): Promise<void> {
    const here: Here = { line, calls: [] };
    // What happens at once does not depend on whether the task has had its first step.
    const start = `${place} start`;
    await this.world.sleep(line, timeAt(start, 0) / 1000, start);
    try {
      await this.perform(here, piece, place);
    } finally {
      // What a task left behind would belong to none.
      for (let calls; (calls = here.calls.splice(0)).length > 0;) {
        await this.world.combine("allSettled", line, calls);
      }
    }
  }

  async perform(here: Here, piece: Piece, place: string): Promise<void> {
    let end = "ends";
    try {
      await this.#do(here, piece, place);
    } catch (error) {
      end = describe(error);
      throw error;
    } finally {
      const time = this.world.time();
      this.log.push({ time, place, text: `${piece.do} ${end}` });
    }
  }

  async #do(here: Here, piece: Piece, place: string): Promise<void> {
    const { world } = this;
    const { line } = here;
    const time = "seconds" in piece ? timeAt(place, piece.seconds) : 0;
    const perform = (each: Piece, index = 0) =>
      this.perform(here, each, `${place}.${index}`);
    const body = (each: Piece, index = 0) => (line: Line) =>
      this.body(line, each, `${place}.${index}`);
    switch (piece.do) {
      case "sleep":
        await world.sleep(line, time, place);
        return;
      case "fail":
        await world.sleep(line, time, place);
        throw new Error("failed");
      case "event":
        await world.event(line, time, place);
        return;
      case "foreign":
        return await this.#foreign(line, piece, time, place);
      case "microtasks":
        return await this.#microtasks(line, piece.readsSignal, place);
      case "read the signal, and await":
        world.signal(line, place);
        await world.sleep(line, time, place);
        return;
      case "after each other":
        for (const [index, part] of piece.parts.entries()) {
          await perform(part, index);
        }
        return;
      case "all":
      case "race":
      case "any":
      case "allSettled": {
        const calls = piece.parts.map((part, index) =>
          this.#call(here, part, `${place}.${index}`)
        );
        here.calls.push(...calls);
        await world.combine(piece.do, line, calls);
        if (piece.do !== "allSettled") return;
        for (const { promise } of calls) await promise.catch(throwCancellation);
        return;
      }
      case "await late": {
        const call = this.#call(here, piece.call, `${place}.0`);
        here.calls.push(call);
        await perform(piece.part, 1);
        const [outcome] = await Promise.allSettled([call.promise]);
        world.join(line, [call.line]);
        if (outcome.status === "rejected") throw outcome.reason;
        return;
      }
      case "never await": {
        const call = this.#call(here, piece.call, `${place}.0`);
        here.calls.push(call);
        if (!piece.isSilent) this.#letSurface(call);
        return;
      }
      case "timeout":
        return await world.timeout(
          line,
          place,
          time,
          () => perform(piece.part),
        );
      case "cancelScope":
        return await world.cancelScope(
          line,
          piece.shield,
          laterAt(place, piece.cancelledAfter),
          () => perform(piece.part),
        );
      case "group":
        return await world.group(
          line,
          place,
          laterAt(place, piece.cancelledAfter),
          piece.tasks.map((each, index) => body(each, index + 1)),
          () => perform(piece.part),
        );
      case "task":
        return await world.task(line, place, body(piece.part));
      case "shield":
        return await world.shield(line, place, body(piece.part));
      case "handle failures":
        return await perform(piece.part).catch(throwCancellation);
      case "swallow":
        return await perform(piece.part).catch(() => {});
      case "clean up":
        try {
          return await perform(piece.part);
        } finally {
          await perform(piece.cleanup, 1);
        }
    }
  }

  /** Begins a call. That it fails before it is awaited is nothing to report. */
  #call(here: Here, piece: Piece, place: string): Call {
    const line = this.world.fork(here.line);
    const promise = this.world.begin(() =>
      this.perform({ ...here, line }, piece, place)
    );
    // To call `catch` of a task would be to await it.
    if (promise instanceof Promise) promise.catch(() => {});
    return { line, place, promise };
  }

  #letSurface({ line, promise }: Call): void {
    promise.catch((error) => {
      if (!(error instanceof CancelledError)) return;
      if (line === NO_LINE) throw error;
      // Which line the reason of a signal ends is not known.
      if (signalReasonIn(error) === null) line.surfacedAt = this.world.time();
    });
  }

  /** Something foreign that takes no time. It does not obey a signal, but that cannot be told. */
  async #microtasks(
    line: Line,
    readsSignal: boolean,
    place: string,
  ): Promise<void> {
    const signal = readsSignal ? this.world.signal(line, place) : null;
    for (let i = 0; i < 3; i++) await null;
    if (signal?.aborted) this.world.obey(line);
  }

  /** Something foreign that takes some time, or fails when a signal aborts. */
  async #foreign(
    line: Line,
    { signal: obedience, turns }: Piece & { do: "foreign" },
    time: number,
    place: string,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.world.callLater(time, resolve);
    if (obedience !== "unread") {
      const signal = this.world.signal(line, place);
      const obey = async () => {
        this.world.obey(line);
        // Without a cause, what it means depends on whether the scope has ended in the meantime.
        const needed = obedience === "error without a cause" ? 0 : turns;
        for (let i = 0; i < needed; i++) await this.world.turn();
        reject(errorOf(obedience, signal));
      };
      if (obedience !== "ignored") {
        if (signal.aborted) obey();
        else signal.addEventListener("abort", obey, { once: true });
        promise.then(() => signal.removeEventListener("abort", obey), () => {});
      }
    }
    await promise;
  }
}

function laterAt(place: string, seconds: number | null): number | null {
  return seconds === null ? null : timeAt(`${place} cancel`, seconds);
}

function errorOf(obedience: unknown, { reason }: AbortSignal): unknown {
  if (obedience === "reason") return reason;
  const error = new Error(
    "aborted",
    obedience === "error with its cause" ? { cause: reason } : {},
  );
  error.name = "AbortError";
  return error;
}

function throwCancellation(error: unknown): void {
  if (error instanceof CancelledError || isAbortError(error)) throw error;
}

function describe(error: unknown): string {
  if (error instanceof ExceptionGroup) {
    return `throws [${error.exceptions.map(describe).toSorted()}]`;
  }
  if (error instanceof AggregateError) {
    return `throws [${error.errors.map(describe).toSorted()}]`;
  }
  if (isAbortError(error)) return "throws CancelledError";
  return `throws ${error instanceof Error ? error.name : error}`;
}

/** Runs a program by the library. */
export async function runByLibrary(
  { root, cancelledAt }: Program,
  world: Library = new Library(),
): Promise<{ log: Runnable[]; hints: Hints }> {
  const performance = new Performance(world);
  const main = inVirtualTime(async () => {
    const loop = getRunningLoop();
    loop.setExceptionHandler(() => {});
    let isOver = false;
    let requests = 0;
    const task = createTask(async () => {
      await performance.body(NO_LINE, root, "root").catch(() => {});
      isOver = true;
      for (; requests > 0; requests--) currentTask()!.uncancel();
      await sleep(1000);
    });
    for (const [index, seconds] of cancelledAt.entries()) {
      loop.callLater(timeAt(`cancel ${index}`, seconds), () => {
        if (isOver) return;
        requests++;
        task.cancel();
      });
    }
    await task;
  }, { patience: 0 });
  await main();
  return { log: performance.log, hints: world.hints };
}

/** Runs a program by the model. */
export async function runByModel(
  { root, cancelledAt }: Program,
  oracle: Oracle,
  isDecidable: boolean,
): Promise<{ log: Runnable[]; model: Model }> {
  const model = new Model(oracle, isDecidable);
  const performance = new Performance(model);
  await model.run(async (line, task) => {
    let isOver = false;
    for (const [index, seconds] of cancelledAt.entries()) {
      model.callLater(timeAt(`cancel ${index}`, seconds), () => {
        if (!isOver) task.cancel();
      });
    }
    await performance.body(line, root, "root").catch(() => {});
    isOver = true;
    model.uncancelAll(task);
  });
  return { log: performance.log, model };
}
