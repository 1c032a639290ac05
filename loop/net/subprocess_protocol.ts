// Copyright 2026 the asyncio for Deno authors. MIT license.

import { BaseProtocol } from "./base_protocol.ts";

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
