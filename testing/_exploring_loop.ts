// Copyright 2026 the asyncio for Deno authors. MIT license.

import { ownerOf } from "../loop/core/introspection/runnable_owner.ts";
import { RuntimeError } from "../loop/core/errors.ts";
import { Handle } from "../loop/core/handle.ts";
import type { ReadyEntries } from "../loop/core/host.ts";
import {
  callOutsideTasks,
  type Scheduler,
  schedulerOf,
} from "../loop/core/scheduler.ts";
import type { Task } from "../loop/core/task.ts";
import { userFrameOf } from "./_user_frame.ts";
import type { Move, Strategy } from "./_strategy.ts";
import type { MemoryNetwork } from "./network/memory_network.ts";
import { failLoop, hostOf, VirtualTimeLoop } from "./virtual_time_loop.ts";

/** Limits on the events of a schedule other than task steps, and on its length. */
export interface ExplorationLimits {
  /** The largest number of cancellations. */
  readonly cancellations: number;
  /** Whether a timer may expire while something is still ready. */
  readonly timeouts: boolean;
  /** The number of steps after which a schedule counts as endless. */
  readonly maxSteps: number;
}

/** A default task name, which counts all tasks of the process. */
const COUNTED_NAME = /^Task-\d+$/;

/** A loop in virtual time in which a strategy chooses the next event. */
export class ExploringLoop extends VirtualTimeLoop {
  /** The steps so far, one line each. */
  readonly trace: string[] = [];
  readonly #strategy: Strategy;
  readonly #limits: ExplorationLimits;
  readonly #scheduler: Scheduler;
  readonly #cancellable = new Set<Task<unknown>>();
  readonly #names = new Map<object, string>();
  #isExploring = true;
  #cancellationsLeft: number;
  #stepsLeft: number;

  constructor(
    strategy: Strategy,
    limits: ExplorationLimits,
    network?: MemoryNetwork,
  ) {
    super({ io: "refuse", network });
    this.#strategy = strategy;
    this.#limits = limits;
    this.#cancellationsLeft = limits.cancellations;
    this.#stepsLeft = limits.maxSteps;
    this.#scheduler = schedulerOf(this);
    const host = hostOf(this);
    host.choose = (ready) => this.#choose(ready);
    host.onIdle = () => this.#whenIdle();
  }

  /** Allows the task to be cancelled at any time from now on. */
  mayCancel(task: Task<unknown>): void {
    this.#cancellable.add(task);
  }

  /** Switches to the ordinary order, and stops recording. */
  settleDown(): void {
    this.#isExploring = false;
    this.#stepsLeft = this.#limits.maxSteps;
  }

  #choose(ready: ReadyEntries): number {
    while (true) {
      this.#countStep();
      if (!this.#isExploring) return 0;
      const moves = this.#movesOf(ready);
      const move = moves[this.#strategy.choose(moves)]!;
      this.#note(move, ready);
      if (move.kind === "run") return move.index;
      if (move.kind === "cancel") this.#cancel(move.task);
      else this.#expire();
    }
  }

  #countStep(): void {
    if (--this.#stepsLeft >= 0) return;
    this.#isExploring = false;
    this.#stepsLeft = this.#limits.maxSteps;
    failLoop(
      this,
      new RuntimeError(
        `The program did not end within ${this.#limits.maxSteps} steps`,
      ),
    );
  }

  #cancel(task: Task<unknown>): void {
    this.#cancellationsLeft--;
    // The step that has just ended may be one of this very task.
    callOutsideTasks(this.#scheduler, () => void task.cancel());
  }

  /** Asks the strategy for a fault while every task waits. */
  #whenIdle(): void {
    if (!this.#isExploring || this.#strategy.whenIdle === undefined) return;
    const moves = this.#faults();
    const choice = this.#strategy.whenIdle(moves);
    const move = choice === null ? undefined : moves[choice];
    if (move?.kind !== "cancel") return;
    this.#note(move, NOTHING);
    this.#cancel(move.task);
  }

  #movesOf(ready: ReadyEntries): Move[] {
    const moves: Move[] = [];
    const seen = new Set<Task<unknown> | null>();
    for (let index = 0; index < ready.size; index++) {
      const task = ownerOf(ready.at(index));
      if (seen.has(task)) continue;
      seen.add(task);
      moves.push({ kind: "run", task, index });
    }
    return [...moves, ...this.#faults()];
  }

  #faults(): Move[] {
    const moves: Move[] = [];
    for (const task of this.#cancellable) {
      if (task.done()) this.#cancellable.delete(task);
      else if (this.#cancellationsLeft > 0) {
        moves.push({ kind: "cancel", task });
      }
    }
    const deadline = this.#scheduler.deadline();
    if (
      this.#limits.timeouts && deadline !== null && deadline > this.time()
    ) moves.push({ kind: "expire" });
    return moves;
  }

  #expire(): void {
    const deadline = this.#scheduler.deadline();
    if (deadline !== null) this.advance(deadline - this.time());
  }

  #note(move: Move, ready: ReadyEntries): void {
    this.trace.push(
      `${this.time().toFixed(3)}  ${this.#describe(move, ready)}`,
    );
  }

  #describe(move: Move, ready: ReadyEntries): string {
    if (move.kind === "expire") {
      return `time jumps to ${this.#scheduler.deadline()}`;
    }
    if (move.kind === "cancel") return `cancel ${this.#whereIs(move.task)}`;
    if (move.task !== null) return this.#whereIs(move.task);
    const entry = ready.at(move.index);
    return entry instanceof Handle ? String(entry) : "a callback";
  }

  #whereIs(task: Task<unknown>): string {
    const name = this.#nameOf(task);
    if (!this.getDebug()) return name;
    let place: string | null = null;
    callOutsideTasks(this.#scheduler, () => place = userFrameOf(task));
    return place === null ? name : `${name} at ${place}`;
  }

  /** Returns a name that is the same in every run of a schedule. */
  #nameOf(task: Task<unknown>): string {
    let name = this.#names.get(task);
    if (name === undefined) {
      const given = task.getName();
      name = COUNTED_NAME.test(given) ? `Task-${this.#names.size + 1}` : given;
      this.#names.set(task, name);
    }
    return name;
  }
}

const NOTHING: ReadyEntries = {
  size: 0,
  at: () => {
    throw new RangeError("Nothing is ready");
  },
};
