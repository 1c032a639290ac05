// Copyright 2026 the asyncio for Deno authors. MIT license.

import { cancelWith } from "../loop/core/_relay.ts";
import { place, runAt } from "../loop/core/async_context.ts";
import { CancelledError } from "../loop/core/cancelled_error.ts";
import {
  type Context,
  copyContext,
  renewContext,
} from "../loop/core/context.ts";
import {
  fail,
  fulfil,
  Future,
  observe,
  pending,
  thrownBy,
} from "../loop/core/future.ts";
import { step } from "../loop/core/line.ts";
import { RingBuffer } from "../loop/core/ring_buffer.ts";
import {
  currentScheduler,
  type Scheduler,
  type StepEndHook,
} from "../loop/core/scheduler.ts";
import { callingTask, Task } from "../loop/core/task.ts";
import { currentTaskState } from "../loop/core/task_state.ts";
import { isInstance, propertyOf } from "../loop/core/unknown_value.ts";
import { wrongType } from "../loop/core/validate.ts";
import { reportFailure, untilDone } from "./_end_tasks.ts";
import type { Limit, Source } from "./map_concurrent.ts";
import { sleep } from "./sleep.ts";

/** How long, in seconds, calls may follow each other in one step before other tasks have their turn. */
const SLICE = 0.0005;
/** The number of calls between two looks at the clock. */
const CALLS_PER_LOOK = 16;

const NO_PERMITS: readonly Disposable[] = [];

/** The work of {@linkcode Slots}. */
export interface Work<T, R> {
  /** The name of the function, in messages. */
  readonly name: string;
  readonly source: Source<T>;
  readonly fn: (item: T, index: number) => R | PromiseLike<R>;
  /** The largest number of slots. */
  readonly size: number;
  readonly limits: readonly Limit[];
  /** How many results may wait; `null` if none is wanted. */
  readonly buffer: number | null;
  readonly ordered: boolean;
}

/** The value of a result that is not there yet. */
const PENDING = Symbol("pending");

/** A result as the consumer gets it, or the place of one in their order. */
interface Entry<R> {
  readonly done: false;
  value: R | typeof PENDING;
}

/**
 * Tasks that work off the items of a source: a task for each slot, not for each item, which would cost ten times as
 * much. One slot at a time takes an item; it gives the turn to another slot when its call waits. So permits and items are
 * taken in order, and there are no more slots than calls.
 */
export class Slots<T, R> implements StepEndHook {
  readonly #work: Work<T, R>;
  readonly #tasks = new Set<Task<void>>();
  /** The slots that wait for their turn. */
  readonly #parked: Future<void>[] = [];
  readonly #entries = new RingBuffer<Entry<R>>();
  /** Whether an item can be taken without a wait. */
  readonly #isPlain: boolean;
  readonly #buffer: number;
  #scheduler!: Scheduler;
  #context!: Context;
  #caller: Task<unknown> | null = null;
  /** The number of results that wait. */
  #waiting = 0;
  #index = 0;
  /** Whether a slot is waiting for room, for a permit, for an item or for the loop to turn. */
  #isTaking = false;
  /** Whether a slot has been created or woken, and has not run since. */
  #isNewcomerDue = false;
  /** Whether no further item is taken. */
  #isOver = false;
  #isHookSet = false;
  #hasBegun = false;
  #isEnding = false;
  #isStopped = false;
  /** Has failed with what the first slot failed with. It is reported if nothing asks for it. */
  #failure: Future<never> | null = null;
  #firstError: unknown;
  /** The futures of waiting consumers, and of the slot that waits for room. */
  readonly #consumers: Future<void>[] = [];
  #room: Future<void> | null = null;
  #callsUntilLook = CALLS_PER_LOOK;
  #sliceStart: number | null = null;
  #lastStep = 0;

  constructor(work: Work<T, R>) {
    this.#work = work;
    this.#isPlain = work.limits.length === 0 && !work.source.isAsync;
    this.#buffer = work.buffer ?? Infinity;
  }

  /** Returns the next result; begins if that has not happened. */
  async next(): Promise<IteratorResult<R, undefined>> {
    if (!this.#hasBegun && !this.#isStopped) this.#begin();
    if (this.#canTakeResult()) return this.#takeResult();
    try {
      while (this.#goesOn()) {
        if (this.#canTakeResult()) return this.#takeResult();
        await this.#untilNews();
      }
    } catch (error) {
      await this.#endAfter(error);
      throw error;
    }
    await this.end();
    return { done: true, value: undefined };
  }

  #canTakeResult(): boolean {
    return this.#waiting > 0 && !this.#isEnding &&
      this.#entries.first!.value !== PENDING;
  }

  #takeResult(): IteratorYieldResult<R> {
    const result = this.#entries.take();
    this.#waiting--;
    if (this.#room !== null) this.#leaveRoom(this.#room);
    return result as IteratorYieldResult<R>; // not pending
  }

  /** Waits until all items are done. */
  async drain(): Promise<void> {
    this.#begin();
    try {
      while (this.#goesOn()) await this.#untilNews();
    } catch (error) {
      await this.#endAfter(error);
      throw error;
    }
  }

  /** Cancels and awaits the calls, and closes the source. Consumers that wait get no more results. */
  async end(): Promise<void> {
    this.#isStopped = true;
    if (!this.#isEnding) this.#cancel();
    this.#tell();
    try {
      await untilDone(this.#tasks);
    } finally {
      await this.#work.source.close();
    }
  }

  #begin(): void {
    this.#hasBegun = true;
    this.#scheduler = currentScheduler();
    this.#context = copyContext();
    this.#caller = callingTask();
    this.#addSlot();
  }

  /** Whether there is more to wait for; throws if a slot has failed. */
  #goesOn(): boolean {
    if (this.#isStopped) return false;
    if (this.#failure !== null) throw thrownBy(this.#failure);
    return this.#tasks.size > 0 || this.#entries.size > 0;
  }

  // These return the future itself: an async function around it would cost as much again.

  #untilNews(): Future<void> {
    const news = this.#newFuture<void>();
    this.#consumers.push(news);
    return news;
  }

  #untilRoom(): Future<void> {
    return this.#room = this.#newFuture();
  }

  #park(): Future<void> {
    const turn = this.#newFuture<void>();
    this.#parked.push(turn);
    return turn;
  }

  /** Wakes the consumers that wait. */
  #tell(): void {
    for (const news of this.#consumers) {
      if (!news.done()) fulfil(news, undefined);
    }
    this.#consumers.length = 0;
  }

  #leaveRoom(room: Future<void>): void {
    this.#room = null;
    if (!room.done()) fulfil(room, undefined);
  }

  /** Ends everything after an error. It is second to a cancellation in the meantime, and first to all else. */
  async #endAfter(error: unknown): Promise<void> {
    try {
      await this.end();
    } catch (exception) {
      const isCancelled = isInstance(exception, CancelledError);
      if (!isCancelled) this.#report("closing its items", exception);
      else if (!isInstance(error, CancelledError)) {
        this.#report("a call", error);
        throw exception;
      }
    }
  }

  #report(what: string, exception: unknown): void {
    const message = `An error of ${what} in ${this.#work.name}() was displaced`;
    this.#scheduler.report({ message, exception });
  }

  #addSlot(): void {
    this.#isNewcomerDue = true;
    const { loop } = this.#scheduler;
    const task: Task<void> = new Task(() => this.#workOff(), { loop });
    this.#tasks.add(task);
    observe(task, (each) => this.#onDone(each), this.#caller);
  }

  #onDone(task: Task<void>): void {
    this.#tasks.delete(task);
    if (this.#tasks.size === 0) this.#tell();
    if (!task.cancelled() && task.exception() === null) return;
    const error = thrownBy(task);
    // It may have been cancelled before it began.
    if (!this.#isEnding) this.#onFailure(error);
    else if (error !== this.#firstError) {
      reportFailure(task, `${this.#work.name}()`);
    }
  }

  /** Called when a slot fails: the first one ends all. */
  #onFailure(error: unknown): void {
    if (this.#isEnding) return;
    this.#firstError = error;
    this.#failure = this.#newFuture();
    fail(this.#failure, error);
    this.#cancel();
    this.#tell();
  }

  /** Cancels the calls, except one that makes this call. Once: a second request would interrupt their clean-up. */
  #cancel(): void {
    this.#isOver = this.#isEnding = true;
    for (const task of [...this.#tasks]) {
      if (task !== callingTask()) cancelWith(task, undefined);
    }
  }

  /** Works off items until there are none. */
  async #workOff(): Promise<void> {
    const { source, buffer } = this.#work;
    const here = place();
    const taskState = currentTaskState()!;
    this.#isNewcomerDue = false;
    try {
      while (!this.#isOver) {
        if (this.#isTaking) {
          await this.#park();
          this.#isNewcomerDue = false;
          continue;
        }
        let permits = NO_PERMITS;
        let taken: IteratorResult<T> | null;
        if (this.#waiting >= this.#buffer) {
          this.#isTaking = true;
          await this.#untilRoom();
          this.#isTaking = false;
          continue;
        } else if (this.#isPlain) {
          taken = source.takeNow();
        } else {
          this.#isTaking = true;
          permits = await this.#acquire();
          taken = await this.#take(permits);
          this.#isTaking = false;
        }
        if (taken === null || taken.done) break;
        try {
          const entry = buffer === null ? null : this.#newEntry();
          const item = taken.value;
          const index = this.#index++;
          renewContext(taskState, this.#context);
          let result = runAt(here, () => this.#work.fn(item, index), null);
          if (isThenable(result)) {
            this.#passTurn();
            result = await result;
          }
          if (entry !== null) this.#finish(entry, result);
        } finally {
          if (permits !== NO_PERMITS) release(permits);
        }
        if (!this.#isTaking && this.#isTimeToTurn()) {
          // The loop turns, too, if it is time. Other slots would use up the time if they could take items.
          this.#scheduler.lookSoon();
          this.#isTaking = true;
          await sleep(0);
          this.#isTaking = false;
        }
      }
      this.#stopTaking();
    } catch (error) {
      this.#onFailure(error);
      throw error;
    }
  }

  /** Waits for room for a result, and for a permit of each limit. */
  async #acquire(): Promise<readonly Disposable[]> {
    const { limits } = this.#work;
    while (true) {
      while (this.#waiting >= this.#buffer && !this.#isOver) {
        await this.#untilRoom();
      }
      const permits: Disposable[] = [];
      try {
        for (const limit of limits) {
          permits.push(permitOf(await limit.acquire()));
        }
      } catch (error) {
        release(permits);
        throw error;
      }
      // Calls may have ended in the meantime. A permit is not kept until there is room: the consumer may want it too.
      if (this.#waiting < this.#buffer || this.#isOver) return permits;
      release(permits);
    }
  }

  /** Takes an item; gives the permits back if there is none to begin with. */
  async #take(
    permits: readonly Disposable[],
  ): Promise<IteratorResult<T> | null> {
    let taken: IteratorResult<T> | null = null;
    try {
      if (!this.#isOver) taken = await this.#work.source.take();
    } catch (error) {
      // An error of the source itself ends it; one that its cancellation throws leaves it to be closed.
      if (!this.#isEnding) this.#work.source.isOver = true;
      throw error;
    } finally {
      if (this.#isOver || (taken?.done ?? true)) release(permits);
    }
    return this.#isOver ? null : taken;
  }

  /** Lets another slot take the next item, while the call of this one waits. */
  #passTurn(): void {
    if (this.#isTaking || this.#isNewcomerDue || this.#isOver) return;
    if (this.#parked.length === 0) {
      if (this.#tasks.size < this.#work.size) this.#addSlot();
    } else if (!this.#isHookSet) {
      // Not before it is clear that the call waits: it may return within the step.
      this.#isHookSet = true;
      this.#scheduler.onStepEnd(this);
    }
  }

  /** Called at the end of the step. */
  run(): void {
    this.#isHookSet = false;
    if (this.#isTaking || this.#isNewcomerDue || this.#isOver) return;
    this.#isNewcomerDue = true;
    fulfil(this.#parked.pop()!, undefined);
  }

  #newEntry(): Entry<R> {
    const entry: Entry<R> = { done: false, value: PENDING };
    if (this.#work.ordered) this.#entries.push(entry);
    return entry;
  }

  #finish(entry: Entry<R>, value: R): void {
    entry.value = value;
    this.#waiting++;
    if (!this.#work.ordered) this.#entries.push(entry);
    if (this.#consumers.length > 0 && this.#canTakeResult()) this.#tell();
  }

  /** Called when there are no more items. */
  #stopTaking(): void {
    this.#isOver = true;
    for (const parked of this.#parked) fulfil(parked, undefined);
    this.#parked.length = 0;
  }

  /** Whether calls have followed each other in one step for so long that other tasks must have their turn. */
  #isTimeToTurn(): boolean {
    if (step !== this.#lastStep) {
      this.#lastStep = step;
      this.#callsUntilLook = CALLS_PER_LOOK;
      this.#sliceStart = null;
    }
    if (--this.#callsUntilLook > 0) return false;
    this.#callsUntilLook = CALLS_PER_LOOK;
    const now = this.#scheduler.sliceTime();
    this.#sliceStart ??= now;
    return now - this.#sliceStart >= SLICE;
  }

  #newFuture<V>(): Future<V> {
    return pending(this.#scheduler) as Future<V>;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== "object" && typeof value !== "function") return false;
  // Looking at `then` of a future counts as awaiting it.
  return isInstance(value, Promise) || isInstance(value, Future) ||
    typeof propertyOf(value, "then") === "function";
}

function permitOf(value: unknown): Disposable {
  if (typeof propertyOf(value, Symbol.dispose) === "function") {
    return value as Disposable;
  }
  throw wrongType(
    "What acquire() of a limit gives",
    "something to dispose of",
    value,
  );
}

function release(permits: readonly Disposable[]): void {
  for (const permit of permits.toReversed()) permit[Symbol.dispose]();
}
