// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError, TimeoutError } from "../../core/errors.ts";
import { errors } from "../../core/runtime.ts";
import type { Resource } from "../../core/scheduler.ts";
import type { TimerHandle } from "../../core/handle.ts";
import type { BaseProtocol } from "../base_protocol.ts";
import { notSupported } from "../base_transport.ts";
import { hostAndPort } from "../dns/host.ts";
import { Transport } from "../transport.ts";
import { setWriteBuffer } from "../write_buffer.ts";
import { assertBytes, assertProtocol } from "./assertions.ts";
import type { CallbackContext } from "./callbacks.ts";
import { ChunkSource } from "./chunk_source.ts";
import type { ServerConnection } from "./server_connection.ts";
import { reasonOf } from "./failures.ts";
import { UpgradedConn } from "./upgraded_conn.ts";
import type {
  Closable,
  StreamProtocol,
  TransportLink,
  TransportOwner,
} from "./types.ts";
import { ReadHalf } from "./read_half.ts";
import { validChunks, WriteHalf } from "./write_half.ts";
import { claim, closeUnlessClosed } from "./sockets.ts";
import { warn } from "../../core/warnings.ts";

/** A transport over a connection. */
export class ConnTransport extends Transport implements Resource {
  readonly #link: TransportLink;
  readonly #context: CallbackContext;
  /** Whose connection of a server's it is. */
  readonly connection: ServerConnection | null;
  readonly #owner: TransportOwner<StreamProtocol>;
  readonly #readHalf: ReadHalf<number>;
  readonly #writeHalf: WriteHalf;

  /** No more is received, and what is written is ignored. */
  #isClosing = false;
  /** `connectionLost()` has been called, or will never be. */
  #isEnded = false;
  #isEofWritten = false;
  /** A file is being sent, and nothing else can be. */
  #isSendingFile = false;
  #tlsShutdownTimer: TimerHandle | null = null;
  /** What stands for the connection after `detach()`. */
  successor: Closable | null = null;

  /** In the async context of callbacks: `start()` is to follow. */
  constructor(
    link: TransportLink,
    protocol: StreamProtocol,
    context: CallbackContext,
    connection: ServerConnection | null = null,
  ) {
    const { conn, info } = link;
    // Deno forgets the addresses when the connection closes.
    const { remoteAddr: peername, localAddr: sockname } = conn;
    super({ ...info, socket: conn, peername, sockname });
    this.#link = link;
    this.#context = context;
    this.connection = connection;
    const owner: TransportOwner<StreamProtocol> = this.#owner = {
      protocol,
      fail: (error) => this.#forceEnd(error),
      failFromProtocol: (method, error) => this.#failByProtocol(method, error),
      report: (message, error) => this.#report(message, error),
    };
    const source = new ChunkSource(conn);
    this.#readHalf = new ReadHalf(source, context, owner, () => this.#onEof());
    this.#writeHalf = new WriteHalf(
      conn,
      context,
      owner,
      () => this.#onDrained(),
    );
    setWriteBuffer(this, this.#writeHalf.buffer);
    connection?.replaceCurrent(this);
    claim(conn, this);
    context.scheduler.resources.add(this);
  }

  /** Where the callbacks run. */
  get context(): CallbackContext {
    return this.#context;
  }

  /** Begins the protocol's life. Called once, in an entry and in the async context of callbacks. */
  start(): this {
    try {
      this.#owner.protocol.connectionMade(this);
    } catch (error) {
      this.#report("protocol.connectionMade() failed", error);
    }
    return this.startReading();
  }

  /** Goes on with a protocol whose life has begun. Called as `start()` is, instead of it. */
  startReading(): this {
    this.#readHalf.start();
    return this;
  }

  override setProtocol(protocol: BaseProtocol): void {
    assertProtocol("The protocol of setProtocol()", protocol);
    this.#owner.protocol = protocol as StreamProtocol;
  }

  override getProtocol(): BaseProtocol {
    return this.#owner.protocol;
  }

  override isClosing(): boolean {
    return this.#isClosing;
  }

  override close(): void {
    this.successor?.close();
    if (this.#isClosing) return;
    this.#stop();
    this.#limitTlsShutdown();
    if (this.#writeHalf.end()) this.#context.enqueue(() => this.#onDrained());
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
    return this.#readHalf.isReading;
  }

  override pauseReading(): void {
    this.#readHalf.pause();
  }

  override resumeReading(): void {
    this.#readHalf.resume();
  }

  #onEof(): void {
    let keepOpen;
    try {
      keepOpen = this.#owner.protocol.eofReceived();
    } catch (error) {
      this.#failByProtocol("eofReceived", error);
      return;
    }
    if (keepOpen && this.canWriteEof()) return;
    if (keepOpen) {
      warn(
        "Returning true from eofReceived() has no effect on an encrypted connection",
      );
    }
    this.close();
  }

  // Sending.

  override write(data: Uint8Array | string): void {
    assertBytes("write", data);
    this.#assertCanWrite();
    if (this.#isClosing) this.#writeHalf.discard();
    else this.#writeHalf.write(data);
  }

  override writeLines(chunks: Iterable<Uint8Array | string>): void {
    const list = validChunks(chunks);
    this.#assertCanWrite();
    if (this.#isClosing) this.#writeHalf.discard();
    else this.#writeHalf.writeLines(list);
  }

  override canWriteEof(): boolean {
    return this.#link.tlsShutdown === undefined;
  }

  override writeEof(): void {
    if (!this.canWriteEof()) throw notSupported("writeEof");
    if (this.#isClosing || this.#isEofWritten) return;
    this.#isEofWritten = true;
    if (this.#writeHalf.end()) this.#onDrained();
  }

  /** Begins to send a file, which `endFile()` is to follow; resolves once what was written before is sent. */
  beginFile(): Promise<void> {
    this.#assertCanWrite();
    this.#isSendingFile = true;
    return this.#writeHalf.idle();
  }

  /** Sends a part of the file without a copy: the bytes must stay as they are. One at a time. */
  async sendPart(part: Uint8Array): Promise<void> {
    this.#assertNoEof();
    if (!this.#isClosing && await this.#writeHalf.sendUncopied(part)) return;
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
    if (this.#isClosing) this.#shutDownTls();
    else this.#shutDown();
  }

  #shutDown(): void {
    // If it fails the connection is gone, which is for the receiving side to find out.
    this.#link.conn.closeWrite().catch(() => {});
  }

  #shutDownTls(): void {
    const { tlsShutdown } = this.#link;
    if (tlsShutdown === undefined) {
      this.#end(null);
      return;
    }
    const end = (error: unknown) => this.#endSoon(error);
    this.#context.run(() => tlsShutdown.run().then(() => end(null), end));
  }

  #limitTlsShutdown(): void {
    const { tlsShutdown } = this.#link;
    if (tlsShutdown === undefined) return;
    const { loop } = this.#context.scheduler;
    this.#tlsShutdownTimer = this.#context.run(() =>
      loop.callLater(tlsShutdown.timeout, () => {
        this.#forceEnd(
          new TimeoutError(
            `The peer did not end the TLS connection within ${tlsShutdown.timeout} s`,
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
  detach(unread: Uint8Array): Deno.Conn {
    this.#isClosing = true;
    this.#isEnded = true;
    this.#context.scheduler.resources.delete(this);
    return new UpgradedConn(
      this.#link.conn,
      unread,
      this.#readHalf.detach(),
      this.#writeHalf.idle(),
    );
  }

  /** Ends the life of a protocol whose connection was handed over, and is closed. */
  lose(protocol: StreamProtocol, error: unknown): void {
    this.#owner.protocol = protocol;
    this.#context.enqueue(() => {
      this.#callConnectionLost(error);
      this.connection?.end();
    });
  }

  /** Throws unless another transport may take over. */
  assertCanDetach(method: string): void {
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
      protocol: this.#owner.protocol,
    });
  }

  #stop(): void {
    this.#isClosing = true;
    this.#readHalf.stop();
  }

  /** Ends without sending what is still buffered. */
  #forceEnd(error: unknown): void {
    this.#writeHalf.abandon();
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
    this.#tlsShutdownTimer?.cancel();
    this.#callConnectionLost(error);
    this.#context.scheduler.resources.delete(this);
    // Ends the read that is under way, and the write.
    closeUnlessClosed(this.#link.conn);
    this.connection?.end();
  }

  #callConnectionLost(error: unknown): void {
    try {
      this.#owner.protocol.connectionLost(reasonOf(error));
    } catch (exception) {
      this.#report("protocol.connectionLost() failed", exception);
    }
  }

  /** The loop is closed; there is nobody left to call the protocol. */
  abandon(): void {
    this.#isEnded = true;
    this.#stop();
    this.#writeHalf.abandon();
    closeUnlessClosed(this.#link.conn);
  }
}

function placeOf(addr: Deno.Addr | null): string | null {
  if (addr === null) return null;
  if ("hostname" in addr) return hostAndPort(addr.hostname, addr.port);
  return "path" in addr ? addr.path : null;
}
