// Copyright 2026 the asyncio for Deno authors. MIT license.

import { pausesDirectly } from "../loop/net/direct_protocol.ts";
import type { EventLoop } from "../loop/event_loop.ts";
import { PIPE } from "../loop/net/process/stdio.ts";
import type { SubprocessOptions } from "../loop/net/options.ts";
import { SubprocessProtocol } from "../loop/net/subprocess_protocol.ts";
import type { SubprocessTransport } from "../loop/net/subprocess_transport.ts";
import type { Transport } from "../loop/net/transport.ts";
import { assertOptions } from "../loop/core/validate.ts";
import { WaitQueue } from "../loop/core/primitive_future.ts";
import { type Scheduler, schedulerOf } from "../loop/core/scheduler.ts";
import { StreamReader } from "../streams/stream_reader.ts";
import { StreamReaderProtocol } from "../streams/stream_reader_protocol.ts";
import { StreamWriter } from "../streams/stream_writer.ts";

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
