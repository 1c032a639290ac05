// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Resource } from "../../scheduler.ts";
import type { BaseProtocol } from "../base_protocol.ts";
import type { CallbackContext } from "../engine/callback_context.ts";
import { messageOf } from "../engine/rephrase.ts";
import { typeNameOf } from "../engine/name_of.ts";
import { readPipeTransport } from "../pipe/read_pipe_transport.ts";
import { WritePipeTransport } from "../pipe/write_pipe_transport.ts";
import type { ReadTransport } from "../read_transport.ts";
import type { SubprocessProtocol } from "../subprocess_protocol.ts";
import { SubprocessTransport } from "../subprocess_transport.ts";
import type { WriteTransport } from "../write_transport.ts";
import { feedFile, FileDrain } from "./_file_feed.ts";
import { PipeProtocol, type ProcessPipes } from "./_pipe_protocol.ts";
import { PIPE, type Stdio, type STDOUT } from "./stdio.ts";
import type { SubprocessOptions } from "./subprocess_options.ts";

const STDIN_FD = 0;
const STDOUT_FD = 1;
const STDERR_FD = 2;

/** The transport of a process that runs. */
export class ProcessTransport extends SubprocessTransport
  implements ProcessPipes, Resource {
  protocol: SubprocessProtocol;
  readonly #child: Deno.ChildProcess;
  readonly #context: CallbackContext;
  readonly #isDetached: boolean;
  #stdin: WritePipeTransport | null = null;
  readonly #outputs = new Map<number, ReturnType<typeof readPipeTransport>>();
  /** The pipes that are not closed yet. */
  readonly #open = new Set<number>();
  readonly #drains: FileDrain[] = [];
  #returnCode: number | null = null;
  #isClosing = false;

  /** `start()` is to follow. */
  constructor(
    child: Deno.ChildProcess,
    protocol: SubprocessProtocol,
    context: CallbackContext,
    options: SubprocessOptions,
  ) {
    super({ subprocess: child });
    this.#child = child;
    this.protocol = protocol;
    this.#context = context;
    this.#isDetached = options.detached ?? false;
    this.#connectInput(options.stdin);
    this.#connectOutput(STDOUT_FD, options.stdout, () => child.stdout);
    this.#connectOutput(STDERR_FD, options.stderr, () => child.stderr);
    context.scheduler.resources.add(this);
    void context.run(() => this.#watch());
  }

  /** Begins the protocol's life. Called once, in an entry and in the async context of callbacks. */
  start(): void {
    this.#call("connectionMade", () => this.protocol.connectionMade(this));
    this.#stdin?.start();
    for (const output of this.#outputs.values()) output.start();
  }

  override getPid(): number {
    return this.#child.pid;
  }

  override getReturnCode(): number | null {
    return this.#returnCode;
  }

  override getPipeTransport(fd: 0): WriteTransport | null;
  override getPipeTransport(fd: 1 | 2): ReadTransport | null;
  override getPipeTransport(fd: number): WriteTransport | ReadTransport | null;
  override getPipeTransport(fd: number): WriteTransport | ReadTransport | null {
    return fd === STDIN_FD ? this.#stdin : this.#outputs.get(fd) ?? null;
  }

  override sendSignal(signal: Deno.Signal): void {
    if (typeof signal !== "string") {
      throw new TypeError(
        `Expected the name of a signal, such as "SIGTERM": received ${
          typeNameOf(signal)
        }`,
      );
    }
    if (this.#returnCode !== null) {
      throw new Deno.errors.NotFound(
        `Cannot send ${signal} to process ${this.#child.pid} as it has ended`,
      );
    }
    this.#kill(signal);
  }

  override terminate(): void {
    this.sendSignal("SIGTERM");
  }

  override kill(): void {
    this.sendSignal("SIGKILL");
  }

  override setProtocol(protocol: BaseProtocol): void {
    this.protocol = protocol as SubprocessProtocol;
  }

  override getProtocol(): SubprocessProtocol {
    return this.protocol;
  }

  override isClosing(): boolean {
    return this.#isClosing;
  }

  override close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#stdin?.close();
    for (const output of this.#outputs.values()) output.close();
    if (this.#returnCode === null) this.#tryKill();
  }

  /** The loop is closed, which closes the pipes, too. */
  abandon(): void {
    this.#isClosing = true;
    if (this.#isDetached) this.#child.unref();
    else if (this.#returnCode === null) this.#tryKill();
  }

  pipeLost(fd: number, error: Error | null): void {
    this.#open.delete(fd);
    try {
      this.protocol.pipeConnectionLost(fd, error);
    } finally {
      this.#endIfOver();
    }
  }

  #connectInput(stdio: Stdio | null | undefined): void {
    if (isFile(stdio)) {
      this.#watchFile(() => feedFile(stdio, this.#child.stdin));
    } else if (stdio === PIPE) {
      this.#open.add(STDIN_FD);
      const protocol = new PipeProtocol(STDIN_FD, this);
      this.#stdin = new WritePipeTransport(
        this.#child.stdin,
        protocol,
        this.#context,
      );
    }
  }

  #connectOutput(
    fd: number,
    stdio: Stdio | typeof STDOUT | null | undefined,
    stream: () => ReadableStream<Uint8Array>,
  ): void {
    if (isFile(stdio)) {
      const drain = new FileDrain(stdio, this.#context);
      this.#drains.push(drain);
      this.#watchFile(() => drain.run(stream()));
    } else if (stdio === PIPE) {
      this.#open.add(fd);
      const protocol = new PipeProtocol(fd, this);
      this.#outputs.set(
        fd,
        readPipeTransport(stream(), protocol, this.#context),
      );
    }
  }

  #watchFile(pass: () => Promise<void>): void {
    this.#context.run(pass).catch((exception) => {
      if (this.#context.scheduler.loop.isClosed()) return;
      this.#report(
        "A file of a process could not be read or written",
        exception,
      );
    });
  }

  /** Waits until the process has exited, and everything that it has put out is where it belongs. */
  async #watch(): Promise<void> {
    let code: number;
    try {
      const status = await this.#child.status;
      code = status.signal === null
        ? status.code
        : FIRST_SIGNAL_CODE - status.code;
    } catch (error) {
      code = unnamedSignalOf(error);
    }
    for (const drain of this.#drains) await drain.settled();
    this.#context.enqueue(() => this.#onExit(code));
  }

  #onExit(code: number): void {
    this.#returnCode = code;
    this.#call("processExited", () => this.protocol.processExited());
    this.#endIfOver();
  }

  #endIfOver(): void {
    if (this.#returnCode === null) return;
    if (this.#open.size === 0) this.#context.enqueue(() => this.#end());
    // Nobody reads it any more, of which Deno does not tell.
    else if (this.#isInputLeft()) this.#stdin?.close();
  }

  #isInputLeft(): boolean {
    return this.#open.size === 1 && this.#open.has(STDIN_FD);
  }

  #end(): void {
    this.#isClosing = true;
    this.#context.scheduler.resources.delete(this);
    this.#call("connectionLost", () => this.protocol.connectionLost(null));
  }

  #tryKill(): void {
    try {
      this.#kill("SIGKILL");
    } catch {
      // It may run as another user by now.
    }
  }

  #kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      // It has ended, of which we are about to hear.
      const isOver = error instanceof Deno.errors.NotFound ||
        messageOf(error).includes("already terminated");
      if (!isOver) throw error;
    }
  }

  #call(method: string, callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#report(`protocol.${method}() failed`, error);
    }
  }

  #report(message: string, exception: unknown): void {
    this.#context.scheduler.loop.callExceptionHandler({
      message,
      exception,
      transport: this,
      protocol: this.protocol,
    });
  }
}

/** What Deno adds to the number of a signal. */
const FIRST_SIGNAL_CODE = 128;

/** The return code of a process that was ended by a signal that Deno has no name for. */
function unnamedSignalOf(error: unknown): number {
  const number = /signal: (\d+)/.exec(messageOf(error))?.[1];
  if (number === undefined) throw error;
  return -Number(number);
}

function isFile(
  stdio: Stdio | typeof STDOUT | null | undefined,
): stdio is Deno.FsFile {
  return typeof stdio === "object" && stdio !== null;
}
