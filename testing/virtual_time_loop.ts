// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Awaitable } from "../loop/core/future.ts";
import { RuntimeError } from "../loop/core/errors.ts";
import { EventLoop } from "../loop/event_loop.ts";
import { loadEverything } from "../loop/core/async_context.ts";
import { callOutsideTasks, Scheduler } from "../loop/core/scheduler.ts";
import type { TaskState } from "../loop/core/task_state.ts";
import {
  assertAtLeast,
  assertNumber,
  assertOneOf,
  assertOptions,
} from "../loop/core/validate.ts";
import { describeWaits } from "./_describe_waits.ts";
import { VirtualHost } from "./_virtual_host.ts";
import { HangError } from "./hang_error.ts";
import {
  assertNetwork,
  attach,
  type MemoryNetwork,
} from "./network/memory_network.ts";

/**
 * The options of a {@linkcode VirtualTimeLoop}.
 *
 * @category Tests
 */
export interface VirtualTimeOptions {
  /** The initial value of `loop.time()`, in seconds; 0 by default. */
  start?: number | undefined;
  /**
   * What happens when a task waits for something outside the loop, such as a file or `fetch()`, and nothing else
   * is ready: `"hold"`, the default, stops the clock in the meantime; `"refuse"` fails the program, for tests that
   * must be deterministic.
   */
  io?: "hold" | "refuse" | undefined;
  /**
   * A network that replaces the real one; with it, `io` is `"refuse"` by default.
   */
  network?: MemoryNetwork | undefined;
  /**
   * The largest number of real seconds for which the clock stands still before it jumps, or the program fails; 5
   * by default. A promise that never settles cannot be told from a slow one.
   */
  patience?: number | undefined;
}

/** Stops a loop and makes its run fail with an error. */
export let failLoop: (loop: VirtualTimeLoop, error: Error) => void;

/** Returns the host of a loop. */
export let hostOf: (loop: VirtualTimeLoop) => VirtualHost;

// Loading a module lazily would be waiting for something outside the loop.
await loadEverything();

/** How many milliseconds open connections and servers get before each jump of the clock. */
const PATIENCE_WITH_OPEN = 10;

/**
 * An event loop in virtual time: its clock stands still while something is ready, and otherwise jumps to the next
 * timer. An hour of sleep takes no time, and runs are deterministic.
 *
 * When nothing is ready, no timer is set and the program has not ended, it fails at once with a
 * {@linkcode HangError}.
 *
 * The clock stands still while something outside the loop is awaited: a native promise such as that of a file
 * operation or `fetch()`, a job in another thread, a running process. Open servers and connections may receive
 * data at any time: they get some milliseconds before each jump of the clock, and delay a {@linkcode HangError} by
 * `patience`.
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
 *
 * @category Tests
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
   * Constructs a new instance.
   *
   * @param options The start of its clock, and its treatment of I/O.
   * @throws {TypeError} If an option has the wrong type.
   * @throws {RangeError} If the start or the patience is NaN, the patience is negative, or `io` is unknown.
   */
  constructor(options: VirtualTimeOptions = {}) {
    assertOptions("VirtualTimeLoop", options);
    const { start = 0, network = null, patience = 5 } = options;
    const { io = network === null ? "hold" : "refuse" } = options;
    assertNumber("The start option", start);
    assertAtLeast("The patience option", patience, 0);
    if (network !== null) assertNetwork(network);
    assertOneOf("The io option", io, ["hold", "refuse"]);
    const host = new VirtualHost(start, {
      isIdle: () => this.#isIdle,
      allowsOutside: () => this.#io === "hold",
      deadline: () => this.#scheduler.deadline(),
      patience: () => this.#patienceNow(),
      onTurn: () => {
        // Not only at the next poll, by which the wait may be over: refusals must be deterministic.
        if (this.#io === "refuse" && this.#isIdle) this.#refuseToWait();
      },
      onStuck: () => {
        // The async context may be that of a task.
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
   * Advances the clock, as a calculation of that length would.
   *
   * @param seconds The number of seconds.
   * @throws {RangeError} If the number is negative or NaN.
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
   * @param aw The awaitable; a function becomes a task of this loop.
   * @returns The result.
   * @throws {HangError} If the program hangs.
   * @throws {RuntimeError} If the loop is running or closed, was stopped before `aw` was done, or `io` is `"refuse"`
   * and a task waits for something outside the loop.
   */
  override async runUntilComplete<T>(aw: Awaitable<T>): Promise<T> {
    let result;
    try {
      result = await super.runUntilComplete(aw);
    } catch (error) {
      throw this.#takeFailure() ?? error;
    }
    // The awaitable may have been done by the time the loop stopped.
    const failure = this.#takeFailure();
    if (failure !== null) throw failure;
    return result;
  }

  /**
   * Runs the loop until it is stopped, as {@linkcode EventLoop.runForever} does.
   *
   * @returns A promise that resolves after {@linkcode EventLoop.stop}.
   * @throws {HangError} If the program hangs.
   * @throws {RuntimeError} If the loop is running or closed, or `io` is `"refuse"` and a task waits for something
   * outside the loop.
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
    // Then open connections receive nothing from outside.
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

  /** Fails if something outside the loop is awaited; returns whether it is. */
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
  return `Cannot wait for something outside a loop with io: "refuse", as ${who} does`;
}
