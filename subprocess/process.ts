// Copyright 2026 the asyncio for Deno authors. MIT license.

import { fulfilled, type Future, withResult } from "../loop/core/future.ts";
import { callInline } from "../loop/core/inline_call.ts";
import type { SubprocessTransport } from "../loop/net/subprocess_transport.ts";
import { isInstance } from "../loop/core/unknown_value.ts";
import { wrongType } from "../loop/core/validate.ts";
import {
  type PrimitiveBehavior,
  PrimitiveFuture,
} from "../loop/core/primitive_future.ts";
import type { Scheduler } from "../loop/core/scheduler.ts";
import type { StreamReader } from "../streams/stream_reader.ts";
import type { StreamWriter } from "../streams/stream_writer.ts";
import type { SubprocessStreamProtocol } from "./_subprocess_stream_protocol.ts";

/** Makes the process of a transport. */
export let makeProcess: (
  transport: SubprocessTransport,
  protocol: SubprocessStreamProtocol,
) => Process;

/** How much of the input of `communicate()` is buffered at once. */
const INPUT_PORTION = 256 * 1024;

/**
 * A process that was started by `createSubprocessExec()` or `createSubprocessShell()`.
 *
 * A pipe holds some 64 KiB, and its reader here twice the limit: a process that puts out more waits until
 * that is read. So read the pipes, as `communicate()` does, before you `wait()`.
 *
 * It runs until it ends, is killed, or its event loop is closed, which kills it unless it is `detached`. With
 * `await using` it ends with the block.
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
 * @see {@link https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.Process}
 */
export class Process implements AsyncDisposable {
  readonly #transport: SubprocessTransport;
  readonly #protocol: SubprocessStreamProtocol;
  readonly #scheduler: Scheduler;
  /** The whole outputs that `communicate()` has read, and has not given as it was cancelled. */
  readonly #read = new Map<StreamReader, Uint8Array<ArrayBuffer>>();

  /** The number of the process. */
  readonly pid: number;

  /** Writes to its standard input; `null` unless that is a pipe. */
  readonly stdin: StreamWriter | null;

  /** Reads its standard output; `null` unless that is a pipe. */
  readonly stdout: StreamReader | null;

  /** Reads its standard error; `null` unless that is a pipe. */
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
   * What the process exited with: its exit code; the number of the signal that ended it, negative; `null`
   * while it runs.
   *
   * @returns The code.
   *
   * @example Usage
   * ```ts
   * import { createSubprocessExec, run } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const process = await createSubprocessExec("sleep", ["60"]);
   *   assertEquals(process.returnCode, null);
   *   process.kill();
   *   await process.wait();
   *   assertEquals(process.returnCode, -9);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.Process.returncode}
   */
  get returnCode(): number | null {
    return this.#transport.getReturnCode();
  }

  /**
   * Waits until the process has exited; what it has put out into files is in them then. It waits for ever if
   * the process waits for somebody to read its pipes. It does not wait for other processes that keep the pipes
   * open.
   *
   * Cancelled, the process goes on, and can be waited for again.
   *
   * @returns The return code.
   *
   * @example Usage
   * ```ts
   * import { createSubprocessExec, run } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const process = await createSubprocessExec("true");
   *   assertEquals(await process.wait(), 0);
   * });
   * ```
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
   * Sends input to the process, closes its standard input, reads everything that it puts out, and waits until
   * it has exited. All at the same time, so that neither side waits for the other for ever. A process that
   * does not read its input is no error. The output is kept in memory; the input is sent in portions.
   *
   * Cancelled, nothing is lost: the process goes on, and what it has put out is what the next call gives. What
   * of the input is not sent by then will not be; standard input stays open.
   *
   * @param input What to send; a string is encoded as UTF-8.
   * @returns What came out of standard output and of standard error, each `null` unless it is a pipe.
   * @throws {TypeError} If there is input, and standard input is not a pipe.
   *
   * @example Usage
   * ```ts
   * import { createSubprocessExec, PIPE, run } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const process = await createSubprocessExec("tr", ["a-z", "A-Z"], {
   *     stdin: PIPE,
   *     stdout: PIPE,
   *   });
   *   const [stdout, stderr] = await process.communicate("hello");
   *   assertEquals(new TextDecoder().decode(stdout!), "HELLO");
   *   assertEquals(stderr, null);
   * });
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
        "Expected no input as stdin is not a PIPE: received some",
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
   * @param signal Its name.
   * @throws {Deno.errors.NotFound} If the process has ended.
   * @throws {TypeError} If there is no such signal.
   *
   * @example Usage
   * ```ts
   * import { createSubprocessExec, run } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const process = await createSubprocessExec("sleep", ["60"]);
   *   process.sendSignal("SIGHUP");
   *   assertEquals(await process.wait(), -1);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.Process.send_signal}
   */
  sendSignal(signal: Deno.Signal): void {
    this.#transport.sendSignal(signal);
  }

  /**
   * Asks the process to end, by SIGTERM.
   *
   * @throws {Deno.errors.NotFound} If the process has ended.
   *
   * @example It is asked first, and killed if it does not listen
   * ```ts
   * import { createSubprocessExec, run, TimeoutError, waitFor } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const process = await createSubprocessExec("sleep", ["60"]);
   *   process.terminate();
   *   try {
   *     await waitFor(() => process.wait(), 5);
   *   } catch (error) {
   *     if (!(error instanceof TimeoutError)) throw error;
   *     process.kill();
   *     await process.wait();
   *   }
   *   assertEquals(process.returnCode, -15);
   * });
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
   * @throws {Deno.errors.NotFound} If the process has ended.
   *
   * @example Usage
   * ```ts
   * import { createSubprocessExec, run } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const process = await createSubprocessExec("sleep", ["60"]);
   *   process.kill();
   *   assertEquals(await process.wait(), -9);
   * });
   * ```
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

  /** Closes the pipes, kills the process if it still runs, and waits until it has ended. */
  [Symbol.asyncDispose](): Future<void> {
    this.#transport.close();
    // What is not sent yet would wait for a reader.
    this.stdin?.transport.abort();
    return this.#call("wait()", async () => void await this.wait());
  }

  #call<T>(method: string, fn: () => Promise<T>): Future<T> {
    return callInline(this.#scheduler, `Process.${method}`, fn);
  }

  /**
   * What this is, for messages: `<Process 4711>`.
   *
   * @returns The text.
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

/** Writes as much as the process takes, and closes. */
async function feed(
  stdin: StreamWriter,
  input: Uint8Array | null,
): Promise<void> {
  try {
    for (let rest = input; rest !== null && rest.length > 0;) {
      stdin.write(rest.subarray(0, INPUT_PORTION));
      rest = rest.subarray(INPUT_PORTION);
      await stdin.drain();
    }
  } catch (error) {
    if (!isUnread(error)) throw error;
  }
  stdin.close();
}

/** Whether the process does not read its input, or no more. */
function isUnread(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionReset;
}
