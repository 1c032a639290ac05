// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  BaseTransport,
  notSupported,
  type ReadTransport,
  type WriteTransport,
} from "./transports.ts";

/**
 * Connects a standard stream of a process to a pipe.
 *
 * @example Usage
 * ```ts
 * import { createSubprocessExec, PIPE, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   const process = await createSubprocessExec("echo", ["hello"], { stdout: PIPE });
 *   const [stdout] = await process.communicate();
 *   assertEquals(new TextDecoder().decode(stdout!), "hello\n");
 * });
 * ```
 *
 * @category Subprocesses
 * @see {@link https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.PIPE}
 */
export const PIPE = "piped" as const;

/**
 * Connects a standard stream of a process to the null device: input is empty, output is discarded.
 *
 * @example Usage
 * ```ts
 * import { createSubprocessExec, DEVNULL, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   const process = await createSubprocessExec("echo", ["hello"], { stdout: DEVNULL });
 *   assertEquals(await process.wait(), 0);
 * });
 * ```
 *
 * @category Subprocesses
 * @see {@link https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.DEVNULL}
 */
export const DEVNULL = "null" as const;

/**
 * Redirects the standard error of a process to its standard output, preserving the order of writes.
 *
 * @example Usage
 * ```ts
 * import { createSubprocessShell, PIPE, run, STDOUT } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   const process = await createSubprocessShell("echo one; echo two >&2; echo three", {
 *     stdout: PIPE,
 *     stderr: STDOUT,
 *   });
 *   const [stdout, stderr] = await process.communicate();
 *   assertEquals(new TextDecoder().decode(stdout!), "one\ntwo\nthree\n");
 *   assertEquals(stderr, null);
 * });
 * ```
 *
 * @category Subprocesses
 * @see {@link https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.STDOUT}
 */
export const STDOUT = "stdout" as const;

/**
 * The target of a standard stream: a pipe, the null device, this program's own stream (`"inherit"`), or an open
 * file.
 *
 * @category Subprocesses
 */
export type SubprocessStdio =
  | typeof PIPE
  | typeof DEVNULL
  | "inherit"
  | Deno.FsFile;

/**
 * A transport for a process and its pipes, as created by `loop.subprocessExec()` and `loop.subprocessShell()`.
 *
 * @example Usage
 * ```ts
 * import { SubprocessTransport } from "@asyncio/asyncio/loop";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => new SubprocessTransport().kill(), Deno.errors.NotSupported);
 * ```
 *
 * @category Transports and protocols
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.SubprocessTransport}
 */
export class SubprocessTransport extends BaseTransport {
  /**
   * Returns the process id.
   *
   * @returns The process id.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run, SubprocessProtocol } from "@asyncio/asyncio";
   * import { assert } from "@std/assert";
   *
   * await run(async () => {
   *   const [transport] = await getRunningLoop()
   *     .subprocessExec(() => new SubprocessProtocol(), "sleep", ["60"]);
   *   assert(transport.getPid() > 0);
   *   transport.close();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.SubprocessTransport.get_pid}
   */
  getPid(): number {
    throw notSupported("getPid");
  }

  /**
   * Returns the exit code of the process.
   *
   * @returns The exit code; the negated signal number if a signal ended the process; `null` while it runs.
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
   *     .subprocessShell(() => new Watcher(), "read -r code; exit $code");
   *   assertEquals(transport.getReturnCode(), null);
   *   transport.getPipeTransport(0)!.write("3\n");
   *   await watcher.exited;
   *   assertEquals(transport.getReturnCode(), 3);
   *   transport.close();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.SubprocessTransport.get_returncode}
   */
  getReturnCode(): number | null {
    throw notSupported("getReturnCode");
  }

  /**
   * Returns the transport of the process's standard input.
   *
   * @param fd The file descriptor.
   * @returns The transport; `null` if there is no pipe.
   *
   * @example Usage
   * ```ts
   * import { Future, getRunningLoop, run, SubprocessProtocol } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * class Listener extends SubprocessProtocol {
   *   heard = "";
   *   readonly end = new Future<void>();
   *
   *   override pipeDataReceived(_fd: number, data: Uint8Array): void {
   *     this.heard += new TextDecoder().decode(data);
   *   }
   *
   *   override connectionLost(): void {
   *     this.end.setResult();
   *   }
   * }
   *
   * await run(async () => {
   *   const [transport, listener] = await getRunningLoop()
   *     .subprocessExec(() => new Listener(), "cat");
   *   const stdin = transport.getPipeTransport(0)!;
   *   stdin.write("hello");
   *   stdin.close();
   *   await listener.end;
   *   assertEquals(listener.heard, "hello");
   * });
   * ```
   *
   * @see
   * {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.SubprocessTransport.get_pipe_transport}
   */
  getPipeTransport(fd: 0): WriteTransport | null;
  /**
   * Returns the transport of the process's standard output or standard error.
   *
   * @param fd The file descriptor.
   * @returns The transport; `null` if there is no pipe.
   */
  getPipeTransport(fd: 1 | 2): ReadTransport | null;
  /**
   * Returns the transport of a pipe.
   *
   * @param fd The file descriptor: 0 is standard input, 1 standard output, 2 standard error.
   * @returns The transport; `null` if there is no such pipe.
   */
  getPipeTransport(fd: number): WriteTransport | ReadTransport | null;
  getPipeTransport(_fd: number): WriteTransport | ReadTransport | null {
    throw notSupported("getPipeTransport");
  }

  /**
   * Sends a signal to the process.
   *
   * @param _signal The name of the signal.
   * @throws {Deno.errors.NotFound} If the process has ended.
   * @throws {TypeError} If there is no such signal.
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
   *     .subprocessExec(() => new Watcher(), "sleep", ["60"]);
   *   transport.sendSignal("SIGHUP");
   *   await watcher.exited;
   *   assertEquals(transport.getReturnCode(), -1);
   *   transport.close();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.SubprocessTransport.send_signal}
   */
  sendSignal(_signal: Deno.Signal): void {
    throw notSupported("sendSignal");
  }

  /**
   * Asks the process to end by sending SIGTERM.
   *
   * @throws {Deno.errors.NotFound} If the process has ended.
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
   *     .subprocessExec(() => new Watcher(), "sleep", ["60"]);
   *   transport.terminate();
   *   await watcher.exited;
   *   assertEquals(transport.getReturnCode(), -15);
   *   transport.close();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.SubprocessTransport.terminate}
   */
  terminate(): void {
    throw notSupported("terminate");
  }

  /**
   * Ends the process by sending SIGKILL.
   *
   * @throws {Deno.errors.NotFound} If the process has ended.
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
   *     .subprocessExec(() => new Watcher(), "sleep", ["60"]);
   *   transport.kill();
   *   await watcher.exited;
   *   assertEquals(transport.getReturnCode(), -9);
   *   transport.close();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.SubprocessTransport.kill}
   */
  kill(): void {
    throw notSupported("kill");
  }

  /**
   * Closes the pipes, and kills the process if it is still running. The protocol's `processExited()` and
   * `connectionLost()` follow.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run, SubprocessProtocol } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const [transport] = await getRunningLoop()
   *     .subprocessExec(() => new SubprocessProtocol(), "sleep", ["60"]);
   *   transport.close();
   *   assertEquals(transport.isClosing(), true);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.SubprocessTransport.close}
   */
  override close(): void {
    throw notSupported("close");
  }
}
