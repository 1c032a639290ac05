// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError, TimeoutError, warn } from "../../core/errors.ts";
import type { Future } from "../../core/future.ts";
import { failed } from "../../core/primitive_future.ts";
import { type Facts, facts } from "../../core/inspection.ts";
import type { Resource } from "../../core/scheduler.ts";
import type { TimerHandle } from "../../core/handle.ts";
import type { BaseProtocol } from "../protocols.ts";
import { notSupported, setWriteBuffer, Transport } from "../transports.ts";
import { hostAndPort } from "../dns/host.ts";
import { assertBuffer, assertBytes, assertProtocol } from "./assertions.ts";
import type { CallbackContext } from "./callbacks.ts";
import {
  ChunkSource,
  PassingSource,
  ReadHalf,
  readsChunks,
} from "./read_half.ts";
import type { ServerConnection } from "../serve/server.ts";
import { connectionLost, reasonOf } from "./failures.ts";
import { UpgradedConn } from "./upgraded_conn.ts";
import type {
  Closable,
  StreamProtocol,
  TransportLink,
  TransportOwner,
} from "./types.ts";
import { validChunks, WriteHalf } from "./write_half.ts";
import { claim, closeUnlessClosed } from "./sockets.ts";

/** A transport over a connection. */
export class ConnTransport extends Transport implements Resource {
  readonly #link: TransportLink;
  readonly #context: CallbackContext;
  /** The server connection this transport belongs to, if any. */
  readonly connection: ServerConnection | null;
  readonly #owner: TransportOwner<StreamProtocol>;
  readonly #readHalf: ReadHalf<number> | ReadHalf<Uint8Array<ArrayBuffer>>;
  readonly #writeHalf: WriteHalf;

  /** Closing: reads have stopped and writes are discarded. */
  #isClosing = false;
  /** Whether `connectionLost()` has been called, or never will be. */
  #isEnded = false;
  #isEofWritten = false;
  /** Whether a file is being sent, which excludes other writes. */
  #isSendingFile = false;
  #tlsShutdownTimer: TimerHandle | null = null;
  /** The handshake or transport that has replaced this one after `detach()`. */
  successor: Closable | null = null;

  /** Requires the callback context. Call `start()` next. */
  constructor(
    link: TransportLink,
    protocol: StreamProtocol,
    context: CallbackContext,
    connection: ServerConnection | null = null,
  ) {
    const { conn, info } = link;
    // Deno drops the addresses when the connection closes.
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
    const onEof = () => this.#onEof();
    this.#readHalf = readsChunks(conn)
      ? new ReadHalf(new PassingSource(conn), context, owner, onEof)
      : new ReadHalf(new ChunkSource(conn), context, owner, onEof);
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

  /** The callback context. */
  get context(): CallbackContext {
    return this.#context;
  }

  /** Calls `connectionMade()`. Called once, in a step and in the callback context. */
  start(): this {
    try {
      this.#owner.protocol.connectionMade(this);
    } catch (error) {
      this.#report("protocol.connectionMade() failed", error);
    }
    return this.startReading();
  }

  /**
   * Starts reading for a protocol that is connected already. Called instead of `start()`, under the same
   * conditions.
   */
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
    // The client of a Unix socket has no address.
    const where = placeOf(this.getExtraInfo("peername")) ??
      placeOf(this.getExtraInfo("sockname"));
    return `<${this.constructor.name}${
      where === null ? "" : ` ${where}`
    } ${state}>`;
  }

  /** @ignore */
  [facts](): { kind: string } & Facts {
    return {
      kind: "Connection",
      peer: placeOf(this.getExtraInfo("peername")),
      unsent: this.#writeHalf.buffer.size,
      reading: this.isReading(),
      closing: this.#isClosing,
    };
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
        "Returning true from eofReceived() has no effect on a TLS connection",
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

  override send(data: Uint8Array): Future<void> {
    assertBuffer("data of send()", data);
    const { scheduler } = this.#context;
    try {
      this.#assertCanWrite();
    } catch (error) {
      return failed(scheduler, error);
    }
    return this.#isClosing
      ? failed(scheduler, connectionLost())
      : this.#writeHalf.send(data);
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

  /** Starts sending a file; resolves once earlier writes have been sent. Call `endFile()` at the end. */
  beginFile(): Promise<void> {
    this.#assertCanWrite();
    this.#isSendingFile = true;
    return this.#writeHalf.idle();
  }

  /** Sends a part of the file without copying it: the bytes must not change. One part at a time. */
  async sendPart(part: Uint8Array): Promise<void> {
    this.#assertNoEof();
    if (this.#isClosing) throw connectionLost();
    await this.#writeHalf.sendPart(part);
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

  /** Called when everything has been sent after the last write. */
  #onDrained(): void {
    if (this.#isEnded) return;
    if (this.#isClosing) this.#shutDownTls();
    else this.#shutDown();
  }

  #shutDown(): void {
    // A failure means that the connection is lost, which the read half reports.
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
            `The peer did not send close_notify within ${tlsShutdown.timeout} s`,
          ),
        );
      })
    );
  }

  // The end.

  /**
   * Releases the connection to another transport, after sending what has been written. `unread` is data that the
   * protocol received but gives back.
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

  /** Calls `connectionLost()` of a protocol whose upgraded connection is closed. */
  lose(protocol: StreamProtocol, error: unknown): void {
    this.#owner.protocol = protocol;
    this.#context.enqueue(() => {
      this.#callConnectionLost(error);
      this.connection?.end();
    });
  }

  /** Throws unless the connection can be detached. */
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
    this.#context.scheduler.report({
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

  /** Ends without sending the buffered data. */
  #forceEnd(error: unknown): void {
    this.#writeHalf.abandon();
    if (this.#isEnded) {
      this.#writeHalf.release(error);
      return;
    }
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
    // This ends the pending read and write.
    closeUnlessClosed(this.#link.conn);
    this.#writeHalf.release(error);
    this.connection?.end();
  }

  #callConnectionLost(error: unknown): void {
    try {
      this.#owner.protocol.connectionLost(reasonOf(error));
    } catch (exception) {
      this.#report("protocol.connectionLost() failed", exception);
    }
  }

  /** Releases the resources as the loop is closed. The protocol is no longer called. */
  abandon(): void {
    this.#isEnded = true;
    this.#stop();
    this.#writeHalf.abandon();
    closeUnlessClosed(this.#link.conn);
  }
}

/** Describes an address; `null` if there is none. */
export function placeOf(addr: Deno.Addr | null): string | null {
  if (addr === null) return null;
  if ("hostname" in addr) return hostAndPort(addr.hostname, addr.port);
  return "path" in addr ? addr.path : null;
}
