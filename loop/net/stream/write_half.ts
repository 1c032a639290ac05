// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RingBuffer } from "../../core/ring_buffer.ts";
import { warn } from "../../core/errors.ts";
import {
  fulfilled,
  Future,
  type Settlement,
  withError,
  withResult,
} from "../../core/future.ts";
import {
  type PrimitiveBehavior,
  PrimitiveFuture,
} from "../../core/primitive_future.ts";
import { callOutsideTasks, type StepEndHook } from "../../core/scheduler.ts";
import { assertIterable } from "../../core/validate.ts";
import { type BaseProtocol, canPauseDirectly } from "../protocols.ts";
import { WriteBuffer } from "../transports.ts";
import { assertBytes } from "./assertions.ts";
import type { CallbackContext } from "./callbacks.ts";
import { connectionLost } from "./failures.ts";
import type { TransportOwner } from "./types.ts";

/** The block sizes. A write takes the smallest that holds it. */
const BLOCK_SIZES = [16 * 1024, 64 * 1024, 256 * 1024] as const;
const [SMALL_SIZE] = BLOCK_SIZES;

/** The maximum size of the pool for each block size, in bytes. */
const MAX_FREE_BYTES = 2 * 1024 * 1024;

/** A UTF-16 code unit becomes at most this many bytes of UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * The pools of unused blocks, by block size. The most recently used block is last and taken first, since it is in
 * the processor's cache. Allocating a block takes several times as long as filling it.
 */
const freeBlocks: readonly Block[][] = BLOCK_SIZES.map(() => []);

const encoder = new TextEncoder();

const NO_BYTES = new Uint8Array(0);

/** A queue of unsent data: copies, in which small writes are joined, and lent memory. */
class WriteQueue {
  /** The number of bytes. */
  size = 0;
  /** The loans, and the blocks that take no more data. */
  readonly #full = new RingBuffer<Block | Loan>();
  /** The block that takes more data. */
  #last: Block | null = null;

  /** Appends a copy of the data. */
  push(data: Uint8Array | string): void {
    if (typeof data === "string") this.#pushText(data);
    else this.#pushBytes(data);
  }

  /** Appends lent memory, which is not copied. */
  lend(loan: Loan): void {
    if (this.#last !== null) this.#full.push(this.#last);
    this.#last = null;
    this.#full.push(loan);
    this.size += loan.end;
    this.#dropEmptyLoans();
  }

  /** Removes the unsent part of a loan. Of a write that `isPending`, the part under way is still sent. */
  withdraw(loan: Loan, isPending: boolean): void {
    loan.isWithdrawn = true;
    if (isPending && loan === this.#full.first) return;
    this.size -= loan.end - loan.start;
    loan.end = loan.start;
    this.#dropEmptyLoans();
    this.#dropWithdrawnLoans();
  }

  /** Returns the next bytes to send. They stay in the queue, and in place, until they are dropped. */
  head(): Uint8Array {
    const { bytes, start, end } = (this.#full.first ?? this.#last)!;
    return bytes.subarray(start, end);
  }

  /** Removes sent bytes from the front. */
  drop(count: number): void {
    this.size -= count;
    const isLast = this.#full.size === 0;
    const first = isLast ? this.#last! : this.#full.first!;
    first.start += count;
    if (first instanceof Loan) {
      if (first.isWithdrawn) this.withdraw(first, false);
      else this.#dropEmptyLoans();
      return;
    }
    if (first.start < first.end) return;
    if (isLast) this.#last = null;
    else this.#full.take();
    releaseBlock(first);
    this.#dropEmptyLoans();
  }

  /**
   * Removes everything and returns the loans. The memory does not return to the pool, since a pending write may still
   * read it.
   */
  clear(): Loan[] {
    const loans = [];
    while (this.#full.size > 0) {
      const each = this.#full.take();
      if (each instanceof Loan) loans.push(each);
    }
    this.size = 0;
    this.#last = null;
    return loans;
  }

  #dropEmptyLoans(): void {
    for (let first; (first = this.#full.first) instanceof Loan;) {
      if (first.start < first.end) return;
      this.#full.take();
      first.onReturned(null);
    }
  }

  /** Drops the last loans if they are withdrawn: cancelled calls would pile up while the peer does not read. */
  #dropWithdrawnLoans(): void {
    if (this.#last !== null) return;
    for (let last; (last = this.#full.last) instanceof Loan;) {
      if (!last.isWithdrawn || last.start < last.end) return;
      this.#full.takeLast();
      last.onReturned(null);
    }
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

  /** Returns a block for `count` more bytes. Only the largest may be too small. */
  #blockFor(count: number): Block {
    const last = this.#last;
    if (last !== null) {
      if (last.space >= count) return last;
      this.#full.push(last);
    }
    return this.#last = acquireBlock(count);
  }
}

/** Memory that is sent without a copy, so it must not change until it is returned. */
export class Loan {
  readonly bytes: Uint8Array;
  /** Called when the memory is returned, with the error if not all of it was sent. */
  readonly onReturned: (error: unknown) => void;
  start = 0;
  end: number;
  isWithdrawn = false;

  constructor(bytes: Uint8Array, onReturned: (error: unknown) => void) {
    this.bytes = bytes;
    this.onReturned = onReturned;
    this.end = bytes.length;
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

/** The destination of a write half. */
export interface Sink {
  /** Writes some of the bytes and returns how many. */
  write(data: Uint8Array): Promise<number>;
}

/** The number of writes after the end that are discarded without a warning. */
const MAX_SILENT_WRITES = 4;

/** The sending half of a transport: queues and sends data, and pauses and resumes the protocol. */
export class WriteHalf implements StepEndHook {
  /** The unsent data. */
  readonly buffer: WriteBuffer;
  readonly #sink: Sink;
  readonly #context: CallbackContext;
  readonly #owner: TransportOwner<BaseProtocol>;
  readonly #onDrained: () => void;
  readonly #queue = new WriteQueue();
  /** Whether data is being sent, or will be at the end of the step. */
  #isSending = false;
  #isFlushDue = false;
  #isEnding = false;
  #isAbandoned = false;
  #isAfterWriteScheduled = false;
  #writesAfterEnd = 0;
  #onIdle: (() => void) | null = null;
  /** The lent memory that was not sent, which the pending write may still use. */
  #unsent: Loan[] = [];

  /** Calls `onDrained` once everything has been sent after `end()`. */
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
    // The caller may be a task, but callbacks of user code run outside any task.
    this.buffer = new WriteBuffer(
      this.#queue,
      (method) => {
        if (canPauseDirectly(owner.protocol)) owner.protocol[method]();
        else context.run(() => this.#callProtocol(method));
      },
    );
  }

  /** Sends data that has been validated. */
  write(data: Uint8Array | string): void {
    if (data.length === 0) return;
    this.#queue.push(data);
    this.#flushSoon();
  }

  /** Sends chunks that have been validated. */
  writeLines(chunks: readonly (Uint8Array | string)[]): void {
    for (const chunk of chunks) this.#queue.push(chunk);
    if (this.#queue.size > 0) this.#flushSoon();
  }

  /** Discards a write after the end; warns after the first few. */
  discard(): void {
    if (this.#writesAfterEnd++ < MAX_SILENT_WRITES) return;
    warn("Nothing was sent: the connection is closed or closing");
  }

  /** Calls `onDrained` once everything has been sent. If it already has, returns `true` and does not call it. */
  end(): boolean {
    this.#isEnding = true;
    return !this.#isSending;
  }

  /** Resolves once everything has been sent, or nothing more will be. One wait at a time. */
  idle(): Promise<void> {
    if (!this.#isSending || this.#isAbandoned) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle = resolve);
  }

  /** Sends bytes without copying them, behind earlier writes. The future is done when all of them are sent. */
  send(data: Uint8Array): Future<void> {
    const { scheduler } = this.#context;
    if (data.length === 0 && this.#queue.size === 0) {
      return fulfilled(scheduler, undefined);
    }
    const isIntact = scheduler.debug ? changeDetector(data) : null;
    const loan = new Loan(data, (error) => {
      if (isIntact?.() === false) this.#reportChange(operation);
      send.settlement = error === null ? DONE : withError(error);
      callOutsideTasks(scheduler, () => operation.wake());
    });
    const send: Send = { half: this, loan, settlement: null };
    const operation = new PrimitiveFuture<void, Send>(scheduler, SEND, send);
    this.#lend(loan);
    return operation;
  }

  /** Sends bytes as {@linkcode WriteHalf.send} does, for code of the library outside tasks. */
  sendPart(data: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#lend(
        new Loan(data, (error) => error === null ? resolve() : reject(error)),
      )
    );
  }

  /** Sends no more of the loan than the part under way, which uses its memory until it is sent. */
  withdraw(loan: Loan): void {
    this.#queue.withdraw(loan, this.#isSending && !this.#isFlushDue);
    if (this.buffer.isPaused) this.#resumeSoon();
  }

  /** Drops what has not been sent. */
  abandon(): void {
    // Other implementations send at the time of the write, so the peer may expect the data.
    if (this.#isFlushDue && this.#queue.size > 0) {
      this.#writeHead().catch(() => {});
    }
    this.#isFlushDue = false;
    this.#isAbandoned = true;
    this.#unsent.push(...this.#queue.clear());
    this.#onIdle?.();
  }

  /** Returns the lent memory that was not sent, once the destination is closed. */
  release(error: unknown): void {
    if (this.#context.scheduler.closed) return;
    const reason = error ?? connectionLost();
    for (const loan of this.#unsent.splice(0)) loan.onReturned(reason);
  }

  /** Sends what was written during the step that has ended. */
  run(): void {
    if (!this.#isFlushDue) return;
    this.#isFlushDue = false;
    this.#sendNext();
  }

  #lend(loan: Loan): void {
    this.#queue.lend(loan);
    this.#flushSoon();
  }

  #reportChange(future: Future<void>): void {
    const context = this.#context;
    context.enqueue(() =>
      context.scheduler.report({
        message: "Memory changed while it was lent to send()",
        future,
      })
    );
  }

  #flushSoon(): void {
    if (!this.#isSending) {
      this.#isSending = this.#isFlushDue = true;
      this.#context.scheduler.onStepEnd(this);
    }
    this.buffer.pauseIfFull();
  }

  #send(): void {
    this.#writeHead().then(this.#onWritten, this.#onWriteFailed);
  }

  /** Turns what a user-defined sink throws into a rejection, since it would stop the scheduler. */
  #writeHead(): Promise<number> {
    try {
      return this.#write(this.#queue.head());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Awaits a library future outside the writing task, whose cancellation would otherwise cancel the future. */
  #write(data: Uint8Array): Promise<number> {
    const writing = this.#sink.write(data);
    return writing instanceof Future && !writing.done()
      ? this.#context.run(() => writing.then())
      : writing;
  }

  // The next two run in the context of any step that has just ended, so they may call user code only through
  // this.#context.

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
    if (this.#isEnding) this.#scheduleAfterWrite();
    else if (this.buffer.isPaused) this.#resumeSoon();
  }

  #resumeSoon(): void {
    if (canPauseDirectly(this.#owner.protocol)) {
      callOutsideTasks(
        this.#context.scheduler,
        () => this.buffer.resumeIfDrained(),
      );
    } else this.#scheduleAfterWrite();
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
    // Read before the protocol is called: if the protocol ends the half, `end()` has reported that it is drained.
    const isEnding = this.#isEnding;
    this.buffer.resumeIfDrained();
    // The protocol may have written more.
    if (isEnding && !this.#isSending) this.#onDrained();
  }

  #callProtocol(method: "pauseWriting" | "resumeWriting"): void {
    try {
      this.#owner.protocol[method]();
    } catch (error) {
      this.#owner.report(`protocol.${method}() failed`, error);
    }
  }
}

const DONE = withResult(undefined);

/** A pending `send()`. */
interface Send {
  readonly half: WriteHalf;
  readonly loan: Loan;
  settlement: Settlement | null;
}

const SEND: PrimitiveBehavior<void, Send> = {
  name: "WriteTransport.send()",
  poll: ({ settlement }) => settlement,
  onCancelled: ({ half, loan }) => half.withdraw(loan),
  handBack() {},
};

/** Returns a function that returns whether the bytes are the same as now. */
function changeDetector(bytes: Uint8Array): () => boolean {
  const before = checksumOf(bytes);
  return () => checksumOf(bytes) === before;
}

function checksumOf(bytes: Uint8Array): number {
  let sum = bytes.length;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193);
  return sum;
}

/** Returns the chunks of `writeLines()` as an array; throws if one has the wrong type. */
export function validChunks(
  chunks: Iterable<Uint8Array | string>,
): (Uint8Array | string)[] {
  assertIterable("The chunks of writeLines()", "an iterable", chunks);
  const list = [...chunks];
  for (const chunk of list) assertBytes("writeLines", chunk);
  return list;
}
