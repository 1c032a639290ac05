// Copyright 2026 the asyncio for Deno authors. MIT license.

import { errors } from "../../core/runtime.ts";
import { type CallbackContext, Turn } from "./callbacks.ts";
import { isBuffered } from "./chunk_source.ts";
import { Failure } from "./failures.ts";
import type { ReadSource, StreamProtocol, TransportOwner } from "./types.ts";

/** The half of a transport that receives: it reads, and hands what comes to the protocol. */
export class ReadHalf<T> {
  readonly #source: ReadSource<T>;
  readonly #context: CallbackContext;
  readonly #owner: TransportOwner<StreamProtocol>;
  readonly #onEof: () => void;
  #isPaused = false;
  #isStopped = false;
  #isOver = false;
  #onResumed: (() => void) | null = null;
  /** Who gets what a read that is under way brings, if it is not the protocol any more. */
  #onDetached: ((rest: Remainder) => void) | null = null;

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
  detach(): Promise<Remainder> {
    if (this.#isOver) return Promise.resolve(null);
    const rest = new Promise<Remainder>((resolve) =>
      this.#onDetached = resolve
    );
    this.stop();
    return rest;
  }

  /** Runs in the async context of callbacks throughout, which so costs nothing for each message. */
  async #receive(): Promise<void> {
    const { scheduler } = this.#context;
    const turn = new Turn(scheduler);
    let incoming: Incoming<T> | undefined;
    while (true) {
      if (this.#isPaused) await this.#resumed();
      if (this.#isStopped) break;
      await turn;
      let reading: Promise<T | null> | null = null;
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
        // Of a peer that ends an encrypted connection without a word; asyncio takes it for the end, too.
        incoming = error instanceof errors.UnexpectedEof
          ? null
          : new Failure(error);
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

  /** Hands on what was read; returns whether there is nothing more to come. */
  #deliver(incoming: Incoming<T>): boolean {
    if (incoming === null) {
      this.#onEof();
      return true;
    }
    if (incoming instanceof Failure) {
      this.#owner.fail(incoming.error);
      return true;
    }
    const { protocol } = this.#owner;
    try {
      this.#source.deliver(incoming, protocol);
    } catch (error) {
      this.#owner.failFromProtocol(
        isBuffered(protocol) ? "bufferUpdated" : "dataReceived",
        error,
      );
    }
    return false;
  }

  #remainderOf(incoming: Incoming<T> | undefined): Remainder {
    if (incoming === undefined) return NOTHING;
    if (incoming === null || incoming instanceof Failure) return incoming;
    return this.#source.release(incoming);
  }

  #resumed(): Promise<void> {
    return new Promise((resolve) => this.#onResumed = resolve);
  }

  #wake(): void {
    this.#onResumed?.();
    this.#onResumed = null;
  }
}

/** What a read came to: a portion, `null` at the end of the stream, or a failure. */
type Incoming<T> = T | null | Failure;

/** What was received for an heir: bytes, `null` at the end of the stream, or a failure. */
export type Remainder = Uint8Array<ArrayBuffer> | null | Failure;

const NOTHING = new Uint8Array(0);
