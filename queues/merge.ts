// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError } from "../loop/core/cancelled_error.ts";
import {
  fulfil,
  type Future,
  homeOf,
  observe,
  pending,
  type Settlement,
  thrownBy,
  withCancellation,
  withError,
  withResult,
} from "../loop/core/future.ts";
import {
  failed,
  LoopBound,
  type PrimitiveBehavior,
  PrimitiveFuture,
  WaitQueue,
} from "../loop/core/primitive_future.ts";
import { RingBuffer } from "../loop/core/ring_buffer.ts";
import {
  callOutsideTasks,
  currentScheduler,
  type Scheduler,
} from "../loop/core/scheduler.ts";
import type { Task } from "../loop/core/task.ts";
import { isInstance, propertyOf } from "../loop/core/unknown_value.ts";
import { wrongType } from "../loop/core/validate.ts";

/**
 * The type of the items that {@linkcode merge} gives.
 *
 * @typeParam S The types of the sources.
 *
 * @category Queues
 */
export type Merged<S extends readonly AsyncIterable<unknown>[]> =
  S[number] extends AsyncIterable<infer T> ? T : never;

/**
 * Merges async iterables: gives the items of all in the order in which they come. It begins at the first `next()`,
 * reads every source in a task of its own and at most one item ahead, and ends when all sources have.
 *
 * Whatever ends it, every source is closed first, and its clean-up awaited: when the loop is left, when a source fails,
 * whose error is then thrown at once, and when the awaiting task is cancelled. Items that were read ahead are dropped.
 *
 * @typeParam S The types of the sources.
 * @param sources The async iterables.
 * @returns An iterator.
 * @throws {TypeError} If a source is not an async iterable.
 *
 * @example Usage
 * ```ts
 * import { merge, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * async function* every(seconds: number, name: string) {
 *   for (let i = 1; i <= 2; i++) {
 *     await sleep(seconds);
 *     yield name + i;
 *   }
 * }
 *
 * const got: string[] = [];
 * for await (const item of merge(every(0.02, "a"), every(0.05, "b"))) {
 *   got.push(item);
 * }
 * assertEquals(got, ["a1", "a2", "b1", "b2"]);
 * ```
 *
 * @category Queues
 */
export function merge<S extends readonly AsyncIterable<unknown>[]>(
  ...sources: S
): AsyncIterableIterator<Merged<S>, undefined> & AsyncDisposable {
  for (const each of sources) {
    if (typeof propertyOf(each, Symbol.asyncIterator) === "function") continue;
    throw wrongType("Each source of merge()", "an async iterable", each);
  }
  return new Merge(sources as readonly AsyncIterable<Merged<S>>[]).iterate();
}

/** A call of `merge()`. */
class Merge<T> {
  readonly #sources: readonly AsyncIterable<T>[];
  /** The readers of the sources; `null` before the first step. */
  #readers: SourceReader<T>[] | null = null;
  /** The number of readers that have not ended. */
  #active = 0;
  /** The items that were read and have not been taken. */
  readonly #offers = new RingBuffer<Offer<T>>();
  /** The errors of sources and of their clean-ups that have not been thrown. */
  readonly #errors: unknown[] = [];
  /** The steps that wait for an item, and those that wait until all readers have ended. */
  readonly #getters = new WaitQueue();
  readonly #closers = new WaitQueue();
  readonly #loop = new LoopBound("merge");
  #isClosed = false;

  constructor(sources: readonly AsyncIterable<T>[]) {
    this.#sources = sources;
  }

  /** Whether the sources are being closed, or have been. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  iterate(): AsyncIterableIterator<T, undefined> & AsyncDisposable {
    return {
      next: () => this.#begin<IteratorResult<T, undefined>>(null),
      return: () => this.#begin<IteratorReturnResult<undefined>>(END),
      [Symbol.asyncIterator]() {
        return this;
      },
      [Symbol.asyncDispose]: () => this.#begin<void>(DONE),
    };
  }

  /** Begins a step: with `end`, it closes the sources and then ends so. */
  #begin<R>(end: Settlement | null): Future<R> {
    const scheduler = currentScheduler();
    const misuse = this.#loop.bind(scheduler);
    if (misuse !== null) return failed(scheduler, misuse);
    this.#readers ??= this.#startReaders(scheduler);
    const step: Step = { merge: this, end, isCancelled: false };
    const operation = new PrimitiveFuture(
      scheduler,
      Merge.#step as PrimitiveBehavior<R, Step>,
      step,
    );
    operation.tryNow();
    return operation;
  }

  #startReaders(scheduler: Scheduler): SourceReader<T>[] {
    this.#active = this.#sources.length;
    return this.#sources.map((source, i) => {
      const name = `merge() source ${i + 1}`;
      const reader: SourceReader<T> = new SourceReader(this, source);
      const task = scheduler.loop.createTask(() => reader.run(), { name });
      reader.task = task;
      observe(task as Future<unknown>, () => this.#ended(task));
      return reader;
    });
  }

  /** Offers an item; returns a future that completes when it is taken. */
  offer(item: T): Future<void> {
    const taken = pending(currentScheduler()) as Future<void>;
    this.#offers.push({ item, taken });
    this.#getters.wakeOne();
    return taken;
  }

  /** Called with an error of a source or of its clean-up. */
  failed(error: unknown): void {
    this.#errors.push(error);
    this.#close();
  }

  /** Called when a reader has ended. */
  #ended(task: Task<void>): void {
    // Other code may have cancelled it, such as `run()` at its end.
    if (task.cancelled() && !this.#isClosed) {
      this.failed(thrownBy(task as Future<unknown>));
    }
    this.#active--;
    if (this.#active > 0) return;
    this.#getters.wakeAll();
    this.#closers.wakeAll();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#offers.clear();
    for (const reader of this.#readers ?? []) reader.close();
    this.#getters.wakeAll();
  }

  #poll(
    step: Step,
    operation: PrimitiveFuture<unknown, Step>,
  ): Settlement | null {
    if (step.end === null && this.#offers.size > 0) {
      const { item, taken } = this.#offers.take();
      if (!taken.done()) fulfil(taken, undefined);
      return withResult({ done: false, value: item });
    }
    if (this.#isClosed || this.#active === 0) step.end ??= END;
    if (step.end === null) {
      operation.joinQueue(this.#getters);
      return null;
    }
    this.#close();
    if (this.#active === 0) return this.#endClosed(step, homeOf(operation));
    operation.joinQueue(this.#closers);
    return null;
  }

  /** Returns how a step ends now that all sources are closed. The first error is thrown, others are reported. */
  #endClosed(step: Step, scheduler: Scheduler): Settlement {
    const errors = this.#errors.splice(0);
    const settlement = step.isCancelled || errors.length === 0
      ? step.end!
      : withError(errors.shift());
    for (const exception of errors) {
      scheduler.report({
        message: "A source of merge() failed while it was closed",
        exception,
      });
    }
    return settlement;
  }

  static readonly #step: PrimitiveBehavior<unknown, Step> = {
    name: "merge()",
    poll: (step, operation) => step.merge.#poll(step, operation),
    onCancelled: (_, operation) => operation.leaveQueue(),
    handBack() {},
    onceAbandoned(step, operation, message) {
      step.end = withCancellation(message);
      step.isCancelled = true;
      return step.merge.#poll(step, operation);
    },
  };
}

/** A call of `next()` or `return()`. */
interface Step {
  readonly merge: Merge<unknown>;
  /** How it ends when all sources are closed; `null` while it waits for an item. */
  end: Settlement | null;
  isCancelled: boolean;
}

/** An item that was read. */
interface Offer<T> {
  readonly item: T;
  /** Settled when the item is taken. */
  readonly taken: Future<void>;
}

const END = withResult({ done: true, value: undefined });
const DONE = withResult(undefined);

/** Reads one source, in a task of its own, and closes it in the end. */
class SourceReader<T> {
  readonly #merge: Merge<T>;
  readonly #source: AsyncIterable<T>;
  /** Set right after it is created. */
  task: Task<void> | null = null;
  /** The iterator, until it has ended by itself. */
  #iterator: AsyncIterator<T> | null = null;
  #state: "new" | "reading" | "offering" | "ending" = "new";
  /** The result of `return()` of the iterator, if it was called while an item was being read. */
  #returned: Promise<unknown> | null = null;

  constructor(merge: Merge<T>, source: AsyncIterable<T>) {
    this.#merge = merge;
    this.#source = source;
  }

  async run(): Promise<void> {
    let cancellation: CancelledError | null = null;
    try {
      this.#iterator = iteratorOf(this.#source);
      await this.#readAll(this.#iterator);
      this.#state = "ending";
    } catch (error) {
      this.#state = "ending";
      if (!isInstance(error, CancelledError)) this.#merge.failed(error);
      else if (!this.#merge.isClosed) cancellation = error;
    }
    try {
      // What was requested to end the reading, and came too late, is not to end the clean-up.
      if (this.#merge.isClosed) { while (this.task!.uncancel() > 0); }
      await (this.#returned ?? this.#return());
    } catch (error) {
      if (!isInstance(error, CancelledError)) this.#merge.failed(error);
    }
    if (cancellation !== null) throw cancellation;
  }

  async #readAll(iterator: AsyncIterator<T>): Promise<void> {
    while (!this.#merge.isClosed) {
      this.#state = "reading";
      const result = await this.#read(iterator);
      if (result.done || this.#merge.isClosed) return;
      this.#state = "offering";
      await this.#merge.offer(result.value);
    }
  }

  async #read(iterator: AsyncIterator<T>): Promise<IteratorResult<T>> {
    try {
      const result = await iterator.next();
      if (result.done) this.#iterator = null;
      return result;
    } catch (error) {
      // An iterator that throws has ended; one whose read was cancelled may not have.
      if (!isInstance(error, CancelledError)) this.#iterator = null;
      throw error;
    }
  }

  async #return(): Promise<void> {
    await this.#iterator?.return?.();
  }

  /** Stops reading. */
  close(): void {
    const state = this.#state;
    // One that is new finds the merge closed when it begins; a clean-up is not cancelled.
    if (state === "new" || state === "ending") return;
    this.task?.cancel();
    if (state !== "reading" || isAsyncGenerator(this.#iterator)) return;
    // Something foreign, such as a watcher of files, may end its pending read only so; a generator would wait for it.
    callOutsideTasks(homeOf(this.task!), () => {
      this.#returned = this.#return();
      this.#returned.catch(() => {});
    });
  }
}

function isAsyncGenerator(iterator: unknown): boolean {
  return propertyOf(iterator, Symbol.toStringTag) === "AsyncGenerator";
}

function iteratorOf<T>(source: AsyncIterable<T>): AsyncIterator<T> {
  return isInstance(source, ReadableStream)
    ? readerOf(source as ReadableStream<T>)
    : source[Symbol.asyncIterator]();
}

/** Returns an iterator over a stream whose `return()` ends a pending read; that of the stream's own waits for it. */
function readerOf<T>(stream: ReadableStream<T>): AsyncIterator<T, undefined> {
  const reader = stream.getReader();
  return {
    next: () => reader.read() as Promise<IteratorResult<T, undefined>>,
    async return() {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}
