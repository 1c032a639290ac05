// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { CallbackContext } from "./_callback_context.ts";
import { ChunkSource, isBuffered } from "./_chunk_source.ts";
import { Turn } from "./_turn.ts";
import type { StreamProtocol, Whole } from "./_whole.ts";

/** What is read from. */
export interface Source {
  read(memory: Uint8Array): Promise<number | null>;
}

/** The half of a transport that receives: it reads, and hands what comes to the protocol. */
export class Receiver {
  readonly #source: Source;
  readonly #context: CallbackContext;
  readonly #whole: Whole<StreamProtocol>;
  readonly #onEof: () => void;
  readonly #memory = new ChunkSource();
  #isPaused = false;
  #isStopped = false;
  #isOver = false;
  #unpark: (() => void) | null = null;
  /** Who gets what a read that is under way brings, if it is not the protocol any more. */
  #heir: ((rest: Rest) => void) | null = null;

  constructor(
    source: Source,
    context: CallbackContext,
    whole: Whole<StreamProtocol>,
    onEof: () => void,
  ) {
    this.#source = source;
    this.#context = context;
    this.#whole = whole;
    this.#onEof = onEof;
  }

  get isReading(): boolean {
    return !this.#isPaused && !this.#isStopped;
  }

  /** Begins to receive. Called once, in an entry and in the async context of callbacks. */
  start(): void {
    void this.#receive();
  }

  pause(): void {
    if (!this.#isStopped) this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#wake();
  }

  /** Receives no more. */
  stop(): void {
    this.#isStopped = true;
    this.#isPaused = false;
    this.#wake();
  }

  /** Receives no more; what a read under way brings is the result. */
  handOver(): Promise<Rest> {
    if (this.#isOver) return Promise.resolve(null);
    const rest = new Promise<Rest>((resolve) => this.#heir = resolve);
    this.stop();
    return rest;
  }

  /** Runs in the async context of callbacks throughout, which so costs nothing for each message. */
  async #receive(): Promise<void> {
    const { scheduler } = this.#context;
    const turn = new Turn(scheduler);
    let incoming: Incoming | undefined;
    while (true) {
      if (this.#isPaused) await this.#resumed();
      if (this.#isStopped) break;
      await turn;
      let reading: Promise<number | null> | null = null;
      if (this.isReading) {
        if (incoming !== undefined && this.#deliver(incoming)) {
          scheduler.proceed();
          break;
        }
        incoming = undefined;
        if (this.isReading) reading = this.#read();
      }
      scheduler.proceed();
      if (reading === null) continue;
      try {
        incoming = await reading;
      } catch (error) {
        incoming = new Failure(error);
      }
    }
    this.#isOver = true;
    this.#heir?.(this.#restOf(incoming));
  }

  #read(): Promise<number | null> | null {
    try {
      return this.#source.read(this.#memory.memoryFor(this.#whole.protocol));
    } catch (error) {
      this.#whole.failByProtocol("getBuffer", error);
      return null;
    }
  }

  /** Hands on what was read; returns whether there is nothing more to come. */
  #deliver(incoming: Incoming): boolean {
    if (incoming === null) {
      this.#onEof();
      return true;
    }
    if (incoming instanceof Failure) {
      this.#whole.fail(incoming.error);
      return true;
    }
    const { protocol } = this.#whole;
    try {
      this.#memory.deliver(incoming, protocol);
    } catch (error) {
      this.#whole.failByProtocol(
        isBuffered(protocol) ? "bufferUpdated" : "dataReceived",
        error,
      );
    }
    return false;
  }

  #restOf(incoming: Incoming | undefined): Rest {
    if (typeof incoming === "number") return this.#memory.release(incoming);
    return incoming ?? NOTHING;
  }

  #resumed(): Promise<void> {
    return new Promise((resolve) => this.#unpark = resolve);
  }

  #wake(): void {
    this.#unpark?.();
    this.#unpark = null;
  }
}

/** What a read came to: a number of bytes, `null` at the end of the stream, or a failure. */
type Incoming = number | null | Failure;

/** What was received for an heir: bytes, `null` at the end of the stream, or a failure. */
export type Rest = Uint8Array | null | Failure;

/** An operation that failed. */
export class Failure {
  constructor(readonly error: unknown) {}
}

const NOTHING = new Uint8Array(0);
