// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Outcome } from "../../core/outcome.ts";
import { errors } from "../../core/runtime.ts";
import { type CallbackContext, Turn } from "./callbacks.ts";
import { isBuffered } from "./chunk_source.ts";
import type { ReadSource, StreamProtocol, TransportOwner } from "./types.ts";

/** The receiving half of a transport: reads, and delivers to the protocol. */
export class ReadHalf<T> {
  readonly #source: ReadSource<T>;
  readonly #context: CallbackContext;
  readonly #owner: TransportOwner<StreamProtocol>;
  readonly #onEof: () => void;
  #isPaused = false;
  #isStopped = false;
  #isOver = false;
  #onResumed: (() => void) | null = null;
  #onDetached: ((remainder: Remainder) => void) | null = null;

  constructor(
    source: ReadSource<T>,
    context: CallbackContext,
    owner: TransportOwner<StreamProtocol>,
    onEof: () => void,
  ) {
    this.#source = source;
    this.#context = context;
    this.#owner = owner;
    this.#onEof = onEof;
  }

  get isReading(): boolean {
    return !this.#isPaused && !this.#isStopped;
  }

  /** Starts reading. Called once, in a step and in the callback context. */
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

  /** Stops reading for good. */
  stop(): void {
    this.#isStopped = true;
    this.#isPaused = false;
    this.#wake();
  }

  /** Stops reading for good; returns the outcome of the pending read. */
  detach(): Promise<Remainder> {
    if (this.#isOver) return Promise.resolve(END);
    const remainder = new Promise<Remainder>((resolve) =>
      this.#onDetached = resolve
    );
    this.stop();
    return remainder;
  }

  /** Stays in the callback context throughout: entering it for each message would cost more. */
  async #receive(): Promise<void> {
    const { scheduler } = this.#context;
    const turn = new Turn(scheduler);
    let incoming: Incoming<T> | null = null;
    while (true) {
      if (this.#isPaused) await this.#resumed();
      if (this.#isStopped) break;
      await turn;
      let reading: Promise<T | null> | null = null;
      if (this.isReading) {
        if (incoming !== null && this.#deliver(incoming)) {
          scheduler.proceed();
          break;
        }
        incoming = null;
        if (this.isReading) reading = this.#read();
      }
      scheduler.proceed();
      if (reading === null) continue;
      try {
        incoming = { value: await reading };
      } catch (error) {
        // A peer may end TLS without close_notify. asyncio treats that as the end of the stream, too.
        incoming = error instanceof errors.UnexpectedEof ? END : { error };
      }
    }
    this.#isOver = true;
    this.#onDetached?.(this.#remainderOf(incoming));
  }

  #read(): Promise<T | null> | null {
    try {
      return this.#source.read(this.#owner.protocol);
    } catch (error) {
      this.#owner.failFromProtocol("getBuffer", error);
      return null;
    }
  }

  /** Delivers the outcome of a read; returns whether it was the last. */
  #deliver(incoming: Incoming<T>): boolean {
    if ("error" in incoming) {
      this.#owner.fail(incoming.error);
      return true;
    }
    if (incoming.value === null) {
      this.#onEof();
      return true;
    }
    const { protocol } = this.#owner;
    try {
      this.#source.deliver(incoming.value, protocol);
    } catch (error) {
      this.#owner.failFromProtocol(
        isBuffered(protocol) ? "bufferUpdated" : "dataReceived",
        error,
      );
    }
    return false;
  }

  #remainderOf(incoming: Incoming<T> | null): Remainder {
    if (incoming === null) return NOTHING;
    if ("error" in incoming) return incoming;
    const { value } = incoming;
    return { value: value === null ? null : this.#source.release(value) };
  }

  #resumed(): Promise<void> {
    return new Promise((resolve) => this.#onResumed = resolve);
  }

  #wake(): void {
    this.#onResumed?.();
    this.#onResumed = null;
  }
}

/** The outcome of a read; `null` at the end of the stream. */
type Incoming<T> = Outcome<T | null>;

/** The bytes of the read that was pending when a read half was detached; `null` at the end of the stream. */
export type Remainder = Outcome<Uint8Array<ArrayBuffer> | null>;

const END = { value: null };
const NOTHING = { value: new Uint8Array(0) };
