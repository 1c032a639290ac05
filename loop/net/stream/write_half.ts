// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Deque } from "../../core/ring_buffer.ts";
import { Future } from "../../core/future.ts";
import type { StepEndHook } from "../../core/scheduler.ts";
import { shown } from "../../core/shown.ts";
import { assertIterable, assertNumber } from "../../core/validate.ts";
import type { BaseProtocol } from "../base_protocol.ts";
import { assertBytes } from "./assertions.ts";
import type { CallbackContext } from "./callbacks.ts";
import type { TransportOwner } from "./types.ts";

/** What is written to; takes some of the bytes and returns how many. */
export interface Sink {
  write(data: Uint8Array): Promise<number>;
}

/** How many writes after the end are ignored without a word. */
const MAX_SILENT_WRITES = 4;

/** The half of a transport that sends: it queues what is written, and tells the protocol when to pause. */
export class WriteHalf implements StepEndHook {
  readonly #sink: Sink;
  readonly #context: CallbackContext;
  readonly #owner: TransportOwner<BaseProtocol>;
  readonly #onDrained: () => void;
  readonly #queue = new WriteQueue();
  /** Something is being sent, or will be at the end of the entry. */
  #isSending = false;
  #isFlushDue = false;
  #isPaused = false;
  #isEnding = false;
  #isAbandoned = false;
  #isAfterWriteScheduled = false;
  #marks = DEFAULT_MARKS;
  #writesAfterEnd = 0;
  /** Who waits until nothing is being sent. */
  #onIdle: (() => void) | null = null;

  /** `onDrained` is called once everything is sent, after `end()`. */
  constructor(
    sink: Sink,
    context: CallbackContext,
    owner: TransportOwner<BaseProtocol>,
    onDrained: () => void,
  ) {
    this.#sink = sink;
    this.#context = context;
    this.#owner = owner;
    this.#onDrained = onDrained;
  }

  /** How many bytes are not sent yet. */
  get size(): number {
    return this.#queue.size;
  }

  get limits(): [low: number, high: number] {
    return [this.#marks.low, this.#marks.high];
  }

  setLimits(high?: number | null, low?: number | null): void {
    this.#marks = new WaterMarks(high, low);
    this.#maybePause();
  }

  /** Sends some data that is of the right type. */
  write(data: Uint8Array | string): void {
    if (data.length === 0) return;
    this.#queue.push(data);
    this.#sendOrPause();
  }

  /** Sends all of the data, or none of it if a piece is of the wrong type. */
  writeLines(chunks: readonly (Uint8Array | string)[]): void {
    for (const chunk of chunks) this.#queue.push(chunk);
    if (this.#queue.size > 0) this.#sendOrPause();
  }

  /** Says now and then that what is written after the end is not sent. */
  ignore(): void {
    if (this.#writesAfterEnd++ < MAX_SILENT_WRITES) return;
    console.warn("Nothing was sent: the connection is closed or closing");
  }

  /** Has `onDrained` called once everything is sent; returns whether it is already, and it is not called. */
  end(): boolean {
    this.#isEnding = true;
    return !this.#isSending;
  }

  /** Resolves once everything is sent, or never will be. One wait at a time. */
  idle(): Promise<void> {
    if (!this.#isSending || this.#isAbandoned) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle = resolve);
  }

  /**
   * Sends bytes without a copy: they must stay as they are. Called when nothing is being sent; what is
   * written meanwhile comes behind. Returns whether they are sent, or the transport was cut off.
   */
  async pass(data: Uint8Array): Promise<boolean> {
    this.#isSending = true;
    for (let rest = data; rest.length > 0;) {
      let count;
      try {
        count = await this.#write(rest);
      } catch (error) {
        if (this.#isAbandoned) return false;
        this.#onWriteFailed(error);
        throw error;
      }
      if (this.#isAbandoned) return false;
      rest = rest.subarray(count);
    }
    this.#sendNext();
    return true;
  }

  /** Forgets what is not sent yet. */
  abandon(): void {
    // Others would have sent it when it was written.
    if (this.#isFlushDue) this.#writeHead().catch(() => {});
    this.#isFlushDue = false;
    this.#isAbandoned = true;
    this.#queue.clear();
    this.#onIdle?.();
  }

  /** Sends what was written in the entry that is over. */
  run(): void {
    if (!this.#isFlushDue) return;
    this.#isFlushDue = false;
    this.#send();
  }

  #sendOrPause(): void {
    if (!this.#isSending) {
      this.#isSending = this.#isFlushDue = true;
      this.#context.scheduler.onStepEnd(this);
    }
    if (this.#queue.size > this.#marks.high) this.#maybePause();
  }

  #send(): void {
    this.#writeHead().then(this.#onWritten, this.#onWriteFailed);
  }

  /** A sink of the user's may throw where it should reject, which must not stop the scheduler. */
  #writeHead(): Promise<number> {
    try {
      return this.#write(this.#queue.head());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Of a future of the loop the task that wrote would seem to await it: cancelled, it would cancel that. */
  #write(data: Uint8Array): Promise<number> {
    const writing = this.#sink.write(data);
    return writing instanceof Future && !writing.done()
      ? this.#context.run(() => writing.then())
      : writing;
  }

  // These two run in the context of whatever entry was over: only through this.#context may they do more
  // than go on writing.

  readonly #onWritten = (count: number): void => {
    if (this.#isAbandoned) return;
    this.#queue.drop(count);
    this.#sendNext();
  };

  readonly #onWriteFailed = (error: unknown): void => {
    if (this.#isAbandoned) return;
    this.#context.run(() => this.#owner.fail(error));
  };

  #sendNext(): void {
    if (this.#queue.size > 0) this.#send();
    else {
      this.#isSending = false;
      this.#onIdle?.();
    }
    if (this.#isPaused || this.#isEnding) this.#scheduleAfterWrite();
  }

  #scheduleAfterWrite(): void {
    if (this.#isAfterWriteScheduled) return;
    this.#isAfterWriteScheduled = true;
    const context = this.#context;
    context.run(() => context.enqueue(() => this.#afterWrite()));
  }

  #afterWrite(): void {
    this.#isAfterWriteScheduled = false;
    if (this.#isAbandoned) return;
    // If it is the protocol that ends it, `end()` has said that everything is sent.
    const isEnding = this.#isEnding;
    if (this.#isPaused && this.#queue.size <= this.#marks.low) {
      this.#isPaused = false;
      this.#callProtocol("resumeWriting");
    }
    // The protocol may have written more.
    if (isEnding && !this.#isSending) this.#onDrained();
  }

  #maybePause(): void {
    if (this.#isPaused || this.#queue.size <= this.#marks.high) return;
    this.#isPaused = true;
    // The caller may be a task, but a callback of the protocol runs outside every task.
    this.#context.run(() => this.#callProtocol("pauseWriting"));
  }

  #callProtocol(method: "pauseWriting" | "resumeWriting"): void {
    try {
      this.#owner.protocol[method]();
    } catch (error) {
      this.#owner.report(`protocol.${method}() failed`, error);
    }
  }
}

/** The pieces, all of the right type. */
export function bytesOf(
  chunks: Iterable<Uint8Array | string>,
): (Uint8Array | string)[] {
  assertIterable("The chunks of writeLines()", "an iterable", chunks);
  const list = [...chunks];
  for (const chunk of list) assertBytes("writeLines", chunk);
  return list;
}

/** The high-water mark unless it is set otherwise, in bytes. */
const DEFAULT_HIGH = 64 * 1024;

/** Between which fillings of a transport's buffer its protocol pauses and resumes writing. */
export class WaterMarks {
  readonly low: number;
  readonly high: number;

  constructor(high?: number | null, low?: number | null) {
    if (high != null) assertNumber("The high-water mark", high);
    if (low != null) assertNumber("The low-water mark", low);
    high ??= low == null ? DEFAULT_HIGH : 4 * low;
    low ??= Math.floor(high / 4);
    if (!(high >= low && low >= 0)) {
      throw new RangeError(
        `The high-water mark must be at least the low one, and that at least 0: received ${
          shown(high)
        } and ${shown(low)}`,
      );
    }
    this.low = low;
    this.high = high;
  }
}

const DEFAULT_MARKS = new WaterMarks();

/** The sizes of blocks. What is written takes the smallest that holds it. */
const BLOCK_SIZES = [16 * 1024, 64 * 1024, 256 * 1024] as const;
const [SMALL_SIZE] = BLOCK_SIZES;

/** How many bytes of unused blocks of each size are kept. */
const MAX_FREE_BYTES = 2 * 1024 * 1024;

/** A UTF-16 code unit becomes at most this many bytes of UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * Blocks that nobody uses, by size, most recently used last: that one is in the processor's cache.
 * To allocate one takes several times as long as to fill it.
 */
const freeBlocks: readonly Block[][] = BLOCK_SIZES.map(() => []);

const encoder = new TextEncoder();

const NO_BYTES = new Uint8Array(0);

/** What is to be sent, copied; small pieces are joined. */
class WriteQueue {
  /** How many bytes there are. */
  size = 0;
  readonly #full = new Deque<Block>();
  #last: Block | null = null;

  /** Puts a copy of the data at the end. */
  push(data: Uint8Array | string): void {
    if (typeof data === "string") this.#pushText(data);
    else this.#pushBytes(data);
  }

  /** What to send next; it stays in the queue, and in place, until it is dropped. */
  head(): Uint8Array {
    const block = (this.#full.first ?? this.#last)!;
    return block.bytes.subarray(block.start, block.end);
  }

  /** Takes bytes from the front: they are sent. */
  drop(count: number): void {
    this.size -= count;
    const isLast = this.#full.size === 0;
    const block = isLast ? this.#last! : this.#full.first!;
    block.start += count;
    if (block.start < block.end) return;
    if (isLast) this.#last = null;
    else this.#full.take();
    releaseBlock(block);
  }

  /** Forgets everything. An operation may still use the memory, so that is not used again. */
  clear(): void {
    this.size = 0;
    this.#full.clear();
    this.#last = null;
  }

  #pushBytes(data: Uint8Array): void {
    let rest = data;
    while (rest.length > 0) {
      const block = this.#blockFor(rest.length);
      const part = rest.length <= block.space
        ? rest
        : rest.subarray(0, block.space);
      block.bytes.set(part, block.end);
      this.#fill(block, part.length);
      rest = part === rest ? NO_BYTES : rest.subarray(part.length);
    }
  }

  #pushText(text: string): void {
    let rest = text;
    while (rest.length > 0) {
      const block = this.#blockFor(rest.length * MAX_BYTES_PER_UNIT);
      const { read, written } = encoder.encodeInto(
        rest,
        block.bytes.subarray(block.end),
      );
      this.#fill(block, written);
      rest = rest.slice(read);
    }
  }

  #fill(block: Block, count: number): void {
    block.end += count;
    this.size += count;
  }

  /** The block to put so many bytes into; only the largest may be too small for them. */
  #blockFor(count: number): Block {
    const last = this.#last;
    if (last !== null) {
      if (last.space >= count) return last;
      this.#full.push(last);
    }
    return this.#last = acquireBlock(count);
  }
}

class Block {
  readonly bytes: Uint8Array;
  start = 0;
  end = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  get space(): number {
    return this.bytes.length - this.end;
  }
}

function acquireBlock(count: number): Block {
  let kind = 0;
  if (count > SMALL_SIZE) kind = count <= BLOCK_SIZES[1] ? 1 : 2;
  return freeBlocks[kind]!.pop() ?? new Block(BLOCK_SIZES[kind]!);
}

function releaseBlock(block: Block): void {
  const { length } = block.bytes;
  const free = freeBlocks[BLOCK_SIZES.findIndex((size) => size === length)]!;
  if (free.length * length >= MAX_FREE_BYTES) return;
  block.start = block.end = 0;
  free.push(block);
}
