// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError } from "../errors.ts";
import type { Resource } from "../scheduler.ts";
import { assertBytes } from "./_assert_bytes.ts";
import type { BaseProtocol } from "./base_protocol.ts";
import type { BufferedProtocol } from "./buffered_protocol.ts";
import type { CallbackContext } from "./_callback_context.ts";
import { ChunkSource, isBuffered } from "./_chunk_source.ts";
import type { Client } from "./_client.ts";
import type { Link } from "./_link.ts";
import type { Protocol } from "./protocol.ts";
import { Transport } from "./transport.ts";
import { Turn } from "./_turn.ts";
import { WaterMarks } from "./_water_marks.ts";
import { WriteQueue } from "./_write_queue.ts";

/** What a transport over a stream of bytes serves. */
export type StreamProtocol = Protocol | BufferedProtocol;

/** How many writes after the end are ignored without a word. */
const SILENT_WRITES = 5;

/** A transport over a `Deno.Conn`. */
export class ConnTransport extends Transport implements Resource {
  readonly #conn: Deno.Conn;
  readonly #context: CallbackContext;
  readonly #link: Link;
  /** Whose connection of a server's it is. */
  readonly #client: Client | null;
  readonly #addresses: Record<string, Deno.Addr>;
  #protocol: StreamProtocol;

  /** No more is received, and what is written is ignored. */
  #closing = false;
  /** `connectionLost()` has been called. */
  #ended = false;

  readonly #source = new ChunkSource();
  #paused = false;
  #unpark: (() => void) | null = null;

  readonly #queue = new WriteQueue();
  #isSending = false;
  #marks = new WaterMarks();
  #writingPaused = false;
  #eofWritten = false;
  #isAfterWriteDue = false;
  #writesAfterEnd = 0;

  /** In the async context of callbacks: `start()` is to follow. */
  constructor(
    link: Link,
    protocol: StreamProtocol,
    context: CallbackContext,
    client: Client | null = null,
  ) {
    super();
    const { conn } = link;
    this.#link = link;
    this.#conn = conn;
    this.#protocol = protocol;
    this.#context = context;
    this.#client = client;
    client?.occupy(this);
    // Deno forgets them when the connection closes.
    this.#addresses = { peername: conn.remoteAddr, sockname: conn.localAddr };
    context.scheduler.resources.add(this);
  }

  /** Begins the protocol's life. Called once, in an entry and in the async context of callbacks. */
  start(): this {
    try {
      this.#protocol.connectionMade(this);
    } catch (error) {
      this.#failByProtocol("connectionMade", error);
    }
    void this.#receive();
    return this;
  }

  override getExtraInfo(name: string, defaultValue: unknown = null): unknown {
    if (name === "socket") return this.#conn;
    return this.#link.info?.[name] ?? this.#addresses[name] ?? defaultValue;
  }

  override setProtocol(protocol: BaseProtocol): void {
    this.#protocol = protocol as StreamProtocol;
  }

  override getProtocol(): BaseProtocol {
    return this.#protocol;
  }

  override isClosing(): boolean {
    return this.#closing;
  }

  override close(): void {
    if (this.#closing) return;
    this.#stopReceiving();
    if (this.#queue.size === 0) this.#endSoon(null);
  }

  override abort(): void {
    this.#forceEnd(null);
  }

  // Receiving.

  override isReading(): boolean {
    return !this.#paused && !this.#closing;
  }

  override pauseReading(): void {
    if (!this.#closing) this.#paused = true;
  }

  override resumeReading(): void {
    if (this.#closing || !this.#paused) return;
    this.#paused = false;
    this.#wakeReceiver();
  }

  /** Runs in the async context of callbacks throughout, which so costs nothing for each message. */
  async #receive(): Promise<void> {
    const { scheduler } = this.#context;
    const turn = new Turn(scheduler);
    let incoming: Incoming | undefined;
    while (true) {
      if (this.#paused) await this.#resumed();
      if (this.#closing) return;
      await turn;
      let reading: Promise<number | null> | null = null;
      if (!this.#closing && !this.#paused) {
        const isOver = incoming !== undefined && this.#deliver(incoming);
        incoming = undefined;
        if (isOver) {
          scheduler.proceed();
          return;
        }
        if (!this.#closing && !this.#paused) reading = this.#read();
      }
      scheduler.proceed();
      if (reading === null) continue;
      try {
        incoming = await reading;
      } catch (error) {
        incoming = new Failure(error);
      }
    }
  }

  #read(): Promise<number | null> | null {
    try {
      return this.#conn.read(this.#source.memoryFor(this.#protocol));
    } catch (error) {
      this.#failByProtocol("getBuffer", error);
      return null;
    }
  }

  /** Hands on what was read; returns whether there is nothing more to come. */
  #deliver(incoming: Incoming): boolean {
    if (incoming === null) {
      this.#deliverEof();
      return true;
    }
    if (incoming instanceof Failure) {
      this.#forceEnd(incoming.error);
      return true;
    }
    try {
      this.#source.deliver(incoming, this.#protocol);
    } catch (error) {
      const method = isBuffered(this.#protocol)
        ? "bufferUpdated"
        : "dataReceived";
      this.#failByProtocol(method, error);
    }
    return this.#closing;
  }

  #deliverEof(): void {
    let keepOpen;
    try {
      keepOpen = this.#protocol.eofReceived();
    } catch (error) {
      this.#failByProtocol("eofReceived", error);
      return;
    }
    if (!keepOpen) this.close();
  }

  #resumed(): Promise<void> {
    return new Promise((resolve) => this.#unpark = resolve);
  }

  #wakeReceiver(): void {
    this.#unpark?.();
    this.#unpark = null;
  }

  #stopReceiving(): void {
    this.#closing = true;
    this.#paused = false;
    this.#writesAfterEnd++;
    this.#wakeReceiver();
  }

  // Sending.

  override write(data: Uint8Array | string): void {
    assertBytes("write", data);
    this.#assertNoEof();
    if (data.length === 0) return;
    if (this.#closing) {
      this.#warnOfWriteAfterEnd();
      return;
    }
    this.#queue.push(data);
    this.#sendOrPause();
  }

  override writeLines(chunks: Iterable<Uint8Array | string>): void {
    const list = [...chunks];
    for (const chunk of list) assertBytes("writeLines", chunk);
    this.#assertNoEof();
    if (this.#closing) {
      this.#warnOfWriteAfterEnd();
      return;
    }
    for (const chunk of list) this.#queue.push(chunk);
    if (this.#queue.size > 0) this.#sendOrPause();
  }

  override canWriteEof(): boolean {
    return true;
  }

  override writeEof(): void {
    if (this.#closing || this.#eofWritten) return;
    this.#eofWritten = true;
    if (this.#queue.size === 0) this.#shutDown();
  }

  override getWriteBufferSize(): number {
    return this.#queue.size;
  }

  override getWriteBufferLimits(): [low: number, high: number] {
    return [this.#marks.low, this.#marks.high];
  }

  override setWriteBufferLimits(
    high?: number | null,
    low?: number | null,
  ): void {
    this.#marks = new WaterMarks(high, low);
    this.#maybePauseWriting();
  }

  #sendOrPause(): void {
    if (!this.#isSending) this.#send();
    if (this.#queue.size > this.#marks.high) this.#maybePauseWriting();
  }

  #send(): void {
    this.#isSending = true;
    this.#conn.write(this.#queue.head())
      .then(this.#onWritten, this.#onWriteFailed);
  }

  // These two run in the context of whoever wrote: only through this.#context may they do more than
  // go on writing.

  readonly #onWritten = (count: number): void => {
    if (this.#queue.size === 0) return; // Aborted.
    this.#queue.drop(count);
    if (this.#queue.size > 0) this.#send();
    else this.#isSending = false;
    if (this.#writingPaused || this.#closing || this.#eofWritten) {
      this.#afterWriteSoon();
    }
  };

  readonly #onWriteFailed = (error: unknown): void => {
    if (this.#ended) return;
    this.#context.run(() => this.#forceEnd(error));
  };

  #afterWriteSoon(): void {
    if (this.#isAfterWriteDue) return;
    this.#isAfterWriteDue = true;
    const context = this.#context;
    context.run(() => context.enqueue(() => this.#afterWrite()));
  }

  #afterWrite(): void {
    this.#isAfterWriteDue = false;
    if (this.#ended) return;
    if (this.#writingPaused && this.#queue.size <= this.#marks.low) {
      this.#writingPaused = false;
      this.#callFlowControl("resumeWriting");
    }
    // The protocol may have written more.
    if (this.#queue.size > 0) return;
    if (this.#closing) this.#end(null);
    else if (this.#eofWritten) this.#shutDown();
  }

  #shutDown(): void {
    // If it fails the connection is gone, which is for the receiving side to find out.
    this.#conn.closeWrite().catch(() => {});
  }

  #maybePauseWriting(): void {
    if (this.#writingPaused || this.#queue.size <= this.#marks.high) return;
    this.#writingPaused = true;
    // The caller may be a task, but a callback of the protocol runs outside every task.
    this.#context.run(() => this.#callFlowControl("pauseWriting"));
  }

  #callFlowControl(method: "pauseWriting" | "resumeWriting"): void {
    try {
      this.#protocol[method]();
    } catch (exception) {
      this.#report(`protocol.${method}() failed`, exception);
    }
  }

  #assertNoEof(): void {
    if (!this.#eofWritten) return;
    throw new RuntimeError("Cannot write after writeEof()");
  }

  #warnOfWriteAfterEnd(): void {
    if (this.#writesAfterEnd++ < SILENT_WRITES) return;
    console.warn("Nothing was sent: the connection is closed or closing");
  }

  // The end.

  #failByProtocol(method: string, error: unknown): void {
    this.#report(`Fatal error: protocol.${method}() call failed`, error);
    this.#forceEnd(error);
  }

  #report(message: string, exception: unknown): void {
    this.#context.scheduler.loop.callExceptionHandler({
      message,
      exception,
      transport: this,
      protocol: this.#protocol,
    });
  }

  /** Ends without sending what is still buffered. */
  #forceEnd(error: unknown): void {
    if (this.#ended) return;
    this.#stopReceiving();
    this.#queue.clear();
    this.#endSoon(error);
  }

  #endSoon(error: unknown): void {
    this.#context.enqueue(() => this.#end(error));
  }

  #end(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    try {
      this.#protocol.connectionLost(asError(error));
    } catch (exception) {
      this.#report("protocol.connectionLost() failed", exception);
    } finally {
      this.#context.scheduler.resources.delete(this);
      this.#closeConn();
      this.#client?.end();
    }
  }

  /** The loop is closed; there is nobody left to call the protocol. */
  abandon(): void {
    this.#ended = true;
    this.#stopReceiving();
    this.#closeConn();
  }

  /** Ends the read that is under way, and the write. */
  #closeConn(): void {
    try {
      this.#conn.close();
    } catch (error) {
      // Whoever took it by getExtraInfo("socket") may have closed it.
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
}

/** What a read came to: a number of bytes, `null` at the end of the stream, or a failure. */
type Incoming = number | null | Failure;

class Failure {
  constructor(readonly error: unknown) {}
}

function asError(error: unknown): Error | null {
  if (error === null || error instanceof Error) return error;
  return new Error(String(error), { cause: error });
}
