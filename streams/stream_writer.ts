// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../loop/event_loop.ts";
import type { Future } from "../loop/core/future.ts";
import { callInline } from "../loop/core/inline_call.ts";
import type { ExtraInfo } from "../loop/net/extra_info.ts";
import type { StartTlsOptions } from "../loop/net/tls/start_tls.ts";
import type { TlsOptions } from "../loop/net/tls_options.ts";
import type { Transport } from "../loop/net/transport.ts";
import { failed } from "../loop/core/primitive_future.ts";
import { errors } from "../loop/core/runtime.ts";
import { schedulerOf } from "../loop/core/scheduler.ts";
import { assertInstance } from "../loop/core/validate.ts";
import { assertTransport } from "./_assert_transport.ts";
import { type FlowControl, flowOf } from "./_flow_control.ts";
import { StreamReader } from "./stream_reader.ts";
// A circle of the two, as in asyncio: the protocol makes the writer of a server's connection.
import type { StreamReaderProtocol } from "./stream_reader_protocol.ts";

/**
 * Writes to a stream of bytes. `openConnection()` and `startServer()` give writers.
 *
 * {@linkcode StreamWriter.write} never waits; {@linkcode StreamWriter.drain} after it does, while the
 * peer is slow, so that memory stays bounded. `await using` closes the writer and waits for the end: if
 * the peer never reads what was written, for ever, unless `transport.abort()` cuts the connection off, as
 * in the second example.
 *
 * @example Usage
 * ```ts
 * import { openConnection, run, startServer } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   await using server = await startServer(async (reader, writer) => {
 *     writer.write(await reader.readLine());
 *     await writer.drain();
 *     writer.close();
 *   }, "127.0.0.1", 0);
 *   const { hostname, port } = server.sockets[0]!.addr;
 *
 *   const [reader, writer] = await openConnection(hostname, port);
 *   writer.write("hello\n");
 *   await writer.drain();
 *   assertEquals(new TextDecoder().decode(await reader.read()), "hello\n");
 *   writer.close();
 *   await writer.waitClosed();
 * });
 * ```
 *
 * @example A peer that may never read
 * ```ts
 * import { getRunningLoop, openConnection, run, startServer } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   await using server = await startServer(() => {}, "127.0.0.1", 0);
 *   const { hostname, port } = server.sockets[0]!.addr;
 *
 *   const [, writer] = await openConnection(hostname, port);
 *   writer.write(new Uint8Array(20_000_000));
 *   writer.close();
 *   const limit = getRunningLoop().callLater(0.05, () => writer.transport.abort());
 *   try {
 *     await writer.waitClosed();
 *   } finally {
 *     limit.cancel();
 *   }
 *   assertEquals(writer.transport.getWriteBufferSize(), 0);
 *   server.abortClients();
 * });
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter}
 */
export class StreamWriter implements AsyncDisposable {
  #transport: Transport;
  readonly #protocol: StreamReaderProtocol;
  readonly #flow: FlowControl;
  readonly #reader: StreamReader | null;
  readonly #loop: EventLoop;
  #writable: WritableStream<Uint8Array> | null = null;

  /**
   * Constructs a new instance.
   *
   * @param transport The transport to write to.
   * @param protocol The protocol of the transport.
   * @param reader The reader of the stream: what broke it breaks `drain()` too.
   * @param loop The loop of the transport.
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
   * The transport below.
   *
   * @example Usage
   * ```ts
   * import { openConnection, run, startServer } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   await using server = await startServer(async (reader, writer) => {
   *     await reader.read();
   *     writer.close();
   *   }, "127.0.0.1", 0);
   *   const { hostname, port } = server.sockets[0]!.addr;
   *
   *   const [, writer] = await openConnection(hostname, port);
   *   writer.transport.setWriteBufferLimits(16 * 1024);
   *   assertEquals(writer.transport.getWriteBufferLimits(), [4 * 1024, 16 * 1024]);
   *   writer.close();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.transport}
   */
  get transport(): Transport {
    return this.#transport;
  }

  /**
   * Writes some data, without waiting. It is copied: the array belongs to the caller again when the method
   * returns.
   *
   * What a task writes until it waits is joined, and sent then.
   *
   * @param data The bytes, or a string that is sent as UTF-8.
   * @throws {TypeError} If `data` is neither.
   * @throws {RuntimeError} After {@linkcode StreamWriter.writeEof}.
   *
   * @example Usage
   * ```ts
   * import { openConnection, run, startServer } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   await using server = await startServer(async (reader, writer) => {
   *     writer.write(await reader.read());
   *     writer.close();
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
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.write}
   */
  write(data: Uint8Array | string): void {
    this.#transport.write(data);
  }

  /**
   * Writes several pieces of data as if they were one, without waiting.
   *
   * @param chunks The pieces; none is written if one of them is neither bytes nor a string.
   * @throws {TypeError} If one is neither bytes nor a string.
   * @throws {RuntimeError} After {@linkcode StreamWriter.writeEof}.
   *
   * @example Usage
   * ```ts
   * import { openConnection, run, startServer } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   await using server = await startServer(async (reader, writer) => {
   *     writer.write(await reader.read());
   *     writer.close();
   *   }, "127.0.0.1", 0);
   *   const { hostname, port } = server.sockets[0]!.addr;
   *
   *   const [reader, writer] = await openConnection(hostname, port);
   *   writer.writeLines(["one\n", "two\n"]);
   *   await writer.drain();
   *   writer.writeEof();
   *   assertEquals(new TextDecoder().decode(await reader.read()), "one\ntwo\n");
   *   writer.close();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.writelines}
   */
  writeLines(chunks: Iterable<Uint8Array | string>): void {
    this.#transport.writeLines(chunks);
  }

  /**
   * Waits until it is time to write more: at once unless the peer is slow.
   *
   * Cancelled, only the waiting ends: what was written is still sent.
   *
   * @returns A future that is done then.
   * @throws {Deno.errors.ConnectionReset} If the connection is lost.
   *
   * @example Much data, little memory
   * ```ts
   * import { openConnection, run, startServer } from "@asyncio/asyncio";
   *
   * await run(async () => {
   *   await using server = await startServer(async (reader, writer) => {
   *     await reader.read();
   *     writer.close();
   *   }, "127.0.0.1", 0);
   *   const { hostname, port } = server.sockets[0]!.addr;
   *
   *   const [, writer] = await openConnection(hostname, port);
   *   for (let i = 0; i < 100; i++) {
   *     writer.write(new Uint8Array(10_000));
   *     await writer.drain();
   *   }
   *   writer.close();
   * });
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
   * Closes the stream: what was written is sent first, nothing more is received.
   *
   * @example Usage
   * ```ts
   * import { openConnection, run, startServer } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   await using server = await startServer(async (reader, writer) => {
   *     await reader.read();
   *     writer.close();
   *   }, "127.0.0.1", 0);
   *   const { hostname, port } = server.sockets[0]!.addr;
   *
   *   const [, writer] = await openConnection(hostname, port);
   *   writer.write("goodbye");
   *   writer.close();
   *   await writer.waitClosed();
   *   assertEquals(writer.transport.getWriteBufferSize(), 0);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.close}
   */
  close(): void {
    this.#transport.close();
  }

  /**
   * Whether the stream is closed or about to be.
   *
   * @returns `true` if it is.
   *
   * @example Usage
   * ```ts
   * import { openConnection, run, startServer } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   await using server = await startServer(async (reader, writer) => {
   *     await reader.read();
   *     writer.close();
   *   }, "127.0.0.1", 0);
   *   const { hostname, port } = server.sockets[0]!.addr;
   *
   *   const [, writer] = await openConnection(hostname, port);
   *   assertEquals(writer.isClosing(), false);
   *   writer.close();
   *   assertEquals(writer.isClosing(), true);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.is_closing}
   */
  isClosing(): boolean {
    return this.#transport.isClosing();
  }

  /**
   * Waits until the connection is lost, after {@linkcode StreamWriter.close}.
   *
   * Cancelled, only the waiting ends.
   *
   * @returns A future that is done then.
   * @throws What broke the connection, if something did.
   *
   * @example Usage
   * ```ts
   * import { openConnection, run, startServer } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   await using server = await startServer(async (reader, writer) => {
   *     await reader.read();
   *     writer.close();
   *   }, "127.0.0.1", 0);
   *   const { hostname, port } = server.sockets[0]!.addr;
   *
   *   const [reader, writer] = await openConnection(hostname, port);
   *   writer.close();
   *   await writer.waitClosed();
   *   assertEquals(reader.atEof(), true);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.wait_closed}
   */
  waitClosed(): Future<void> {
    return this.#flow.waitClosed();
  }

  /**
   * Whether {@linkcode StreamWriter.writeEof} is possible.
   *
   * @returns `true` if it is.
   *
   * @example Usage
   * ```ts
   * import { openConnection, run, startServer } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   await using server = await startServer(async (reader, writer) => {
   *     await reader.read();
   *     writer.close();
   *   }, "127.0.0.1", 0);
   *   const { hostname, port } = server.sockets[0]!.addr;
   *
   *   const [, writer] = await openConnection(hostname, port);
   *   assertEquals(writer.canWriteEof(), true);
   *   writer.close();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.can_write_eof}
   */
  canWriteEof(): boolean {
    return this.#transport.canWriteEof();
  }

  /**
   * Ends the sending direction once everything is sent; receiving goes on.
   *
   * @example Usage
   * ```ts
   * import { openConnection, run, startServer } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   await using server = await startServer(async (reader, writer) => {
   *     writer.write(await reader.read());
   *     writer.close();
   *   }, "127.0.0.1", 0);
   *   const { hostname, port } = server.sockets[0]!.addr;
   *
   *   const [reader, writer] = await openConnection(hostname, port);
   *   writer.write("all there is");
   *   writer.writeEof();
   *   assertEquals(new TextDecoder().decode(await reader.read()), "all there is");
   *   writer.close();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.write_eof}
   */
  writeEof(): void {
    this.#transport.writeEof();
  }

  /**
   * What is known about the resource below, also after the end: see `ExtraInfo`.
   *
   * @typeParam K What is asked for.
   * @param name What is asked for.
   * @returns The information; `null` if nothing is known.
   *
   * @example Usage
   * ```ts
   * import { openConnection, run, startServer } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   await using server = await startServer(async (reader, writer) => {
   *     await reader.read();
   *     writer.close();
   *   }, "127.0.0.1", 0);
   *   const { hostname, port } = server.sockets[0]!.addr;
   *
   *   const [, writer] = await openConnection(hostname, port);
   *   assertEquals(writer.getExtraInfo("peername"), { transport: "tcp", hostname, port });
   *   assertEquals(writer.getExtraInfo("compression", "none"), "none");
   *   writer.close();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.get_extra_info}
   */
  getExtraInfo<K extends keyof ExtraInfo>(
    name: K,
  ): NonNullable<ExtraInfo<Deno.Conn>[K]> | null;
  /**
   * What is known about the resource below.
   *
   * @typeParam K What is asked for.
   * @typeParam D The type of the default.
   * @param name What is asked for.
   * @param defaultValue What is returned if nothing is known.
   * @returns The information.
   */
  getExtraInfo<
    K extends keyof ExtraInfo,
    D extends NonNullable<unknown> | null,
  >(name: K, defaultValue: D): NonNullable<ExtraInfo<Deno.Conn>[K]> | D;
  /**
   * What is known about the resource below, under any name.
   *
   * @param name What is asked for.
   * @param defaultValue What is returned if nothing is known.
   * @returns The information.
   */
  getExtraInfo(name: string, defaultValue?: unknown): unknown;
  getExtraInfo(name: string, defaultValue: unknown = null): unknown {
    return this.#transport.getExtraInfo(name, defaultValue);
  }

  /**
   * Encrypts the connection from here on, as many protocols do after an agreement in plain text. What was
   * written goes out first; what the reader holds unread is taken for encrypted.
   *
   * The side that was connected to is the one that shows its certificate; a client must name the server
   * in `serverName`.
   *
   * Cancelled while it drains, nothing has happened; cancelled later, the connection is closed, and it is
   * too if the handshake fails.
   *
   * @param tls How to encrypt; `true` needs nothing else only where the host name is not verified.
   * @param options Which side this is, if not the one that it was made for.
   * @returns A future that is done after the handshake.
   * @throws {RangeError} If an option is wrong, or there is no `serverName`.
   * @throws {RuntimeError} If the writer is closed.
   * @throws {Deno.errors.InvalidData} If the certificate is not accepted, or the peer does not speak TLS.
   * @throws {Deno.errors.ConnectionAborted} If the handshake takes too long.
   * @throws {Deno.errors.ConnectionReset} If the peer closes the connection.
   * @throws {Deno.errors.NotSupported} If the Deno is older than 2.9.
   *
   * @example Usage
   * ```ts
   * import { openConnection } from "@asyncio/asyncio";
   *
   * async function greet(): Promise<void> {
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
   * The stream as the platform has it. Writing to it waits as {@linkcode StreamWriter.drain} does, closing
   * it is {@linkcode StreamWriter.close} and waits for the end, aborting it drops what is not sent yet.
   * When the connection is lost it breaks.
   *
   * Cancelling a task that waits for it breaks it, with a `CancelledError`, but not the writer: what was
   * written is still sent, and the next `writable` is a new stream.
   *
   * @example Usage
   * ```ts
   * import { openConnection, run, startServer } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   await using server = await startServer(async (_, writer) => {
   *     await new Blob(["hello"]).stream().pipeTo(writer.writable);
   *   }, "127.0.0.1", 0);
   *   const { hostname, port } = server.sockets[0]!.addr;
   *
   *   const [reader, writer] = await openConnection(hostname, port);
   *   assertEquals(new TextDecoder().decode(await reader.read()), "hello");
   *   writer.close();
   * });
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

  /** Otherwise who waits for something to write would not hear of it. */
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
   * Closes the stream and waits for its end, for ever if the peer never reads what was written. What broke
   * the connection is not thrown again here.
   *
   * Cancelled, only the waiting ends: what was written is still sent.
   *
   * @returns A future that is done then.
   *
   * @example Usage
   * ```ts
   * import { openConnection, run, startServer } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   await using server = await startServer(async (reader, writer) => {
   *     writer.write(await reader.read());
   *     writer.close();
   *   }, "127.0.0.1", 0);
   *   const { hostname, port } = server.sockets[0]!.addr;
   *
   *   await using writer = (await openConnection(hostname, port))[1];
   *   writer.write("closed at the end of the block");
   *   assertEquals(writer.isClosing(), false);
   * });
   * ```
   */
  [Symbol.asyncDispose](): Future<void> {
    this.close();
    return this.#call("waitClosed()", async () => {
      try {
        await this.waitClosed();
      } catch (error) {
        // Only its own: a cancellation goes on.
        if (error !== this.#flow.error) throw error;
      }
    });
  }

  #call(method: string, fn: () => Promise<void>): Future<void> {
    return callInline(schedulerOf(this.#loop), `StreamWriter.${method}`, fn);
  }
}
