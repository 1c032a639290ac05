// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Awaitable } from "../loop/core/awaitable.ts";
import { RuntimeError } from "../loop/core/errors.ts";
import { EventLoop } from "../loop/event_loop.ts";
import { loadEverything } from "../loop/core/lazy.ts";
import { callOutsideTasks, Scheduler } from "../loop/core/scheduler.ts";
import type { TaskState } from "../loop/core/task_state.ts";
import {
  assertAtLeast,
  assertNumber,
  assertOptions,
  outOfRange,
} from "../loop/core/validate.ts";
import { describeWaits } from "./_describe_waits.ts";
import { VirtualHost } from "./_virtual_host.ts";
import { HangError } from "./hang_error.ts";
import {
  assertNetwork,
  attach,
  type MemoryNetwork,
} from "./network/memory_network.ts";

/** The options of a {@linkcode VirtualTimeLoop}. */
export interface VirtualTimeOptions {
  /** What `loop.time()` is at the beginning, in seconds; 0 by default. */
  start?: number | undefined;
  /**
   * What happens when a task waits for something that is not the loop's own, such as a file or `fetch()`, and
   * nothing else is ready: `"hold"`, the default, has the clock stand still meanwhile; `"refuse"` has the
   * program fail, as one that is to run in the same way every time must do nothing of the kind.
   */
  io?: "hold" | "refuse" | undefined;
  /**
   * What takes the place of the real network; with it, `io` is `"refuse"` by default.
   */
  network?: MemoryNetwork | undefined;
  /**
   * For how many real seconds at most the clock stands still before it jumps, or the program fails; 5 by
   * default. A promise that never settles looks like one that takes long.
   */
  patience?: number | undefined;
}

/** Stops a loop, whose run fails with the error. */
export let failLoop: (loop: VirtualTimeLoop, error: Error) => void;

/** The clock of a loop, and what decides the order of events. */
export let hostOf: (loop: VirtualTimeLoop) => VirtualHost;

// A program that waits for a module to be loaded waits for what is outside its loop.
await loadEverything();

/** For how many milliseconds it is waited before each jump for what may come to what is open. */
const PATIENCE_WITH_OPEN = 10;

/**
 * An event loop whose clock stands still while something can happen, and jumps to the next timer when nothing
 * can: an hour of sleep takes no time, and every run goes the same way.
 *
 * When nothing is ready, no timer is set and the program is not over, it fails at once with a
 * {@linkcode HangError}.
 *
 * What happens outside holds the clock while it is waited for: a promise that is not the loop's own, as of a
 * file or of `fetch()`, a job in another thread, a process that runs. What is open, such as a server or a
 * connection, may hear from outside at any time: it gets some milliseconds before each jump of the clock, and
 * holds a {@linkcode HangError} back for as long as `patience` says.
 *
 * @example A test in which an hour passes
 * ```ts
 * import { getRunningLoop, run, sleep } from "@asyncio/asyncio";
 * import { VirtualTimeLoop } from "@asyncio/asyncio/testing";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   await sleep(3600);
 *   assertEquals(getRunningLoop().time(), 3600);
 * }, { loopFactory: () => new VirtualTimeLoop() });
 * ```
 */
export class VirtualTimeLoop extends EventLoop {
  readonly #host: VirtualHost;
  readonly #scheduler: Scheduler;
  readonly #io: "hold" | "refuse";
  readonly #patience: number;
  #failure: Error | null = null;

  static {
    hostOf = (loop) => loop.#host;
    failLoop = (loop, error) => loop.#fail(error);
  }

  /**
   * Constructs a new instance, which does not run yet.
   *
   * @param options When its time begins, and what it does about input and output.
   * @throws {TypeError} If an option has the wrong type.
   * @throws {RangeError} If the start or the patience is not a number, or the patience negative, or `io` is
   * something else.
   */
  constructor(options: VirtualTimeOptions = {}) {
    assertOptions("VirtualTimeLoop", options);
    const { start = 0, network = null, patience = 5 } = options;
    const { io = network === null ? "hold" : "refuse" } = options;
    assertNumber("The start option", start);
    assertAtLeast("The patience option", patience, 0);
    if (network !== null) assertNetwork(network);
    assertIo(io);
    const host = new VirtualHost(start, {
      isIdle: () => this.#isIdle,
      hears: () => this.#io === "hold",
      deadline: () => this.#scheduler.deadline(),
      patience: () => this.#patienceNow(),
      onTurn: () => {
        // It may be over sooner than it is looked for: a program is refused each time, or never.
        if (this.#io === "refuse" && this.#isIdle) this.#refuseToWait();
      },
      onStuck: () => {
        // This may be called in the async context of a task.
        callOutsideTasks(this.#scheduler, () => {
          this.#fail(new HangError(describeWaits(this.#scheduler)));
        });
      },
    });
    const scheduler = new Scheduler(host);
    super(scheduler);
    this.#host = host;
    this.#scheduler = scheduler;
    this.#io = io;
    this.#patience = patience * 1000;
    if (network !== null) attach(network, scheduler);
  }

  /**
   * Lets time go by while something runs, as a calculation would that takes so long.
   *
   * @param seconds How long.
   * @throws {RangeError} If that is not a number of 0 or more.
   *
   * @example Usage
   * ```ts
   * import { run, sleep, TimeoutError, timeout } from "@asyncio/asyncio";
   * import { VirtualTimeLoop } from "@asyncio/asyncio/testing";
   * import { assertRejects } from "@std/assert";
   *
   * const loop = new VirtualTimeLoop();
   * await run(() =>
   *   assertRejects(() =>
   *     timeout(1, async () => {
   *       loop.advance(2);
   *       await sleep(1);
   *     }), TimeoutError), { loopFactory: () => loop });
   * ```
   */
  advance(seconds: number): void {
    assertAtLeast("The seconds of advance()", seconds, 0);
    this.#host.pass(seconds);
  }

  /**
   * Runs the loop until an awaitable is done, as {@linkcode EventLoop.runUntilComplete} does.
   *
   * @typeParam T The type of the result.
   * @param aw What is awaited; a function becomes a task of this loop.
   * @returns The result.
   * @throws {HangError} If nothing can happen any more.
   * @throws {RuntimeError} If the loop runs, or is closed, or was stopped before `aw` was done, or if a task
   * waits for something that it must not.
   */
  override async runUntilComplete<T>(aw: Awaitable<T>): Promise<T> {
    let result;
    try {
      result = await super.runUntilComplete(aw);
    } catch (error) {
      throw this.#takeFailure() ?? error;
    }
    // It may have been done by the time that the loop stopped.
    const failure = this.#takeFailure();
    if (failure !== null) throw failure;
    return result;
  }

  /**
   * Runs the loop until it is stopped, as {@linkcode EventLoop.runForever} does.
   *
   * @returns A promise that resolves after {@linkcode EventLoop.stop}.
   * @throws {HangError} If nothing can happen any more.
   * @throws {RuntimeError} If the loop runs or is closed, or if a task waits for something that it must not.
   */
  override async runForever(): Promise<void> {
    await super.runForever();
    const failure = this.#takeFailure();
    if (failure !== null) throw failure;
  }

  /** Closes the loop, as {@linkcode EventLoop.close} does. */
  override close(): void {
    super.close();
    this.#host.stop();
  }

  get #isIdle(): boolean {
    return this.#scheduler.idle && this.isRunning();
  }

  #patienceNow(): number {
    // What is open then hears from nowhere else.
    if (this.#io === "refuse") return this.#refuseToWait() ? Infinity : 0;
    const { resources } = this.#scheduler;
    if (this.#isWaitingOutside()) return this.#patience;
    if (resources.size === 0) return 0;
    return this.#scheduler.deadline() === null
      ? this.#patience
      : Math.min(PATIENCE_WITH_OPEN, this.#patience);
  }

  #isWaitingOutside(): boolean {
    return this.#scheduler.outside > 0 ||
      this.#scheduler.elsewhere().length > 0;
  }

  /** Fails if something outside is waited for; returns whether it is. */
  #refuseToWait(): boolean {
    if (!this.#isWaitingOutside()) return false;
    this.#fail(new RuntimeError(refusal(this.#scheduler.elsewhere())));
    return true;
  }

  #fail(failure: Error): void {
    this.#failure = failure;
    this.stop();
  }

  #takeFailure(): Error | null {
    const failure = this.#failure;
    this.#failure = null;
    return failure;
  }
}

function refusal(waiting: readonly TaskState[]): string {
  const who = waiting.map(({ task }) => `${task}`).join(", ") ||
    "a future of the loop";
  return `Cannot wait for what is outside a loop with io: "refuse", as ${who} does`;
}

function assertIo(io: unknown): void {
  if (io === "hold" || io === "refuse") return;
  throw outOfRange("The io option", '"hold" or "refuse"', io);
}
