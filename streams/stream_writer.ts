// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  fulfilled,
  Future,
  type Settlement,
  withError,
  withResult,
} from "../loop/core/future.ts";
import {
  failed,
  type PrimitiveBehavior,
  PrimitiveFuture,
  WaitQueue,
} from "../loop/core/primitive_future.ts";
import { errors } from "../loop/core/runtime.ts";
import { type Scheduler, schedulerOf } from "../loop/core/scheduler.ts";
import { assertInstance, wrongType } from "../loop/core/validate.ts";
import type { EventLoop } from "../loop/event_loop.ts";
import { callInline } from "../loop/core/inline_call.ts";
import type { TimerHandle } from "../loop/core/handle.ts";
import { inspectAsText } from "../loop/core/inspection.ts";
import type { ExtraInfo } from "../loop/net/extra_info.ts";
import type { StartTlsOptions } from "../loop/net/tls/start_tls.ts";
import type { TlsOptions } from "../loop/net/tls_options.ts";
import type { Transport } from "../loop/net/transports.ts";
import { textOf } from "../loop/core/unknown_value.ts";
import { requestsAround } from "../tasks/cancel_scope.ts";
import { assertTransport } from "./errors.ts";
import { StreamReader } from "./stream_reader.ts";
// Type-only import: the protocol creates the writer of a server connection.
import type { StreamReaderProtocol } from "./stream_reader_protocol.ts";

const DONE = withResult(undefined);

/** The state of a transport that writers wait for, as its protocol knows it. */
export class FlowControl {
  readonly scheduler: Scheduler;
  /** Whether the connection is one that a server accepted. */
  readonly isServerSide: boolean;
  readonly line = new WaitQueue();
  isPaused = false;
  isLost = false;
  /** The error that broke the connection; `null` if it was closed. */
  error: Error | null = null;
  /** Aborts the connection if it is still open then. */
  abortTimer: TimerHandle | null = null;
  #done: Future<void> | null = null;
  #closeWaiters: Set<Future<void>> | null = null;

  constructor(scheduler: Scheduler, isServerSide: boolean) {
    this.scheduler = scheduler;
    this.isServerSide = isServerSide;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.line.wakeAll();
  }

  lose(error: Error | null): void {
    if (this.isLost) return;
    this.isLost = true;
    this.error = error;
    this.abortTimer?.cancel();
    this.line.wakeAll();
    for (const waiter of this.#closeWaiters ?? []) {
      if (waiter.done()) continue;
      if (error === null) waiter.setResult();
      else waiter.setException(error);
    }
    this.#closeWaiters = null;
  }

  drain(isClosing: boolean): Future<void> {
    if (!isClosing && !this.isLost && !this.isPaused) return this.#now();
    const subject = { flow: this, hasWaited: false };
    const drain = new PrimitiveFuture(this.scheduler, DRAIN, subject);
    // A closing transport is about to report that the connection is lost. Give it a turn: otherwise a loop
    // that writes would never learn of it.
    if (isClosing || this.isLost) drain.wake();
    else waitInLine(subject, drain);
    return drain;
  }

  waitClosed(): Future<void> {
    if (this.isLost) {
      return this.error === null
        ? this.#now()
        : failed(this.scheduler, this.error);
    }
    const waiter = new Future<void>({ loop: this.scheduler.loop });
    this.#closeWaiters ??= new Set();
    this.#closeWaiters.add(waiter);
    waiter.addDoneCallback(() => this.#closeWaiters?.delete(waiter));
    return waiter;
  }

  /** Returns a completed future, always the same one. */
  #now(): Future<void> {
    return this.#done ??= fulfilled(this.scheduler, undefined);
  }
}

/** A pending `drain()`. */
interface Drain {
  readonly flow: FlowControl;
  hasWaited: boolean;
}

const DRAIN: PrimitiveBehavior<void, Drain> = {
  name: "StreamWriter.drain()",
  poll(drain, operation): Settlement | null {
    const { isLost, isPaused, error } = drain.flow;
    if (drain.hasWaited) return error === null ? DONE : withError(error);
    if (isLost) {
      return withError(new errors.ConnectionReset("Connection lost"));
    }
    if (!isPaused) return DONE;
    waitInLine(drain, operation);
    return null;
  },
  onCancelled: (_, operation) => operation.leaveQueue(),
  handBack() {},
};

function waitInLine(
  drain: Drain,
  operation: PrimitiveFuture<void, Drain>,
): void {
  drain.hasWaited = true;
  operation.joinQueue(drain.flow.line);
}

const flows = new WeakMap<object, FlowControl>();

/** Creates the flow control of a protocol. */
export function createFlow(
  protocol: object,
  scheduler: Scheduler,
  isServerSide: boolean,
): FlowControl {
  const flow = new FlowControl(scheduler, isServerSide);
  flows.set(protocol, flow);
  return flow;
}

/** Returns the flow control of a protocol. */
function flowOf(protocol: object): FlowControl {
  const flow = flows.get(protocol);
  if (flow !== undefined) return flow;
  throw wrongType(
    "The protocol of a StreamWriter",
    "a StreamReaderProtocol",
    protocol,
  );
}

/** How long, in seconds, code that is being cancelled waits for a peer to take what was written. */
const FLUSH_GRACE = 2;

/**
 * Writes to a stream of bytes. `openConnection()` and `startServer()` create writers.
 *
 * {@linkcode StreamWriter.write} does not wait. {@linkcode StreamWriter.drain} after it waits while the peer is
 * slow, so that memory stays bounded.
 *
 * `await using` closes the writer and waits until everything is sent, which takes forever if the peer never
 * reads, or two seconds in code that is being cancelled; `transport.abort()` drops the connection at once.
 *
 * @example Usage
 * ```ts
 * import { openConnection, run, startServer } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   await using server = await startServer(async (reader, writer) => {
 *     await using _ = writer;
 *     writer.write(await reader.read());
 *   }, "127.0.0.1", 0);
 *   const { hostname, port } = server.sockets[0]!.addr;
 *
 *   const [reader, writer] = await openConnection(hostname, port);
 *   writer.write("hello, ");
 *   writer.write(new Uint8Array([119, 111, 114, 108, 100]));
 *   await writer.drain();
 *   writer.writeEof();
 *   assertEquals(new TextDecoder().decode(await reader.read()), "hello, world");
 *   writer.close();
 *   await writer.waitClosed();
 *   assertEquals(writer.isClosing(), true);
 * });
 * ```
 *
 * @category Streams
 * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter}
 */
export class StreamWriter implements AsyncDisposable {
  #transport: Transport;
  readonly #protocol: StreamReaderProtocol;
  readonly #flow: FlowControl;
  readonly #reader: StreamReader | null;
  readonly #loop: EventLoop;
  #writable: WritableStream<Uint8Array> | null = null;

  static {
    inspectAsText(this);
  }

  /**
   * Constructs a new instance.
   *
   * @param transport The transport to write to.
   * @param protocol The protocol of the transport.
   * @param reader The reader of the stream: an error that breaks it breaks `drain()` too.
   * @param loop The loop of the transport.
   * @throws {TypeError} If an argument is of the wrong type.
   */
  constructor(
    transport: Transport,
    protocol: StreamReaderProtocol,
    reader: StreamReader | null,
    loop: EventLoop,
  ) {
    assertTransport("The transport of a StreamWriter", transport);
    this.#transport = transport;
    this.#protocol = protocol;
    this.#flow = flowOf(protocol);
    if (reader !== null) {
      assertInstance(
        "The reader of a StreamWriter",
        "a StreamReader",
        StreamReader,
        reader,
      );
    }
    schedulerOf(loop);
    this.#reader = reader;
    this.#loop = loop;
  }

  /**
   * The transport the writer writes to; another one after {@linkcode StreamWriter.startTls}.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.transport}
   */
  get transport(): Transport {
    return this.#transport;
  }

  /**
   * Writes data without waiting. The data is copied, so the array can be reused at once.
   *
   * Data that is written before the task's next suspension is sent together.
   *
   * @param data The bytes, or a string, which is sent as UTF-8.
   * @throws {TypeError} If `data` is neither.
   * @throws {RuntimeError} After {@linkcode StreamWriter.writeEof}.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.write}
   */
  write(data: Uint8Array | string): void {
    this.#transport.write(data);
  }

  /**
   * Writes several chunks as if they were one, without waiting.
   *
   * @param chunks The chunks. None is written if one of them is neither bytes nor a string.
   * @throws {TypeError} If a chunk is neither bytes nor a string.
   * @throws {RuntimeError} After {@linkcode StreamWriter.writeEof}.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.writelines}
   */
  writeLines(chunks: Iterable<Uint8Array | string>): void {
    this.#transport.writeLines(chunks);
  }

  /**
   * Sends data without copying it, behind what was written before. The future is done when the operating system has
   * all of the bytes, so there is no need for {@linkcode StreamWriter.drain}.
   *
   * The memory is lent: it must not change until then. In debug mode, a change is reported to the exception handler.
   * From about 16 KiB on it is faster than {@linkcode StreamWriter.write}, and it takes no memory of its own.
   *
   * If the call is cancelled before its turn, nothing is sent. Otherwise the part that has been handed to the operating
   * system is sent, which may end anywhere, and the rest is not: in most protocols, all that remains is to abort the
   * connection. The memory stays lent until that part is sent: until a later `send()` is done, of an empty array for
   * instance, or `waitClosed()`.
   *
   * @param data The bytes.
   * @returns A future that is done when the bytes are sent. It fails with the error that broke the connection, or with
   * `Deno.errors.ConnectionReset` if the connection is closed.
   * @throws {TypeError} If `data` is not a `Uint8Array`.
   *
   * @example Usage
   * ```ts
   * import type { StreamReader, StreamWriter } from "@asyncio/asyncio";
   *
   * async function echo(reader: StreamReader, writer: StreamWriter): Promise<void> {
   *   for await (const chunk of reader.chunks()) await writer.send(chunk);
   *   writer.close();
   * }
   * ```
   */
  send(data: Uint8Array): Future<void> {
    const error = this.#reader?.exception() ?? null;
    if (error !== null) return failed(schedulerOf(this.#loop), error);
    return this.#transport.send(data);
  }

  /**
   * Waits until the buffer has room for more data. Returns at once unless the peer is slow.
   *
   * Cancel safe: the data written before is still sent.
   *
   * @returns A future that completes then.
   * @throws The error that broke the connection, if one did; `Deno.errors.ConnectionReset` if it is closed.
   *
   * @example A lot of data in little memory
   * ```ts
   * import type { StreamWriter } from "@asyncio/asyncio";
   *
   * async function send(writer: StreamWriter, chunks: Iterable<Uint8Array>) {
   *   for (const chunk of chunks) {
   *     writer.write(chunk);
   *     await writer.drain();
   *   }
   * }
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.drain}
   */
  drain(): Future<void> {
    const error = this.#reader?.exception() ?? null;
    if (error !== null) return failed(schedulerOf(this.#loop), error);
    return this.#flow.drain(this.#transport.isClosing());
  }

  /**
   * Closes the stream after sending what was written. Nothing more is received.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.close}
   */
  close(): void {
    this.#transport.close();
  }

  /**
   * Returns whether the stream is closed or closing.
   *
   * @returns `true` if it is.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.is_closing}
   */
  isClosing(): boolean {
    return this.#transport.isClosing();
  }

  /**
   * Waits until the connection is closed, after {@linkcode StreamWriter.close}.
   *
   * Cancel safe: only the waiting ends.
   *
   * @returns A future that completes then.
   * @throws The error that broke the connection, if one did.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.wait_closed}
   */
  waitClosed(): Future<void> {
    return this.#flow.waitClosed();
  }

  /**
   * Describes the writer: its transport, and the reader of the stream.
   *
   * @returns The description.
   */
  toString(): string {
    const reader = this.#reader === null ? "" : ` reader=${this.#reader}`;
    return `<StreamWriter transport=${textOf(this.#transport)}${reader}>`;
  }

  /**
   * Returns whether {@linkcode StreamWriter.writeEof} is supported.
   *
   * @returns `true` if it is.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.can_write_eof}
   */
  canWriteEof(): boolean {
    return this.#transport.canWriteEof();
  }

  /**
   * Ends the sending direction after everything is sent (half-close). Receiving goes on.
   *
   * @throws {Deno.errors.NotSupported} If {@linkcode StreamWriter.canWriteEof} is `false`, as for TLS.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.write_eof}
   */
  writeEof(): void {
    this.#transport.writeEof();
  }

  /**
   * Returns information about the underlying resource, also after it is closed: see `ExtraInfo`.
   *
   * @typeParam K The name of the information.
   * @param name The name of the information.
   * @returns The information; `null` if there is none.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.get_extra_info}
   */
  getExtraInfo<K extends keyof ExtraInfo>(
    name: K,
  ): NonNullable<ExtraInfo<Deno.Conn>[K]> | null;
  /**
   * Returns information about the underlying resource.
   *
   * @typeParam K The name of the information.
   * @typeParam D The type of the default.
   * @param name The name of the information.
   * @param defaultValue The value to return if there is none.
   * @returns The information.
   */
  getExtraInfo<
    K extends keyof ExtraInfo,
    D extends NonNullable<unknown> | null,
  >(name: K, defaultValue: D): NonNullable<ExtraInfo<Deno.Conn>[K]> | D;
  /**
   * Returns information about the underlying resource, under any name.
   *
   * @param name The name of the information.
   * @param defaultValue The value to return if there is none.
   * @returns The information.
   */
  getExtraInfo(name: string, defaultValue?: unknown): unknown;
  getExtraInfo(name: string, defaultValue: unknown = null): unknown {
    return this.#transport.getExtraInfo(name, defaultValue);
  }

  /**
   * Upgrades the connection to TLS, as many protocols do after an agreement in plain text (STARTTLS). Data that
   * was written is sent first; unread data in the reader is taken for encrypted.
   *
   * A server shows its certificate; a client must name the server in `serverName`.
   *
   * If it is cancelled while it drains, nothing has happened. If it is cancelled later, or the handshake fails, the
   * connection is closed.
   *
   * @param tls The TLS options; `true` for none, which suffices only where the host name is not verified.
   * @param options Which side of the connection this is, if not the side it was created for.
   * @returns A future that completes after the handshake.
   * @throws {RangeError} If an option is out of range, or `serverName` is missing.
   * @throws {RuntimeError} If the writer is closing.
   * @throws {Deno.errors.InvalidData} If the certificate is not accepted, or the peer does not support TLS.
   * @throws {Deno.errors.ConnectionAborted} If the handshake takes too long.
   * @throws {Deno.errors.ConnectionReset} If the connection is closed.
   * @throws {Deno.errors.NotSupported} On Deno before 2.9.
   *
   * @example Usage
   * ```ts
   * import { openConnection } from "@asyncio/asyncio";
   *
   * async function greet() {
   *   const [reader, writer] = await openConnection("mail.example.org", 587);
   *   await reader.readLine();
   *   writer.write("STARTTLS\r\n");
   *   await reader.readLine();
   *   await writer.startTls({ serverName: "mail.example.org" });
   *   writer.write("EHLO here\r\n");
   *   writer.close();
   * }
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.start_tls}
   */
  startTls(
    tls: TlsOptions | true,
    options: StartTlsOptions = {},
  ): Future<void> {
    return this.#call("startTls()", async () => {
      await this.drain();
      this.#transport = await this.#loop.startTls(
        this.#transport,
        this.#protocol,
        tls,
        { serverSide: this.#flow.isServerSide, ...options },
      );
    });
  }

  /**
   * The writer as a `WritableStream`. Writing to the stream waits as {@linkcode StreamWriter.drain} does; closing it
   * closes the writer and waits until everything is sent; aborting it drops unsent data. A lost connection errors
   * the stream.
   *
   * Cancelling a task that waits for the stream errors the stream with a `CancelledError` but leaves the writer
   * usable: data written before is still sent, and the next `writable` is a new stream.
   *
   * @example Usage
   * ```ts
   * import type { StreamWriter } from "@asyncio/asyncio";
   *
   * async function respond(writer: StreamWriter, response: Response) {
   *   await response.body?.pipeTo(writer.writable);
   * }
   * ```
   */
  get writable(): WritableStream<Uint8Array> {
    return this.#writable ??= new WritableStream<Uint8Array>({
      start: (controller) => this.#breakWhenLost(controller),
      write: async (chunk) => {
        try {
          this.write(chunk);
          await this.drain();
        } catch (error) {
          this.#writable = null;
          throw error;
        }
      },
      close: async () => {
        this.close();
        await this.waitClosed();
      },
      abort: () => this.#transport.abort(),
    });
  }

  /**
   * Errors the stream when the connection is lost: otherwise a pipe that has nothing to write would never notice.
   */
  #breakWhenLost(controller: WritableStreamDefaultController): void {
    const closed = this.waitClosed();
    closed.addDoneCallback(() =>
      controller.error(
        closed.exception() ??
          new errors.ConnectionReset("Connection lost"),
      )
    );
  }

  /**
   * Closes the stream and waits until it is closed, which takes forever if the peer never reads what was written. But
   * code that is being cancelled comes to its end: there the connection is aborted after two seconds. An error
   * that broke the connection is not thrown here.
   *
   * Cancel safe: only the waiting ends. The connection is aborted two seconds later, unless it is closed by then.
   *
   * @returns A future that completes then.
   */
  [Symbol.asyncDispose](): Future<void> {
    this.close();
    if (requestsAround() > 0) this.#abortLater();
    return this.#call("waitClosed()", async () => {
      try {
        await this.waitClosed();
      } catch (error) {
        // Only the error of the connection: a cancellation is thrown.
        if (error === this.#flow.error) return;
        this.#abortLater();
        throw error;
      }
    });
  }

  /** Aborts the connection after the grace time, unless it is closed by then. */
  #abortLater(): void {
    const flow = this.#flow;
    if (flow.isLost) return;
    flow.abortTimer ??= this.#loop.callLater(
      FLUSH_GRACE,
      () => this.transport.abort(),
    );
  }

  #call(method: string, fn: () => Promise<void>): Future<void> {
    return callInline(schedulerOf(this.#loop), `StreamWriter.${method}`, fn);
  }
}
