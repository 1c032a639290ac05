// Copyright 2026 the asyncio for Deno authors. MIT license.

import { fulfilled, type Future, withResult } from "../loop/core/future.ts";
import { callInline } from "../loop/core/inline_call.ts";
import type { Transport } from "../loop/net/transports.ts";
import {
  PIPE,
  type SubprocessTransport,
} from "../loop/net/subprocess_transport.ts";
import { isInstance } from "../loop/core/unknown_value.ts";
import { assertOptions, wrongType } from "../loop/core/validate.ts";
import {
  type PrimitiveBehavior,
  PrimitiveFuture,
  WaitQueue,
} from "../loop/core/primitive_future.ts";
import { type Scheduler, schedulerOf } from "../loop/core/scheduler.ts";
import { StreamReader } from "../streams/stream_reader.ts";
import { StreamWriter } from "../streams/stream_writer.ts";
import { pausesDirectly, SubprocessProtocol } from "../loop/net/protocols.ts";
import type { EventLoop } from "../loop/event_loop.ts";
import type { SubprocessOptions } from "../loop/net/options.ts";
import { StreamReaderProtocol } from "../streams/stream_reader_protocol.ts";

/** Creates the process of a transport. */
export let makeProcess: (
  transport: SubprocessTransport,
  protocol: SubprocessStreamProtocol,
) => Process;

/** How much of the input of `communicate()` is handed over at a time, in bytes. */
const INPUT_PORTION = 256 * 1024;

/**
 * A process that was started by `createSubprocessExec()` or `createSubprocessShell()`.
 *
 * A pipe holds about 64 KiB, and its reader twice its limit; a process with more output waits until that is read. So
 * read the pipes, for example by `communicate()`, before you call `wait()`.
 *
 * The process runs until it exits, is killed, or its event loop is closed, which kills it unless it is `detached`.
 * With `await using` it ends with the block.
 *
 * @example Usage
 * ```ts
 * import { createSubprocessExec, PIPE, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   const sort = await createSubprocessExec("sort", [], { stdin: PIPE, stdout: PIPE });
 *   const [stdout] = await sort.communicate("pear\napple\n");
 *   assertEquals(new TextDecoder().decode(stdout!), "apple\npear\n");
 *   assertEquals(sort.returnCode, 0);
 * });
 * ```
 *
 * @example A dialogue, line by line, with a process that ends with the block
 * ```ts
 * import { createSubprocessExec, PIPE, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   await using cat = await createSubprocessExec("cat", [], { stdin: PIPE, stdout: PIPE });
 *   for (const line of ["one\n", "two\n"]) {
 *     cat.stdin!.write(line);
 *     assertEquals(new TextDecoder().decode(await cat.stdout!.readLine()), line);
 *   }
 * });
 * ```
 *
 * @category Subprocesses
 * @see {@link https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.Process}
 */
export class Process implements AsyncDisposable {
  readonly #transport: SubprocessTransport;
  readonly #protocol: SubprocessStreamProtocol;
  readonly #scheduler: Scheduler;
  /** Complete outputs that a cancelled `communicate()` has read. */
  readonly #read = new Map<StreamReader, Uint8Array<ArrayBuffer>>();

  /** The process ID. */
  readonly pid: number;

  /** The writer of its standard input; `null` unless that is a pipe. */
  readonly stdin: StreamWriter | null;

  /** The reader of its standard output; `null` unless that is a pipe. */
  readonly stdout: StreamReader | null;

  /** The reader of its standard error; `null` unless that is a pipe. */
  readonly stderr: StreamReader | null;

  static {
    makeProcess = (transport, protocol) => new Process(transport, protocol);
  }

  private constructor(
    transport: SubprocessTransport,
    protocol: SubprocessStreamProtocol,
  ) {
    this.#transport = transport;
    this.#protocol = protocol;
    this.#scheduler = protocol.scheduler;
    this.pid = transport.getPid();
    this.stdin = protocol.stdin;
    this.stdout = protocol.stdout;
    this.stderr = protocol.stderr;
  }

  /**
   * The exit code of the process; the negative number of the signal that ended it; `null` while it runs.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.Process.returncode}
   */
  get returnCode(): number | null {
    return this.#transport.getReturnCode();
  }

  /**
   * Waits until the process has exited and its output to files is written. Waits forever if the process itself waits
   * until its pipes are read. Does not wait for other processes that keep the pipes open.
   *
   * Cancel safe: the process goes on and can be waited for again.
   *
   * @returns A future of the return code.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.Process.wait}
   */
  wait(): Future<number> {
    const { hasExited, waiting } = this.#protocol;
    if (hasExited) return fulfilled(this.#scheduler, this.returnCode!);
    const wait = new PrimitiveFuture(this.#scheduler, WAIT, this.#transport);
    wait.joinQueue(waiting);
    return wait;
  }

  /**
   * Sends input to the process, closes its standard input, reads all output, and waits until the process has exited.
   * It does these concurrently, so neither side blocks the other. A process that does not read its input is not an
   * error. The output is kept in memory. The input is sent in portions and not copied, so it must not change.
   *
   * If it is cancelled, the process goes on, and the next call returns the output so far too. Input that has not been
   * sent by then is dropped; then standard input stays open.
   *
   * @param input The input; a string is encoded as UTF-8.
   * @returns A future of what was written to standard output and standard error; `null` for one that is not a pipe.
   * @throws {TypeError} If there is input, and standard input is not a pipe.
   *
   * @example Usage
   * ```ts
   * import { createSubprocessExec, PIPE } from "@asyncio/asyncio";
   *
   * const process = await createSubprocessExec("echo", ["hello"], { stdout: PIPE });
   * const [stdout] = await process.communicate();
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.Process.communicate}
   */
  communicate(
    input: Uint8Array | string | null = null,
  ): Future<
    [
      stdout: Uint8Array<ArrayBuffer> | null,
      stderr: Uint8Array<ArrayBuffer> | null,
    ]
  > {
    const bytes = bytesOf(input);
    if (bytes !== null && this.stdin === null) {
      throw new TypeError(
        "The input of communicate() must be null as stdin is not a PIPE: received some",
      );
    }
    return this.#call("communicate()", async () => {
      const [stdout, stderr] = await Promise.all([
        this.stdout && this.#readAll(this.stdout),
        this.stderr && this.#readAll(this.stderr),
        this.stdin && feed(this.stdin, bytes),
      ]);
      await this.wait();
      this.#read.clear();
      return [stdout, stderr];
    });
  }

  /**
   * Sends a signal to the process.
   *
   * @param signal The name of the signal.
   * @throws {Deno.errors.NotFound} If the process has exited.
   * @throws {TypeError} If there is no such signal.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.Process.send_signal}
   */
  sendSignal(signal: Deno.Signal): void {
    this.#transport.sendSignal(signal);
  }

  /**
   * Asks the process to exit, by SIGTERM.
   *
   * @throws {Deno.errors.NotFound} If the process has exited.
   *
   * @example Terminate the process, and kill it if it does not exit
   * ```ts
   * import { moveOnAfter, type Process } from "@asyncio/asyncio";
   *
   * async function stop(process: Process) {
   *   process.terminate();
   *   await moveOnAfter(5, () => process.wait(), () => process.kill());
   * }
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.Process.terminate}
   */
  terminate(): void {
    this.#transport.terminate();
  }

  /**
   * Ends the process, by SIGKILL.
   *
   * @throws {Deno.errors.NotFound} If the process has exited.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.Process.kill}
   */
  kill(): void {
    this.#transport.kill();
  }

  async #readAll(reader: StreamReader): Promise<Uint8Array<ArrayBuffer>> {
    const output = await reader.read();
    const all = this.#read.get(reader) ?? output;
    this.#read.set(reader, all);
    return all;
  }

  /**
   * Closes the pipes, kills the process if it is running, and waits until it has exited.
   *
   * Cancel safe: only the waiting ends.
   */
  [Symbol.asyncDispose](): Future<void> {
    this.#transport.close();
    // Unsent input would wait until it is read.
    this.stdin?.transport.abort();
    return this.#call("wait()", async () => void await this.wait());
  }

  #call<T>(method: string, fn: () => Promise<T>): Future<T> {
    return callInline(this.#scheduler, `Process.${method}`, fn);
  }

  /**
   * Returns a description for logs and error messages: `<Process 4711>`.
   *
   * @returns The description.
   */
  toString(): string {
    return `<Process ${this.pid}>`;
  }
}

const WAIT: PrimitiveBehavior<number, SubprocessTransport> = {
  name: "Process.wait()",
  poll: (transport) => withResult(transport.getReturnCode()!),
  onCancelled: (_, wait) => wait.leaveQueue(),
  handBack() {},
};

function bytesOf(input: Uint8Array | string | null): Uint8Array | null {
  if (input === null || isInstance(input, Uint8Array)) return input;
  if (typeof input === "string") return new TextEncoder().encode(input);
  throw wrongType("The input", "a Uint8Array, a string or null", input);
}

/** Writes the input as fast as the process reads it, and closes standard input. */
async function feed(
  stdin: StreamWriter,
  input: Uint8Array | null,
): Promise<void> {
  try {
    for (let rest = input; rest !== null && rest.length > 0;) {
      await stdin.send(rest.subarray(0, INPUT_PORTION));
      rest = rest.subarray(INPUT_PORTION);
    }
  } catch (error) {
    if (!isUnread(error)) throw error;
  }
  stdin.close();
}

/** Returns whether the process does not read its input, or has stopped reading it. */
function isUnread(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionReset;
}

/** The options of a process and of its readers. */
interface SubprocessStreamOptions extends SubprocessOptions {
  readonly limit?: number | undefined;
}

/** Creates streams for the pipes of a process. */
export class SubprocessStreamProtocol extends SubprocessProtocol {
  stdin: StreamWriter | null = null;
  readonly stdout: StreamReader | null;
  readonly stderr: StreamReader | null;
  readonly scheduler: Scheduler;
  readonly #loop: EventLoop;
  /** The protocol of standard input, for the flow control of its writer. */
  readonly #input: StreamReaderProtocol;
  /** The operations that wait for the exit of the process. */
  readonly waiting = new WaitQueue();
  hasExited = false;

  constructor(loop: EventLoop, options: SubprocessStreamOptions) {
    super();
    this.scheduler = schedulerOf(loop);
    this.#loop = loop;
    this.#input = new StreamReaderProtocol(null, null, { loop });
    const { limit } = options;
    const readerOf = (stdio: SubprocessOptions["stderr"]) => {
      // An invalid limit is an error even if there is nothing to read.
      const reader = new StreamReader({ limit, loop });
      return stdio === PIPE ? reader : null;
    };
    this.stdout = readerOf(options.stdout);
    this.stderr = readerOf(options.stderr);
  }

  override connectionMade(transport: SubprocessTransport): void {
    const input = transport.getPipeTransport(0);
    if (input !== null) {
      this.stdin = new StreamWriter(
        input as Transport,
        this.#input,
        null,
        this.#loop,
      );
    }
    const output = transport.getPipeTransport(1);
    if (output !== null) this.stdout?.setTransport(output);
    const errors = transport.getPipeTransport(2);
    if (errors !== null) this.stderr?.setTransport(errors);
  }

  override pipeDataReceived(fd: number, data: Uint8Array<ArrayBuffer>): void {
    this.#readerOf(fd)?.feedData(data);
  }

  override pipeConnectionLost(fd: number, error: Error | null): void {
    if (fd === 0) {
      this.#input.connectionLost(error);
      return;
    }
    const reader = this.#readerOf(fd);
    if (error === null) reader?.feedEof();
    else reader?.setException(error);
  }

  override processExited(): void {
    this.hasExited = true;
    this.waiting.wakeAll();
  }

  /** Its flow control is that of the writer. */
  readonly [pausesDirectly] = true;

  override pauseWriting(): void {
    this.#input.pauseWriting();
  }

  override resumeWriting(): void {
    this.#input.resumeWriting();
  }

  #readerOf(fd: number): StreamReader | null {
    return fd === 1 ? this.stdout : this.stderr;
  }
}

/** Returns the options with standard streams inherited by default. */
export function inheriting(
  method: string,
  options: SubprocessOptions,
): SubprocessOptions {
  assertOptions(method, options);
  const { stdin = null, stdout = null, stderr = null } = options;
  return { ...options, stdin, stdout, stderr };
}
