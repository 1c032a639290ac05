// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../loop/event_loop.ts";
import {
  lendMemory,
  memoryFilled,
  pausesDirectly,
  Protocol,
  replaceTransport,
  takeUnread,
} from "../loop/net/protocols.ts";
import { setHandler } from "../loop/net/serve/server.ts";
import type { Transport } from "../loop/net/transports.ts";
import { currentScheduler, schedulerOf } from "../loop/core/scheduler.ts";
import type { Task } from "../loop/core/task.ts";
import {
  assertFunctionOrNull,
  assertInstance,
  assertOptions,
} from "../loop/core/validate.ts";
import { assertTransport } from "./errors.ts";
import { createFlow, type FlowControl, StreamWriter } from "./stream_writer.ts";
import {
  changeTransport,
  fillMemoryOf,
  lendMemoryOf,
  StreamReader,
  takeAll,
} from "./stream_reader.ts";

/**
 * The function a server calls for each connection.
 *
 * @category Streams
 */
export type ClientConnected = (
  reader: StreamReader,
  writer: StreamWriter,
) => unknown;

/**
 * Feeds a {@linkcode StreamReader} from a transport. `openConnection()` and `startServer()` create these
 * protocols; you need one only to make a stream of your own transport.
 *
 * @example Usage
 * ```ts
 * import { StreamReader, StreamReaderProtocol } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const reader = new StreamReader();
 * const protocol = new StreamReaderProtocol(reader);
 * protocol.dataReceived(new Uint8Array([1, 2]));
 * assertEquals(await reader.read(5), new Uint8Array([1, 2]));
 * ```
 *
 * @category Streams
 * @see {@link https://docs.python.org/3/library/asyncio-stream.html}
 */
export class StreamReaderProtocol extends Protocol {
  readonly #reader: StreamReader | null;
  readonly #clientConnected: ClientConnected | null;
  readonly #flow: FlowControl;
  readonly #loop: EventLoop;
  /** Whether no subclass has to see the data before the reader gets it. */
  readonly #isDirect: boolean;
  /** Whether no subclass changes the flow control. */
  readonly #isOwnFlow: boolean;
  #isEncrypted = false;

  /**
   * Constructs a new instance.
   *
   * @param reader The reader; `null` if the transport only sends, such as the write end of a pipe.
   * @param clientConnected For servers: called in a task of its own when the connection is made.
   * @param options The loop, if not the current one.
   * @throws {TypeError} If there is a `clientConnected` but no reader.
   */
  constructor(
    reader: StreamReader | null,
    clientConnected: ClientConnected | null = null,
    options: { loop?: EventLoop | undefined } = {},
  ) {
    super();
    assertOptions("StreamReaderProtocol", options);
    assertFunctionOrNull(
      "The clientConnected of a StreamReaderProtocol",
      clientConnected,
    );
    if (clientConnected !== null || reader !== null) {
      assertInstance(
        "The reader of a StreamReaderProtocol",
        "a StreamReader",
        StreamReader,
        reader,
      );
    }
    const { loop } = options;
    const scheduler = loop === undefined
      ? currentScheduler()
      : schedulerOf(loop);
    this.#reader = reader;
    this.#clientConnected = clientConnected;
    this.#isDirect =
      this.dataReceived === StreamReaderProtocol.prototype.dataReceived &&
      reader?.feedData === StreamReader.prototype.feedData;
    this.#isOwnFlow =
      this.pauseWriting === StreamReaderProtocol.prototype.pauseWriting &&
      this.resumeWriting === StreamReaderProtocol.prototype.resumeWriting;
    this.#flow = createFlow(this, scheduler, clientConnected !== null);
    this.#loop = scheduler.loop;
  }

  /**
   * Attaches the reader to the transport and, on a server, starts the task of the connection.
   *
   * @param transport The transport.
   */
  override connectionMade(transport: Transport): void {
    assertTransport("The transport of connectionMade()", transport);
    this.#isEncrypted = isEncrypted(transport);
    const reader = this.#reader;
    const clientConnected = this.#clientConnected;
    reader?.setTransport(transport);
    if (reader === null || clientConnected === null) return;
    const writer = new StreamWriter(transport, this, reader, this.#loop);
    const task = this.#loop.createTask(() => clientConnected(reader, writer));
    setHandler(transport, task);
    task.addDoneCallback((task) => this.#taskEnded(task, transport));
  }

  /**
   * Feeds the reader.
   *
   * @param data The bytes.
   */
  override dataReceived(data: Uint8Array<ArrayBuffer>): void {
    this.#reader?.feedData(data);
  }

  /**
   * Ends the reader's stream.
   *
   * @returns `true`, which keeps the sending direction open, unless the connection is encrypted.
   */
  override eofReceived(): boolean {
    this.#reader?.feedEof();
    return !this.#isEncrypted;
  }

  /**
   * Ends or fails the reader, and wakes pending `drain()` and `waitClosed()` calls.
   *
   * @param error The error that broke the connection; `null` if it was closed.
   */
  override connectionLost(error: Error | null): void {
    if (error === null) this.#reader?.feedEof();
    else this.#reader?.setException(error);
    this.#flow.lose(error);
  }

  /** Makes `drain()` wait. */
  override pauseWriting(): void {
    this.#flow.pause();
  }

  /** Wakes pending `drain()` calls. */
  override resumeWriting(): void {
    this.#flow.resume();
  }

  /** @ignore */
  [lendMemory](): Uint8Array | null {
    return this.#isDirect ? lendMemoryOf(this.#reader!) : null;
  }

  /** @ignore */
  [memoryFilled](count: number): void {
    fillMemoryOf(this.#reader!, count);
  }

  /** @ignore */
  get [pausesDirectly](): boolean {
    return this.#isOwnFlow;
  }

  /** @ignore */
  [takeUnread](): Uint8Array<ArrayBuffer> {
    return this.#reader === null ? NOTHING : takeAll(this.#reader);
  }

  /** @ignore */
  [replaceTransport](transport: Transport): void {
    this.#isEncrypted = isEncrypted(transport);
    if (this.#reader !== null) changeTransport(this.#reader, transport);
  }

  #taskEnded(task: Task<unknown>, transport: Transport): void {
    if (task.cancelled()) {
      transport.close();
      return;
    }
    const exception = task.exception();
    if (exception === null) return;
    schedulerOf(this.#loop).report({
      message: "Unhandled exception in the task of a connection",
      exception,
      task,
      transport,
    });
    transport.close();
  }
}

const NOTHING = new Uint8Array(0);

function isEncrypted(transport: Transport): boolean {
  return transport.getExtraInfo("sslobject") !== null;
}
