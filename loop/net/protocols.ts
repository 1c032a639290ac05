// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { BaseTransport, Transport } from "./transports.ts";
import { errors } from "../core/runtime.ts";

/**
 * The base class of all protocols. A transport calls the methods of its protocol as callbacks of the loop: outside
 * any task, in the context of the code that created the connection or the server. The methods of this class do
 * nothing.
 *
 * @example Usage
 * ```ts
 * import { BaseProtocol } from "@asyncio/asyncio/loop";
 *
 * class Greeter extends BaseProtocol {
 *   override connectionLost(error: Error | null): void {
 *     console.log(error ?? "closed");
 *   }
 * }
 * new Greeter();
 * ```
 *
 * @category Transports and protocols
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseProtocol}
 */
export class BaseProtocol {
  /**
   * Called once, when the connection is established.
   *
   * @param _transport The transport of the connection.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { BaseProtocol, type WriteTransport } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * class Greeter extends BaseProtocol {
   *   override connectionMade(transport: WriteTransport): void {
   *     transport.write("hello");
   *     transport.close();
   *   }
   * }
   *
   * await run(async () => {
   *   const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
   *   await getRunningLoop().connectWritePipe(() => new Greeter(), writable);
   *   assertEquals(await new Response(readable).text(), "hello");
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseProtocol.connection_made}
   */
  connectionMade(_transport: BaseTransport): void {}

  /**
   * Called once, as the last method, when the connection is lost or closed.
   *
   * @param _error The reason; `null` if the connection was closed, aborted, or ended by the peer.
   *
   * @example Usage
   * ```ts
   * import { Future, getRunningLoop, run } from "@asyncio/asyncio";
   * import { Protocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * class Watcher extends Protocol {
   *   readonly lost = new Future<Error | null>();
   *
   *   override connectionLost(error: Error | null): void {
   *     this.lost.setResult(error);
   *   }
   * }
   *
   * await run(async () => {
   *   const [transport, watcher] = await getRunningLoop()
   *     .connectReadPipe(() => new Watcher(), new ReadableStream());
   *   transport.close();
   *   assertEquals(await watcher.lost, null);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseProtocol.connection_lost}
   */
  connectionLost(_error: Error | null): void {}

  /**
   * Called when the transport's buffer exceeds its high-water mark, to stop writing.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { BaseProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * class Producer extends BaseProtocol {
   *   mayWrite = true;
   *
   *   override pauseWriting(): void {
   *     this.mayWrite = false;
   *   }
   *
   *   override resumeWriting(): void {
   *     this.mayWrite = true;
   *   }
   * }
   *
   * await run(async () => {
   *   const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
   *   const [transport, producer] = await getRunningLoop()
   *     .connectWritePipe(() => new Producer(), writable);
   *   transport.write(new Uint8Array(100_000));
   *   assertEquals(producer.mayWrite, false);
   *   transport.close();
   *   await new Response(readable).bytes();
   *   assertEquals(producer.mayWrite, true);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseProtocol.pause_writing}
   */
  pauseWriting(): void {}

  /**
   * Called when the transport's buffer has drained to its low-water mark.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { BaseProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * class Producer extends BaseProtocol {
   *   mayWrite = true;
   *
   *   override pauseWriting(): void {
   *     this.mayWrite = false;
   *   }
   *
   *   override resumeWriting(): void {
   *     this.mayWrite = true;
   *   }
   * }
   *
   * await run(async () => {
   *   const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
   *   const [transport, producer] = await getRunningLoop()
   *     .connectWritePipe(() => new Producer(), writable);
   *   transport.write(new Uint8Array(100_000));
   *   assertEquals(producer.mayWrite, false);
   *   transport.close();
   *   await new Response(readable).bytes();
   *   assertEquals(producer.mayWrite, true);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseProtocol.resume_writing}
   */
  resumeWriting(): void {}
}

/**
 * A protocol for a stream of bytes.
 *
 * @example An echo server
 * ```ts
 * import { getRunningLoop, openConnection, run } from "@asyncio/asyncio";
 * import { Protocol, type Transport } from "@asyncio/asyncio/loop";
 * import { assertEquals } from "@std/assert";
 *
 * class Echo extends Protocol {
 *   #transport!: Transport;
 *
 *   override connectionMade(transport: Transport): void {
 *     this.#transport = transport;
 *   }
 *
 *   override dataReceived(data: Uint8Array): void {
 *     this.#transport.write(data);
 *   }
 * }
 *
 * await run(async () => {
 *   const loop = getRunningLoop();
 *   await using server = await loop.createServer(() => new Echo(), "127.0.0.1", 0);
 *   const { hostname, port } = server.sockets[0]!.addr;
 *   const [reader, writer] = await openConnection(hostname, port);
 *   writer.write("hello\n");
 *   assertEquals(new TextDecoder().decode(await reader.readLine()), "hello\n");
 *   writer.close();
 * });
 * ```
 *
 * @category Transports and protocols
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.Protocol}
 */
export class Protocol extends BaseProtocol {
  /**
   * Called when data arrives.
   *
   * @param _data The bytes, which the protocol may keep and change.
   *
   * @example Usage
   * ```ts
   * import { Future, getRunningLoop, run } from "@asyncio/asyncio";
   * import { Protocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * class Collector extends Protocol {
   *   text = "";
   *   readonly end = new Future<void>();
   *
   *   override dataReceived(data: Uint8Array): void {
   *     this.text += new TextDecoder().decode(data);
   *   }
   *
   *   override eofReceived(): void {
   *     this.end.setResult();
   *   }
   * }
   *
   * await run(async () => {
   *   const [, collector] = await getRunningLoop()
   *     .connectReadPipe(() => new Collector(), new Blob(["hello"]).stream());
   *   await collector.end;
   *   assertEquals(collector.text, "hello");
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.Protocol.data_received}
   */
  dataReceived(_data: Uint8Array<ArrayBuffer>): void {}

  /**
   * Called when the peer has ended its sending direction.
   *
   * @returns `true` to keep the transport open for sending; otherwise it closes itself.
   *
   * @example Usage
   * ```ts
   * import { Future, getRunningLoop, run } from "@asyncio/asyncio";
   * import { Protocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * class Collector extends Protocol {
   *   text = "";
   *   readonly end = new Future<void>();
   *
   *   override dataReceived(data: Uint8Array): void {
   *     this.text += new TextDecoder().decode(data);
   *   }
   *
   *   override eofReceived(): void {
   *     this.end.setResult();
   *   }
   * }
   *
   * await run(async () => {
   *   const [, collector] = await getRunningLoop()
   *     .connectReadPipe(() => new Collector(), new Blob(["hello"]).stream());
   *   await collector.end;
   *   assertEquals(collector.text, "hello");
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.Protocol.eof_received}
   */
  eofReceived(): boolean | void {}
}

/**
 * A protocol for a stream of bytes that provides the buffer to read into.
 *
 * @example Usage
 * ```ts
 * import { BufferedProtocol } from "@asyncio/asyncio/loop";
 * import { assertEquals } from "@std/assert";
 *
 * class Counter extends BufferedProtocol {
 *   bytes = 0;
 *   readonly #buffer = new Uint8Array(1024);
 *
 *   override getBuffer(): Uint8Array {
 *     return this.#buffer;
 *   }
 *
 *   override bufferUpdated(count: number): void {
 *     this.bytes += count;
 *   }
 * }
 * assertEquals(new Counter().getBuffer().length, 1024);
 * ```
 *
 * @category Transports and protocols
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BufferedProtocol}
 */
export class BufferedProtocol extends BaseProtocol {
  /**
   * Returns the buffer for the next read. The buffer belongs to the transport until
   * {@linkcode BufferedProtocol.bufferUpdated} is called or the connection ends.
   *
   * @param _sizeHint The recommended size; -1 for any.
   * @returns The buffer, of at least one byte.
   *
   * @example Usage
   * ```ts
   * import { Future, getRunningLoop, run } from "@asyncio/asyncio";
   * import { BufferedProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * class Counter extends BufferedProtocol {
   *   bytes = 0;
   *   readonly end = new Future<void>();
   *   readonly #buffer = new Uint8Array(1024);
   *
   *   override getBuffer(): Uint8Array {
   *     return this.#buffer;
   *   }
   *
   *   override bufferUpdated(count: number): void {
   *     this.bytes += count;
   *   }
   *
   *   override eofReceived(): void {
   *     this.end.setResult();
   *   }
   * }
   *
   * await run(async () => {
   *   const [, counter] = await getRunningLoop()
   *     .connectReadPipe(() => new Counter(), new Blob(["hello"]).stream());
   *   await counter.end;
   *   assertEquals(counter.bytes, 5);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BufferedProtocol.get_buffer}
   */
  getBuffer(_sizeHint: number): Uint8Array {
    throw new errors.NotSupported(
      "A BufferedProtocol must implement getBuffer()",
    );
  }

  /**
   * Called when data has been read into the buffer.
   *
   * @param _count The number of bytes.
   *
   * @example Usage
   * ```ts
   * import { Future, getRunningLoop, run } from "@asyncio/asyncio";
   * import { BufferedProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * class Counter extends BufferedProtocol {
   *   bytes = 0;
   *   readonly end = new Future<void>();
   *   readonly #buffer = new Uint8Array(1024);
   *
   *   override getBuffer(): Uint8Array {
   *     return this.#buffer;
   *   }
   *
   *   override bufferUpdated(count: number): void {
   *     this.bytes += count;
   *   }
   *
   *   override eofReceived(): void {
   *     this.end.setResult();
   *   }
   * }
   *
   * await run(async () => {
   *   const [, counter] = await getRunningLoop()
   *     .connectReadPipe(() => new Counter(), new Blob(["hello"]).stream());
   *   await counter.end;
   *   assertEquals(counter.bytes, 5);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BufferedProtocol.buffer_updated}
   */
  bufferUpdated(_count: number): void {}

  /**
   * Called when the peer has ended its sending direction.
   *
   * @returns `true` to keep the transport open for sending; otherwise it closes itself.
   *
   * @example Usage
   * ```ts
   * import { Future, getRunningLoop, run } from "@asyncio/asyncio";
   * import { BufferedProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * class Counter extends BufferedProtocol {
   *   bytes = 0;
   *   readonly end = new Future<void>();
   *   readonly #buffer = new Uint8Array(1024);
   *
   *   override getBuffer(): Uint8Array {
   *     return this.#buffer;
   *   }
   *
   *   override bufferUpdated(count: number): void {
   *     this.bytes += count;
   *   }
   *
   *   override eofReceived(): void {
   *     this.end.setResult();
   *   }
   * }
   *
   * await run(async () => {
   *   const [, counter] = await getRunningLoop()
   *     .connectReadPipe(() => new Counter(), new Blob(["hello"]).stream());
   *   await counter.end;
   *   assertEquals(counter.bytes, 5);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.Protocol.eof_received}
   */
  eofReceived(): boolean | void {}
}

/**
 * A protocol for datagrams, such as UDP.
 *
 * Datagrams may be lost, duplicated or reordered. A protocol that cannot accept that has to number and repeat them.
 *
 * @example An echo server and its client
 * ```ts
 * import { DatagramProtocol, type DatagramTransport, Future, getRunningLoop, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * class Echo extends DatagramProtocol {
 *   #transport!: DatagramTransport;
 *
 *   override connectionMade(transport: DatagramTransport): void {
 *     this.#transport = transport;
 *   }
 *
 *   override datagramReceived(data: Uint8Array, addr: Deno.NetAddr): void {
 *     this.#transport.sendTo(data, addr);
 *   }
 * }
 *
 * class Asker extends DatagramProtocol {
 *   readonly answer = new Future<string>();
 *
 *   override connectionMade(transport: DatagramTransport): void {
 *     transport.sendTo("Hello World!");
 *   }
 *
 *   override datagramReceived(data: Uint8Array): void {
 *     this.answer.setResult(new TextDecoder().decode(data));
 *   }
 * }
 *
 * await run(async () => {
 *   const loop = getRunningLoop();
 *   const [server] = await loop.createDatagramEndpoint(() => new Echo(), {
 *     localAddr: { hostname: "127.0.0.1", port: 0 },
 *   });
 *   const [client, asker] = await loop.createDatagramEndpoint(() => new Asker(), {
 *     remoteAddr: server.getExtraInfo("sockname") as Deno.NetAddr,
 *   });
 *   assertEquals(await asker.answer, "Hello World!");
 *   client.close();
 *   server.close();
 * });
 * ```
 *
 * @category Transports and protocols
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.DatagramProtocol}
 */
export class DatagramProtocol extends BaseProtocol {
  /**
   * Called when a datagram arrives.
   *
   * @param _data The payload, which the protocol may keep and change. It may be empty.
   * @param _addr The sender's address: a `Deno.NetAddr` for UDP.
   */
  datagramReceived(_data: Uint8Array<ArrayBuffer>, _addr: Deno.Addr): void {}

  /**
   * Called when sending or receiving a datagram has failed. The transport stays open.
   *
   * @param _error The error.
   */
  errorReceived(_error: Error): void {}
}

/**
 * A protocol for a process and its pipes. The methods of this class do nothing.
 *
 * The first call is `connectionMade()`, with a `SubprocessTransport`; the last, once the process has exited and
 * every pipe is closed, is `connectionLost()`. Between them, the end of the pipes and the exit may come in any
 * order: a process may close its pipes and go on, and its child processes may keep them open.
 *
 * @example Usage
 * ```ts
 * import { Future, getRunningLoop, run, SubprocessProtocol } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * class Collector extends SubprocessProtocol {
 *   output = "";
 *   readonly end = new Future<void>();
 *
 *   override pipeDataReceived(_fd: number, data: Uint8Array): void {
 *     this.output += new TextDecoder().decode(data);
 *   }
 *
 *   override connectionLost(): void {
 *     this.end.setResult();
 *   }
 * }
 *
 * await run(async () => {
 *   const [, collector] = await getRunningLoop()
 *     .subprocessExec(() => new Collector(), "echo", ["hello"], { stdin: null });
 *   await collector.end;
 *   assertEquals(collector.output, "hello\n");
 * });
 * ```
 *
 * @category Transports and protocols
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.SubprocessProtocol}
 */
export class SubprocessProtocol extends BaseProtocol {
  /**
   * Called when the process has written output.
   *
   * @param _fd The file descriptor: 1 is standard output, 2 standard error.
   * @param _data The bytes, which the protocol may keep and change.
   *
   * @example Usage
   * ```ts
   * import { Future, getRunningLoop, run, SubprocessProtocol } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * class Listener extends SubprocessProtocol {
   *   readonly heard = new Future<[number, string]>();
   *
   *   override pipeDataReceived(fd: number, data: Uint8Array): void {
   *     this.heard.setResult([fd, new TextDecoder().decode(data)]);
   *   }
   * }
   *
   * await run(async () => {
   *   const [transport, listener] = await getRunningLoop()
   *     .subprocessShell(() => new Listener(), "echo oops >&2");
   *   assertEquals(await listener.heard, [2, "oops\n"]);
   *   transport.close();
   * });
   * ```
   *
   * @see
   * {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.SubprocessProtocol.pipe_data_received}
   */
  pipeDataReceived(_fd: number, _data: Uint8Array<ArrayBuffer>): void {}

  /**
   * Called when a pipe has been closed by either side.
   *
   * @param _fd The file descriptor: 0 is standard input, 1 standard output, 2 standard error.
   * @param _error The reason; `null` if the pipe was closed normally.
   *
   * @example Usage
   * ```ts
   * import { Future, getRunningLoop, run, SubprocessProtocol } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * class Watcher extends SubprocessProtocol {
   *   readonly closed = new Future<number>();
   *
   *   override pipeConnectionLost(fd: number): void {
   *     if (!this.closed.done()) this.closed.setResult(fd);
   *   }
   * }
   *
   * await run(async () => {
   *   const [transport, watcher] = await getRunningLoop()
   *     .subprocessShell(() => new Watcher(), "exec >&-; exec sleep 60");
   *   assertEquals(await watcher.closed, 1);
   *   assertEquals(transport.getReturnCode(), null);
   *   transport.close();
   * });
   * ```
   *
   * @see
   * {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.SubprocessProtocol.pipe_connection_lost}
   */
  pipeConnectionLost(_fd: number, _error: Error | null): void {}

  /**
   * Called once, when the process has exited. The transport has the exit code.
   *
   * @example Usage
   * ```ts
   * import { Future, getRunningLoop, run, SubprocessProtocol } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * class Watcher extends SubprocessProtocol {
   *   readonly exited = new Future<void>();
   *
   *   override processExited(): void {
   *     this.exited.setResult();
   *   }
   * }
   *
   * await run(async () => {
   *   const [transport, watcher] = await getRunningLoop()
   *     .subprocessExec(() => new Watcher(), "true");
   *   await watcher.exited;
   *   assertEquals(transport.getReturnCode(), 0);
   *   transport.close();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.SubprocessProtocol.process_exited}
   */
  processExited(): void {}
}

/** The key of a method that gives back received data that has not been read, so that it can be decrypted. */
export const takeUnread: unique symbol = Symbol("takeUnread");
/** The key of a method that sets a protocol's new transport. */
export const replaceTransport: unique symbol = Symbol("replaceTransport");

/** A protocol that takes part when its connection is upgraded to TLS. */
export interface UpgradableProtocol {
  [takeUnread](): Uint8Array<ArrayBuffer>;
  [replaceTransport](transport: Transport): void;
}

/** Returns whether the protocol takes part in upgrades. */
export function isUpgradable(protocol: object): protocol is UpgradableProtocol {
  return takeUnread in protocol;
}

/** The key of a method that returns the memory for a transport's next read; `null` for memory of the transport. */
export const lendMemory: unique symbol = Symbol("lendMemory");
/** The key of a method that is called when bytes have been read into that memory. */
export const memoryFilled: unique symbol = Symbol("memoryFilled");

/** A protocol of the library that chooses the memory of each read. */
export interface DirectProtocol {
  [lendMemory](): Uint8Array | null;
  [memoryFilled](count: number): void;
}

/** Returns whether the protocol chooses the memory of each read. */
export function isDirect(protocol: object): protocol is DirectProtocol {
  return lendMemory in protocol;
}

/** The key of a property that is `true` if `pauseWriting()` and `resumeWriting()` run no user code. */
export const pausesDirectly: unique symbol = Symbol("pausesDirectly");

/** Returns whether the protocol can be paused and resumed in any async context. */
export function canPauseDirectly(protocol: object): boolean {
  return pausesDirectly in protocol && protocol[pausesDirectly] === true;
}

/**
 * Returns the bytes, or a copy if their memory is shared between threads, so that no other thread can change them.
 */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return isUnshared(bytes) ? bytes : bytes.slice();
}

function isUnshared(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer;
}
