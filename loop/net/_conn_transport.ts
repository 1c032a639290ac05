// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError } from "../errors.ts";
import type { Resource } from "../scheduler.ts";
import { asError } from "./_as_error.ts";
import { assertBytes } from "./_assert_bytes.ts";
import { notSupported } from "./base_transport.ts";
import type { BaseProtocol } from "./base_protocol.ts";
import type { CallbackContext } from "./_callback_context.ts";
import type { Client } from "./_client.ts";
import { ChunkSource } from "./_chunk_source.ts";
import { HeirConn } from "./_heir_conn.ts";
import type { Link } from "./_link.ts";
import { occupy } from "./_occupants.ts";
import { Receiver } from "./_receiver.ts";
import { bytesOf, Sender } from "./_sender.ts";
import { Transport } from "./transport.ts";
import type { StreamProtocol, Whole } from "./_whole.ts";

/** A transport over a connection. */
export class ConnTransport extends Transport implements Resource {
  readonly #link: Link;
  readonly #context: CallbackContext;
  /** Whose connection of a server's it is. */
  readonly client: Client | null;
  readonly #addresses: Record<string, Deno.Addr>;
  readonly #whole: Whole<StreamProtocol>;
  readonly #receiver: Receiver<number>;
  readonly #sender: Sender;

  /** No more is received, and what is written is ignored. */
  #isClosing = false;
  /** `connectionLost()` has been called, or will never be. */
  #isEnded = false;
  #isEofWritten = false;
  /** A file is being sent, and nothing else can be. */
  #isSendingFile = false;
  /** The connection is to be another transport's, once everything is sent. */
  #handingOver: PromiseWithResolvers<void> | null = null;

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
    this.#context = context;
    this.client = client;
    // Deno forgets them when the connection closes.
    this.#addresses = { peername: conn.remoteAddr, sockname: conn.localAddr };
    const whole: Whole<StreamProtocol> = this.#whole = {
      protocol,
      fail: (error) => this.#forceEnd(error),
      failByProtocol: (method, error) => this.#failByProtocol(method, error),
      report: (message, error) => this.#report(message, error),
    };
    const source = new ChunkSource(conn);
    this.#receiver = new Receiver(source, context, whole, () => this.#onEof());
    this.#sender = new Sender(conn, context, whole, () => this.#onDrained());
    client?.occupy(this);
    occupy(conn, this);
    context.scheduler.resources.add(this);
  }

  /** Begins the protocol's life. Called once, in an entry and in the async context of callbacks. */
  start(): this {
    try {
      this.#whole.protocol.connectionMade(this);
    } catch (error) {
      this.#failByProtocol("connectionMade", error);
    }
    return this.takeOver();
  }

  /** Goes on with a protocol whose life has begun. Called as `start()` is, instead of it. */
  takeOver(): this {
    this.#receiver.start();
    return this;
  }

  override getExtraInfo(name: string, defaultValue: unknown = null): unknown {
    const { conn, info } = this.#link;
    if (name === "socket") return conn;
    return info?.[name] ?? this.#addresses[name] ?? defaultValue;
  }

  override setProtocol(protocol: BaseProtocol): void {
    this.#whole.protocol = protocol as StreamProtocol;
  }

  override getProtocol(): BaseProtocol {
    return this.#whole.protocol;
  }

  override isClosing(): boolean {
    return this.#isClosing;
  }

  override close(): void {
    if (this.#isClosing) return;
    this.#stop();
    if (this.#sender.end()) this.#context.enqueue(() => this.#onDrained());
  }

  override abort(): void {
    this.#forceEnd(null);
  }

  // Receiving.

  override isReading(): boolean {
    return this.#receiver.isReading;
  }

  override pauseReading(): void {
    this.#receiver.pause();
  }

  override resumeReading(): void {
    this.#receiver.resume();
  }

  #onEof(): void {
    let keepOpen;
    try {
      keepOpen = this.#whole.protocol.eofReceived();
    } catch (error) {
      this.#failByProtocol("eofReceived", error);
      return;
    }
    if (keepOpen && this.canWriteEof()) return;
    this.close();
  }

  // Sending.

  override write(data: Uint8Array | string): void {
    assertBytes("write", data);
    this.#assertCanWrite();
    if (this.#isClosing) this.#sender.ignore();
    else this.#sender.write(data);
  }

  override writeLines(chunks: Iterable<Uint8Array | string>): void {
    const list = bytesOf(chunks);
    this.#assertCanWrite();
    if (this.#isClosing) this.#sender.ignore();
    else this.#sender.writeLines(list);
  }

  override canWriteEof(): boolean {
    return this.#link.sayGoodbye === undefined;
  }

  override writeEof(): void {
    if (!this.canWriteEof()) throw notSupported("writeEof");
    if (this.#isClosing || this.#isEofWritten) return;
    this.#isEofWritten = true;
    if (this.#sender.end()) this.#onDrained();
  }

  override getWriteBufferSize(): number {
    return this.#sender.size;
  }

  override getWriteBufferLimits(): [low: number, high: number] {
    return this.#sender.limits;
  }

  override setWriteBufferLimits(
    high?: number | null,
    low?: number | null,
  ): void {
    this.#sender.setLimits(high, low);
  }

  /** Begins to send a file, which `endFile()` is to follow; resolves once what was written before is sent. */
  beginFile(): Promise<void> {
    this.#assertCanWrite();
    this.#isSendingFile = true;
    return this.#sender.idle();
  }

  /** Sends a part of the file without a copy: the bytes must stay as they are. One at a time. */
  async sendPart(part: Uint8Array): Promise<void> {
    this.#assertNoEof();
    if (!this.#isClosing && await this.#sender.pass(part)) return;
    throw new Deno.errors.ConnectionReset("Connection lost");
  }

  endFile(): void {
    this.#isSendingFile = false;
  }

  #assertCanWrite(): void {
    this.#assertNoEof();
    if (!this.#isSendingFile) return;
    throw new RuntimeError("Cannot write while a file is being sent");
  }

  #assertNoEof(): void {
    if (!this.#isEofWritten) return;
    throw new RuntimeError("Cannot write after writeEof()");
  }

  /** Everything is sent, and there will be no more. */
  #onDrained(): void {
    if (this.#isEnded) return;
    if (this.#handingOver !== null) this.#handingOver.resolve();
    else if (this.#isClosing) this.#sayGoodbye();
    else this.#shutDown();
  }

  #shutDown(): void {
    // If it fails the connection is gone, which is for the receiving side to find out.
    this.#link.conn.closeWrite().catch(() => {});
  }

  #sayGoodbye(): void {
    const { sayGoodbye } = this.#link;
    if (sayGoodbye === undefined) {
      this.#end(null);
      return;
    }
    const end = (error: unknown) => this.#endSoon(error);
    this.#context.run(() => sayGoodbye().then(() => end(null), end));
  }

  // The end.

  /**
   * Lets go of the connection, once everything is sent: another transport is to stand on it. The
   * protocol hears of nothing more.
   */
  async handOver(): Promise<Deno.Conn> {
    this.#isClosing = true;
    const rest = this.#receiver.handOver();
    if (!this.#sender.end()) {
      this.#handingOver = Promise.withResolvers();
      await this.#handingOver.promise;
    }
    this.#isEnded = true;
    this.#sender.abandon();
    this.#context.scheduler.resources.delete(this);
    return new HeirConn(this.#link.conn, rest);
  }

  #failByProtocol(method: string, error: unknown): void {
    this.#report(`Fatal error: protocol.${method}() call failed`, error);
    this.#forceEnd(error);
  }

  #report(message: string, exception: unknown): void {
    this.#context.scheduler.loop.callExceptionHandler({
      message,
      exception,
      transport: this,
      protocol: this.#whole.protocol,
    });
  }

  #stop(): void {
    this.#isClosing = true;
    this.#receiver.stop();
  }

  /** Ends without sending what is still buffered. */
  #forceEnd(error: unknown): void {
    if (this.#isEnded) return;
    this.#stop();
    this.#sender.abandon();
    this.#endSoon(error);
  }

  #endSoon(error: unknown): void {
    this.#context.enqueue(() => this.#end(error));
  }

  #end(error: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    try {
      this.#whole.protocol.connectionLost(asError(error));
    } catch (exception) {
      this.#report("protocol.connectionLost() failed", exception);
    } finally {
      this.#context.scheduler.resources.delete(this);
      this.#closeConn();
      this.client?.end();
      this.#handingOver?.reject(error ?? aborted());
    }
  }

  /** The loop is closed; there is nobody left to call the protocol. */
  abandon(): void {
    this.#isEnded = true;
    this.#stop();
    this.#sender.abandon();
    this.#closeConn();
  }

  /** Ends the read that is under way, and the write. */
  #closeConn(): void {
    try {
      this.#link.conn.close();
    } catch (error) {
      // Whoever took it by getExtraInfo("socket") may have closed it.
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
}

function aborted(): Error {
  return new Deno.errors.ConnectionAborted("The connection was aborted");
}
