// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError, TimeoutError } from "../../core/errors.ts";
import { errors } from "../../core/runtime.ts";
import type { Resource } from "../../core/scheduler.ts";
import type { TimerHandle } from "../../core/timer_handle.ts";
import type { BaseProtocol } from "../base_protocol.ts";
import { notSupported } from "../base_transport.ts";
import { hostAndPort } from "../dns/host.ts";
import { Transport } from "../transport.ts";
import { assertBytes, assertProtocol } from "./assertions.ts";
import type { CallbackContext } from "./callbacks.ts";
import { ChunkSource } from "./chunk_source.ts";
import type { Client, Closable } from "./server_connection.ts";
import { reasonOf } from "./failures.ts";
import { HeirConn } from "./upgraded_conn.ts";
import type { Link } from "./link.ts";
import { Receiver } from "./read_half.ts";
import { bytesOf, Sender } from "./write_half.ts";
import { closeUnlessClosed, occupy } from "./sockets.ts";
import type { StreamProtocol, Whole } from "./types.ts";

/** A transport over a connection. */
export class ConnTransport extends Transport implements Resource {
  readonly #link: Link;
  readonly #context: CallbackContext;
  /** Whose connection of a server's it is. */
  readonly client: Client | null;
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
  #goodbyeTimer: TimerHandle | null = null;
  /** What stands for the connection after `handOver()`. */
  successor: Closable | null = null;

  /** In the async context of callbacks: `start()` is to follow. */
  constructor(
    link: Link,
    protocol: StreamProtocol,
    context: CallbackContext,
    client: Client | null = null,
  ) {
    const { conn, info } = link;
    // Deno forgets the addresses when the connection closes.
    const { remoteAddr: peername, localAddr: sockname } = conn;
    super({ ...info, socket: conn, peername, sockname });
    this.#link = link;
    this.#context = context;
    this.client = client;
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

  /** Where the callbacks run. */
  get context(): CallbackContext {
    return this.#context;
  }

  /** Begins the protocol's life. Called once, in an entry and in the async context of callbacks. */
  start(): this {
    try {
      this.#whole.protocol.connectionMade(this);
    } catch (error) {
      this.#report("protocol.connectionMade() failed", error);
    }
    return this.takeOver();
  }

  /** Goes on with a protocol whose life has begun. Called as `start()` is, instead of it. */
  takeOver(): this {
    this.#receiver.start();
    return this;
  }

  override setProtocol(protocol: BaseProtocol): void {
    assertProtocol("The protocol of setProtocol()", protocol);
    this.#whole.protocol = protocol as StreamProtocol;
  }

  override getProtocol(): BaseProtocol {
    return this.#whole.protocol;
  }

  override isClosing(): boolean {
    return this.#isClosing;
  }

  override close(): void {
    this.successor?.close();
    if (this.#isClosing) return;
    this.#stop();
    this.#limitGoodbye();
    if (this.#sender.end()) this.#context.enqueue(() => this.#onDrained());
  }

  override abort(): void {
    this.successor?.abort();
    this.#forceEnd(null);
  }

  override toString(): string {
    const state = this.#isEnded
      ? "closed"
      : this.#isClosing
      ? "closing"
      : "open";
    // Who connects by a Unix socket has no address of its own.
    const where = placeOf(this.getExtraInfo("peername")) ??
      placeOf(this.getExtraInfo("sockname"));
    return `<${this.constructor.name}${
      where === null ? "" : ` ${where}`
    } ${state}>`;
  }

  /** @ignore */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
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
    if (keepOpen) {
      console.warn(
        "Returning true from eofReceived() has no effect on an encrypted connection",
      );
    }
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
    return this.#link.goodbye === undefined;
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
    throw new errors.ConnectionReset("Connection lost");
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
    if (this.#isClosing) this.#sayGoodbye();
    else this.#shutDown();
  }

  #shutDown(): void {
    // If it fails the connection is gone, which is for the receiving side to find out.
    this.#link.conn.closeWrite().catch(() => {});
  }

  #sayGoodbye(): void {
    const { goodbye } = this.#link;
    if (goodbye === undefined) {
      this.#end(null);
      return;
    }
    const end = (error: unknown) => this.#endSoon(error);
    this.#context.run(() => goodbye.say().then(() => end(null), end));
  }

  #limitGoodbye(): void {
    const { goodbye } = this.#link;
    if (goodbye === undefined) return;
    const { loop } = this.#context.scheduler;
    this.#goodbyeTimer = this.#context.run(() =>
      loop.callLater(goodbye.timeout, () => {
        this.#forceEnd(
          new TimeoutError(
            `The peer did not end the TLS connection within ${goodbye.timeout} s`,
          ),
        );
      })
    );
  }

  // The end.

  /**
   * Lets go of the connection: another transport is to stand on it. What was written is still sent, before
   * anything else. `unread` is what the protocol had received and gives back.
   */
  handOver(unread: Uint8Array): Deno.Conn {
    this.#isClosing = true;
    this.#isEnded = true;
    this.#context.scheduler.resources.delete(this);
    return new HeirConn(
      this.#link.conn,
      unread,
      this.#receiver.handOver(),
      this.#sender.idle(),
    );
  }

  /** Ends the life of a protocol whose connection was handed over, and is closed. */
  lose(protocol: StreamProtocol, error: unknown): void {
    this.#whole.protocol = protocol;
    this.#context.enqueue(() => {
      this.#callConnectionLost(error);
      this.client?.end();
    });
  }

  /** Throws unless another transport may take over. */
  assertCanHandOver(method: string): void {
    if (this.#isClosing || this.#isEofWritten) {
      throw new RuntimeError(
        `${method}() cannot use a transport that is closed or closing`,
      );
    }
    this.#assertCanWrite();
  }

  #failByProtocol(method: string, error: unknown): void {
    this.#report(`Fatal error: protocol.${method}() call failed`, error);
    this.#forceEnd(error);
  }

  #report(message: string, exception: unknown): void {
    this.#context.scheduler.reportThrown({
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
    this.#sender.abandon();
    if (this.#isEnded) return;
    this.#stop();
    this.#endSoon(error);
  }

  #endSoon(error: unknown): void {
    this.#context.enqueue(() => this.#end(error));
  }

  #end(error: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#goodbyeTimer?.cancel();
    this.#callConnectionLost(error);
    this.#context.scheduler.resources.delete(this);
    // Ends the read that is under way, and the write.
    closeUnlessClosed(this.#link.conn);
    this.client?.end();
  }

  #callConnectionLost(error: unknown): void {
    try {
      this.#whole.protocol.connectionLost(reasonOf(error));
    } catch (exception) {
      this.#report("protocol.connectionLost() failed", exception);
    }
  }

  /** The loop is closed; there is nobody left to call the protocol. */
  abandon(): void {
    this.#isEnded = true;
    this.#stop();
    this.#sender.abandon();
    closeUnlessClosed(this.#link.conn);
  }
}

function placeOf(addr: Deno.Addr | null): string | null {
  if (addr === null) return null;
  if ("hostname" in addr) return hostAndPort(addr.hostname, addr.port);
  return "path" in addr ? addr.path : null;
}
