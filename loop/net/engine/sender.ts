// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Future } from "../../future.ts";
import { assertBytes } from "./assert_bytes.ts";
import type { BaseProtocol } from "../base_protocol.ts";
import type { Epilogue } from "../../scheduler.ts";
import type { CallbackContext } from "./callback_context.ts";
import { WaterMarks } from "./water_marks.ts";
import type { Whole } from "./whole.ts";
import { WriteQueue } from "./_write_queue.ts";

/** What is written to; takes some of the bytes and returns how many. */
export interface Sink {
  write(data: Uint8Array): Promise<number>;
}

const DEFAULT_MARKS = new WaterMarks();

/** How many writes after the end are ignored without a word. */
const SILENT_WRITES = 4;

/** The half of a transport that sends: it queues what is written, and tells the protocol when to pause. */
export class Sender implements Epilogue {
  readonly #sink: Sink;
  readonly #context: CallbackContext;
  readonly #whole: Whole<BaseProtocol>;
  readonly #onDrained: () => void;
  readonly #queue = new WriteQueue();
  /** Something is being sent, or will be at the end of the entry. */
  #isSending = false;
  #isDue = false;
  #isPaused = false;
  #isEnding = false;
  #isAbandoned = false;
  #isAfterWriteDue = false;
  #marks = DEFAULT_MARKS;
  #writesAfterEnd = 0;
  /** Who waits until nothing is being sent. */
  #onIdle: (() => void) | null = null;

  /** `onDrained` is called once everything is sent, after `end()`. */
  constructor(
    sink: Sink,
    context: CallbackContext,
    whole: Whole<BaseProtocol>,
    onDrained: () => void,
  ) {
    this.#sink = sink;
    this.#context = context;
    this.#whole = whole;
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
    if (this.#writesAfterEnd++ < SILENT_WRITES) return;
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
    this.#goOn();
    return true;
  }

  /** Forgets what is not sent yet. */
  abandon(): void {
    // Others would have sent it when it was written.
    if (this.#isDue) this.#writeHead().catch(() => {});
    this.#isDue = false;
    this.#isAbandoned = true;
    this.#queue.clear();
    this.#onIdle?.();
  }

  /** Sends what was written in the entry that is over. */
  run(): void {
    if (!this.#isDue) return;
    this.#isDue = false;
    this.#send();
  }

  #sendOrPause(): void {
    if (!this.#isSending) {
      this.#isSending = this.#isDue = true;
      this.#context.scheduler.atEnd(this);
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
    this.#goOn();
  };

  readonly #onWriteFailed = (error: unknown): void => {
    if (this.#isAbandoned) return;
    this.#context.run(() => this.#whole.fail(error));
  };

  #goOn(): void {
    if (this.#queue.size > 0) this.#send();
    else {
      this.#isSending = false;
      this.#onIdle?.();
    }
    if (this.#isPaused || this.#isEnding) this.#afterWriteSoon();
  }

  #afterWriteSoon(): void {
    if (this.#isAfterWriteDue) return;
    this.#isAfterWriteDue = true;
    const context = this.#context;
    context.run(() => context.enqueue(() => this.#afterWrite()));
  }

  #afterWrite(): void {
    this.#isAfterWriteDue = false;
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
      this.#whole.protocol[method]();
    } catch (error) {
      this.#whole.report(`protocol.${method}() failed`, error);
    }
  }
}

/** The pieces, all of the right type. */
export function bytesOf(
  chunks: Iterable<Uint8Array | string>,
): (Uint8Array | string)[] {
  const list = [...chunks];
  for (const chunk of list) assertBytes("writeLines", chunk);
  return list;
}
