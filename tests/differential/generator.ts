// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Block, Op, Program, Statement } from "./program.ts";
import { Random } from "./random.ts";

/** Statements that belong together: a program is about a few families. */
const FAMILIES = {
  futures: [
    "setResult",
    "setException",
    "setCancelledError",
    "cancelFuture",
    "awaitFuture",
    "awaitFuture",
    "onFutureDone",
    "waitForFuture",
  ],
  tasks: ["awaitTask", "onTaskDone", "spawn", "cancelTask", "waitForTask"],
  waits: ["shield", "shield", "wait", "wait", "asCompleted", "spawn"],
  callbacks: [
    "callSoon",
    "callSoon",
    "callLater",
    "cancelHandle",
    "onFutureDone",
    "onTaskDone",
  ],
  locks: ["withLock", "withLock", "acquire", "release"],
  semaphores: [
    "withSemaphore",
    "withSemaphore",
    "acquireSemaphore",
    "releaseSemaphore",
  ],
  events: ["waitEvent", "set", "clear"],
  conditions: [
    "withCondition",
    "withCondition",
    "waitCondition",
    "waitConditionFor",
    "notify",
    "set",
  ],
  queues: [
    "put",
    "get",
    "putNowait",
    "getNowait",
    "taskDone",
    "join",
    "shutdown",
  ],
  barriers: ["barrier", "barrier", "resetBarrier", "abortBarrier"],
  groups: ["group", "group", "spawnInGroup"],
  gathers: ["gather", "gather", "cancelGather"],
  timeouts: [
    "timeout",
    "waitFor",
    "waitForFuture",
    "waitForTask",
    "reschedule",
  ],
} as const satisfies Record<string, readonly Op[]>;

type Family = keyof typeof FAMILIES;

/** The statements of every program. */
const ALWAYS: readonly Op[] = [
  "log",
  "raise",
  "raiseCancelled",
  "sleep",
  "spin",
  "spin",
  "nest",
  "repeat",
  "tryCancelled",
  "tryError",
  "finally",
  "cancelTask",
  "cancelTask",
  "cancelSelf",
  "cancelling",
  "uncancel",
];

const HOLDS_STATEMENTS: ReadonlySet<Op> = new Set<Op>([
  "nest",
  "repeat",
  "tryCancelled",
  "tryError",
  "finally",
  "withLock",
  "withSemaphore",
  "withCondition",
  "group",
  "waitFor",
  "timeout",
]);

/** Statements that may wake a task. */
const WAKES: ReadonlySet<Op> = new Set<Op>([
  "setResult",
  "setException",
  "release",
  "releaseSemaphore",
  "set",
  "notify",
  "putNowait",
  "getNowait",
  "taskDone",
  "withLock",
  "withSemaphore",
  "withCondition",
]);

/** The statements of callbacks, if the program has their subject. */
const IMMEDIATE: ReadonlySet<Op> = new Set<Op>([
  "log",
  "raise",
  "raiseCancelled",
  "setResult",
  "setException",
  "setCancelledError",
  "cancelFuture",
  "cancelTask",
  "cancelGather",
  "spawn",
  "callSoon",
  "cancelHandle",
  "notify",
  "release",
  "releaseSemaphore",
  "set",
  "clear",
  "putNowait",
  "getNowait",
  "taskDone",
  "shutdown",
]);

type Ending = Extract<Statement, { op: "tryCancelled" }>["then"];

const ENDINGS: readonly Ending[] = ["swallow", "raise", "uncancel", "replace"];

const RETURN_WHEN = [
  "FIRST_COMPLETED",
  "FIRST_EXCEPTION",
  "ALL_COMPLETED",
] as const;

const MAX_DEPTH = 3;

/** Features that a reference lacks, or has with other rules. */
export type Omitted = ReadonlySet<Op>;

/**
 * Makes a random program.
 *
 * @param seed What determines it.
 * @param omitted The statements to do without.
 * @returns The program.
 */
export function generate(seed: number, omitted: Omitted): Program {
  return new Generator(new Random(seed), omitted).program();
}

/** How many there are of everything. */
type Counts = Record<
  | "tasks"
  | "futures"
  | "locks"
  | "semaphores"
  | "events"
  | "conditions"
  | "barriers"
  | "queues"
  | "handles"
  | "gathers",
  number
>;

class Generator {
  readonly #random: Random;
  readonly #ops: readonly Op[];
  readonly #counts: Counts;
  readonly #endings: readonly Ending[];
  #values = 0;

  constructor(random: Random, omitted: Omitted) {
    this.#random = random;
    const families = Object.keys(FAMILIES) as Family[];
    const chosen = Array.from(
      { length: random.integer(1, 4) },
      () => random.choose(families),
    );
    // Often, so that what a program is about comes up more than what every program has.
    this.#ops = [
      ...ALWAYS,
      ...chosen.flatMap((family) => [
        ...FAMILIES[family],
        ...FAMILIES[family],
        ...FAMILIES[family],
      ]),
    ].filter((op) => !omitted.has(op));
    this.#endings = ENDINGS.filter((ending) =>
      ending !== "uncancel" || !omitted.has(ending)
    );
    const one = () => random.integer(1, 2);
    this.#counts = {
      tasks: random.integer(2, 6),
      futures: one(),
      locks: one(),
      semaphores: one(),
      events: one(),
      conditions: one(),
      barriers: one(),
      queues: one(),
      handles: one(),
      gathers: one(),
    };
  }

  program(): Program {
    const random = this.#random;
    const counts = this.#counts;
    return {
      futures: counts.futures,
      locks: counts.locks,
      semaphores: this.#list(counts.semaphores, () => random.integer(0, 2)),
      events: counts.events,
      conditions: counts.conditions,
      sharedLock: random.chance(0.3),
      barriers: this.#list(counts.barriers, () => random.integer(1, 3)),
      queues: this.#list(counts.queues, () => ({
        kind: random.choose(["fifo", "fifo", "lifo", "priority"] as const),
        maxSize: random.integer(0, 2),
      })),
      handles: counts.handles,
      gathers: counts.gathers,
      roots: random.integer(1, Math.min(4, counts.tasks)),
      tasks: this.#list(counts.tasks, (task) => this.#block(task, 0)),
    };
  }

  #list<T>(length: number, make: (index: number) => T): T[] {
    return Array.from(
      { length: Math.max(0, length) },
      (_, index) => make(index),
    );
  }

  #block(task: number, depth: number): Block {
    const length = this.#random.integer(1, depth === 0 ? 6 : 3);
    const block: Block = [];
    for (let i = 0; i < length; i++) {
      const statement = this.#statement(task, depth);
      block.push(statement);
      // Between the wake-up and the resumption: where the most can go wrong.
      if (WAKES.has(statement.op) && this.#random.chance(0.4)) {
        block.push(this.#make("cancelTask", task, depth)!);
      }
    }
    return block;
  }

  #statement(task: number, depth: number): Statement {
    while (true) {
      const op = this.#random.choose(this.#ops);
      if (depth >= MAX_DEPTH && HOLDS_STATEMENTS.has(op)) continue;
      const statement = this.#make(op, task, depth);
      if (statement !== null) return statement;
    }
  }

  /** The statements of a callback. */
  #callback(task: number, depth: number): Block {
    const ops = this.#ops.filter((op) => IMMEDIATE.has(op));
    return this.#list(this.#random.integer(0, 2), () => {
      while (true) {
        const op = this.#random.choose(ops);
        if (op === "callSoon" && depth >= MAX_DEPTH) continue;
        const statement = this.#make(op, task, depth + 1);
        if (statement !== null) return statement;
      }
    });
  }

  #message(): string | null {
    return this.#random.chance(0.5) ? null : `m${this.#values++}`;
  }

  #delay(): number {
    return this.#random.integer(-1, 6);
  }

  #delayOrNone(): number | null {
    return this.#random.chance(0.1) ? null : this.#delay();
  }

  /** A delay that no other one equals, or `null`. */
  #futureDelay(): number | null {
    return this.#random.chance(0.3) ? null : this.#random.integer(1, 6);
  }

  /** A task of a higher number, or `null`. */
  #later(task: number): number | null {
    const last = this.#counts.tasks - 1;
    return task < last ? this.#random.integer(task + 1, last) : null;
  }

  #laterOnes(task: number, least: number): number[] | null {
    if (task === this.#counts.tasks - 1) return null;
    return this.#list(
      this.#random.integer(least, 3),
      () => this.#later(task)!,
    );
  }

  /** A statement of a kind, or `null` if there is none here. */
  #make(op: Op, task: number, depth: number): Statement | null {
    const random = this.#random;
    const one = (what: keyof Counts) =>
      random.integer(0, this.#counts[what] - 1);
    const block = () => this.#block(task, depth + 1);
    const callback = () => this.#callback(task, depth);
    switch (op) {
      case "log":
        return { op, text: `step ${this.#values++}` };
      case "raise":
        // Less often than others, since it ends what it is in.
        return random.chance(0.5)
          ? { op, message: `e${this.#values++}` }
          : null;
      case "raiseCancelled":
        return random.chance(0.2)
          ? { op, message: `c${this.#values++}` }
          : null;
      case "setResult":
        return { op, future: one("futures"), value: this.#values++ };
      case "setException":
      case "setCancelledError":
        return { op, future: one("futures"), message: `e${this.#values++}` };
      case "cancelFuture":
        return { op, future: one("futures"), message: this.#message() };
      case "cancelTask":
        return { op, task: one("tasks"), message: this.#message() };
      case "cancelSelf":
        return random.chance(0.5) ? { op, message: this.#message() } : null;
      case "cancelGather":
        return { op, gather: one("gathers"), message: this.#message() };
      case "cancelling":
      case "uncancel":
        return { op };
      case "spawn":
      case "spawnInGroup": {
        const later = this.#later(task);
        return later === null ? null : { op, task: later };
      }
      case "callSoon":
        return { op, body: callback(), handle: one("handles") };
      case "callLater":
        return {
          op,
          delay: random.integer(1, 6),
          body: callback(),
          handle: one("handles"),
        };
      case "cancelHandle":
        return { op, handle: one("handles") };
      case "onFutureDone":
        return { op, future: one("futures"), body: callback() };
      case "onTaskDone":
        return { op, task: one("tasks"), body: callback() };
      case "release":
        // Only those of an odd number, that are held without a guard.
        return this.#counts.locks > 1 ? { op, lock: 1 } : null;
      case "releaseSemaphore":
        return { op, semaphore: one("semaphores") };
      case "set":
      case "clear":
        return { op, event: one("events") };
      case "notify":
        return {
          op,
          condition: one("conditions"),
          count: random.integer(1, 2),
        };
      case "putNowait":
        return { op, queue: one("queues"), value: this.#values++ };
      case "getNowait":
      case "taskDone":
        return { op, queue: one("queues") };
      case "shutdown":
        return random.chance(0.3)
          ? { op, queue: one("queues"), immediate: random.chance(0.5) }
          : null;
      case "reschedule":
        return { op, delay: this.#delayOrNone() };
      case "sleep":
        return { op, delay: this.#delay() };
      case "spin":
        return { op, times: random.integer(1, 4) };
      case "awaitFuture":
        return { op, future: one("futures") };
      case "awaitTask": {
        const later = this.#later(task);
        return later === null ? null : { op, task: later };
      }
      case "shield": {
        const later = this.#later(task);
        return later === null ? null : { op, task: later };
      }
      case "wait": {
        const targets = this.#laterOnes(task, 1);
        if (targets === null) return null;
        const returnWhen = random.choose(RETURN_WHEN);
        return { op, targets, timeout: this.#futureDelay(), returnWhen };
      }
      case "asCompleted": {
        const children = this.#laterOnes(task, 0);
        if (children === null) return null;
        return { op, children, timeout: this.#futureDelay() };
      }
      case "nest":
        return { op, depth: random.integer(1, 5), body: block() };
      case "repeat":
        return { op, times: random.integer(1, 3), body: block() };
      case "tryCancelled":
        return {
          op,
          body: block(),
          handler: block(),
          then: random.choose(this.#endings),
        };
      case "tryError":
        return { op, body: block(), handler: block() };
      case "finally":
        return { op, body: block(), cleanup: block() };
      case "group": {
        const children = this.#laterOnes(task, 0);
        return children === null ? null : { op, children, body: block() };
      }
      case "gather": {
        const children = this.#laterOnes(task, 1);
        if (children === null) return null;
        return {
          op,
          gather: one("gathers"),
          children,
          futures: this.#list(random.integer(-2, 1), () => one("futures")),
          returnExceptions: random.chance(0.4),
          started: random.chance(0.5),
        };
      }
      case "waitFor":
        return { op, timeout: this.#delayOrNone(), body: block() };
      case "waitForFuture":
        return { op, timeout: this.#delayOrNone(), future: one("futures") };
      case "waitForTask": {
        const later = this.#later(task);
        if (later === null) return null;
        return { op, timeout: this.#delayOrNone(), task: later };
      }
      case "timeout":
        return { op, delay: this.#delayOrNone(), body: block() };
      case "acquire":
        return this.#counts.locks > 1 ? { op, lock: 1 } : null;
      case "withLock":
        return { op, lock: one("locks"), body: block() };
      case "acquireSemaphore":
        return { op, semaphore: one("semaphores") };
      case "withSemaphore":
        return { op, semaphore: one("semaphores"), body: block() };
      case "waitEvent":
        return { op, event: one("events") };
      case "withCondition":
        return { op, condition: one("conditions"), body: block() };
      case "waitCondition":
        return { op, condition: one("conditions") };
      case "waitConditionFor":
        return { op, condition: one("conditions"), event: one("events") };
      case "put":
        return { op, queue: one("queues"), value: this.#values++ };
      case "get":
      case "join":
        return { op, queue: one("queues") };
      case "barrier":
      case "resetBarrier":
      case "abortBarrier":
        return { op, barrier: one("barriers") };
    }
  }
}
