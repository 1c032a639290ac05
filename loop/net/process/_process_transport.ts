// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Resource, Scheduler } from "../../core/scheduler.ts";
import {
  isAlreadyTerminated,
  unnamedSignalOf,
} from "../../core/deno_workarounds.ts";
import { Future } from "../../core/future.ts";
import { wrongType } from "../../core/validate.ts";
import {
  type BaseProtocol,
  canPauseDirectly,
  pausesDirectly,
  Protocol,
  type SubprocessProtocol,
} from "../protocols.ts";
import { assertProtocol } from "../stream/assertions.ts";
import type { CallbackContext } from "../stream/callbacks.ts";
import {
  readPipeTransport,
  WritePipeTransport,
} from "../pipe/pipe_transports.ts";
import type { ReadTransport, WriteTransport } from "../transports.ts";
import {
  PIPE,
  type STDOUT,
  type SubprocessStdio,
  SubprocessTransport,
} from "../subprocess_transport.ts";
import type { SubprocessOptions } from "../options.ts";

const BLOCK_SIZE = 64 * 1024;

/** Copies a file to the standard input of a process, and closes that at the end of the file. */
async function feedFile(
  file: Deno.FsFile,
  stdin: WritableStream<Uint8Array>,
): Promise<void> {
  const writer = stdin.getWriter();
  const block = new Uint8Array(BLOCK_SIZE);
  try {
    for (let count; (count = await file.read(block)) !== null;) {
      await writer.ready;
      await writer.write(block.subarray(0, count));
    }
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => {});
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** Writes the output of a process to a file until its end, which child processes of the process can delay. */
class FileDrain implements Resource {
  readonly #file: Deno.FsFile;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #scheduler: Scheduler;
  /** The pending write, if any. */
  #writing: Promise<void> | null = null;
  /** The number of chunks read so far. */
  #count = 0;
  #isEnded = false;
  #isSettled = false;

  constructor(
    file: Deno.FsFile,
    output: ReadableStream<Uint8Array>,
    scheduler: Scheduler,
  ) {
    this.#file = file;
    this.#reader = output.getReader();
    this.#scheduler = scheduler;
    scheduler.resources.add(this);
  }

  /** Writes until the end. Rejects if writing fails. */
  async run(): Promise<void> {
    try {
      while (true) {
        const { done, value } = await this.#reader.read();
        if (done) return;
        this.#count++;
        this.#writing = writeAll(this.#file, value);
        await this.#writing;
        this.#writing = null;
      }
    } finally {
      this.#isEnded = true;
      this.#scheduler.resources.delete(this);
      // The process gets EPIPE, as with a Unix pipe.
      this.stop();
    }
  }

  /** Resolves when all output from before the call is in the file. */
  async settled(): Promise<void> {
    while (!this.#isEnded) {
      const before = this.#count;
      await this.#writing?.catch(() => {});
      await this.#turn();
      // Data in the pipe is read within one turn of the event loop.
      if (this.#writing === null && this.#count === before) break;
    }
    this.#isSettled = true;
  }

  /** Stops writing. */
  stop(): void {
    this.#reader.cancel().catch(() => {});
  }

  /**
   * Does nothing while the process is running, as the loop is closed: the process is killed, and its output is
   * still written.
   */
  abandon(): void {
    if (this.#isSettled) this.stop();
  }

  #turn(): Promise<void> {
    const { host } = this.#scheduler;
    return new Promise((resolve) => host.macrotask(resolve, true));
  }
}

async function writeAll(file: Deno.FsFile, data: Uint8Array): Promise<void> {
  for (let rest = data; rest.length > 0;) {
    rest = rest.subarray(await file.write(rest));
  }
}

const STDIN_FD = 0;
const STDOUT_FD = 1;
const STDERR_FD = 2;

/** Added to the signal number in Deno's exit codes. */
const FIRST_SIGNAL_CODE = 128;

/** asyncio's exit code for a process whose status is unknown. */
const UNKNOWN_CODE = 255;

/** The transport of a running process. */
export class ProcessTransport extends SubprocessTransport implements Resource {
  /** The current protocol. */
  protocol: SubprocessProtocol;
  readonly #child: Deno.ChildProcess;
  readonly #context: CallbackContext;
  readonly #isDetached: boolean;
  #stdin: WritePipeTransport | null = null;
  readonly #outputs = new Map<number, ReturnType<typeof readPipeTransport>>();
  /** The pipes that are still open. */
  readonly #open = new Set<number>();
  readonly #drains: FileDrain[] = [];
  #returnCode: number | null = null;
  #exited: Future<void> | null = null;
  #isClosing = false;

  /** Call `start()` next. */
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

  /** Calls `connectionMade()`. Called once, in a step and in the callback context. */
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
      throw wrongType("The signal", 'a name such as "SIGTERM"', signal);
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
    assertProtocol("The protocol of setProtocol()", protocol);
    this.protocol = protocol as SubprocessProtocol;
  }

  override getProtocol(): SubprocessProtocol {
    return this.protocol;
  }

  override isClosing(): boolean {
    return this.#isClosing;
  }

  override close(): void {
    this.#isClosing = true;
    this.#stdin?.close();
    for (const output of this.#outputs.values()) output.close();
    if (this.#returnCode === null) this.#tryKill();
  }

  /** Kills the process as the loop is closed, which also closes the pipes. */
  abandon(): void {
    this.#isClosing = true;
    if (this.#returnCode !== null) return;
    if (this.#isDetached) {
      this.#release();
    } else if (this.#tryKill()) {
      this.#context.scheduler.ending.push(this.#child.status.catch(() => {}));
    }
  }

  /** Waits until the process has exited. Called once. */
  exited(): Future<void> {
    this.#exited = new Future<void>({ loop: this.#context.scheduler.loop });
    if (this.#returnCode !== null) this.#exited.setResult();
    return this.#exited;
  }

  /** Delivers output of a pipe to the protocol. */
  pipeReceived(fd: number, data: Uint8Array<ArrayBuffer>): void {
    this.#call("pipeDataReceived", () => {
      this.protocol.pipeDataReceived(fd, data);
    });
  }

  /** Handles the end of a pipe. */
  pipeLost(fd: number, error: Error | null): void {
    this.#open.delete(fd);
    this.#callSoon("pipeConnectionLost", () => {
      this.protocol.pipeConnectionLost(fd, error);
    });
    this.#endIfOver();
  }

  #connectInput(stdio: SubprocessStdio | null | undefined): void {
    if (isFile(stdio)) {
      this.#watchFile(() => feedFile(stdio, this.#child.stdin));
    } else if (stdio === PIPE) {
      this.#open.add(STDIN_FD);
      const protocol = new PipeProtocol(STDIN_FD, this);
      this.#stdin = new WritePipeTransport(
        this.#child.stdin,
        protocol,
        this.#context,
        { isOwn: true },
      );
    }
  }

  #connectOutput(
    fd: number,
    stdio: SubprocessStdio | typeof STDOUT | null | undefined,
    stream: () => ReadableStream<Uint8Array>,
  ): void {
    if (isFile(stdio)) {
      const { scheduler } = this.#context;
      const drain = new FileDrain(stdio, stream(), scheduler);
      this.#drains.push(drain);
      this.#watchFile(() => drain.run());
    } else if (stdio === PIPE) {
      this.#open.add(fd);
      const protocol = new PipeProtocol(fd, this);
      this.#outputs.set(
        fd,
        readPipeTransport(stream(), protocol, this.#context, { isOwn: true }),
      );
    }
  }

  #watchFile(pass: () => Promise<void>): void {
    const message = "Cannot read or write the file of a process";
    this.#context.run(() =>
      pass().catch((error) => this.#reportSoon(message, error))
    );
  }

  /** Waits until the process has exited and its output is in the files. */
  async #watch(): Promise<void> {
    const { scheduler } = this.#context;
    scheduler.outside++;
    const code = await this.#exitCode();
    for (const drain of this.#drains) {
      await drain.settled();
      if (this.#isClosing) drain.stop();
    }
    scheduler.outside--;
    this.#context.enqueue(() => this.#onExit(code));
  }

  async #exitCode(): Promise<number> {
    try {
      const { code, signal } = await this.#child.status;
      return signal === null ? code : FIRST_SIGNAL_CODE - code;
    } catch (error) {
      const signal = unnamedSignalOf(error);
      if (signal !== null) return -signal;
      this.#reportSoon("Cannot determine the exit code of a process", error);
      return UNKNOWN_CODE;
    }
  }

  #onExit(code: number): void {
    this.#returnCode = code;
    if (this.#exited?.done() === false) this.#exited.setResult();
    this.#callSoon("processExited", () => this.protocol.processExited());
    this.#endIfOver();
  }

  #endIfOver(): void {
    if (this.#returnCode === null) return;
    if (this.#open.size === 0) this.#context.enqueue(() => this.#end());
    // The process no longer reads its standard input, but Deno does not report that.
    else if (this.#isInputLeft()) this.#stdin?.close();
  }

  #isInputLeft(): boolean {
    return this.#open.size === 1 && this.#open.has(STDIN_FD);
  }

  #end(): void {
    this.#context.scheduler.resources.delete(this);
    this.#call("connectionLost", () => this.protocol.connectionLost(null));
  }

  /** Releases the process, so that it may outlive this program. */
  #release(): void {
    try {
      this.#child.unref();
    } catch {
      // It has ended, and its status is about to arrive.
    }
  }

  #tryKill(): boolean {
    try {
      this.#kill("SIGKILL");
      return true;
    } catch {
      // It may have changed its user.
      return false;
    }
  }

  #kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      // It has ended, and its status is about to arrive.
      const isOver = error instanceof Deno.errors.NotFound ||
        isAlreadyTerminated(error);
      if (!isOver) throw error;
    }
  }

  /**
   * Calls the protocol from the ready queue, as asyncio does. If it is the last call, `connectionLost()` precedes
   * the tasks that it wakes.
   */
  #callSoon(method: string, callback: () => void): void {
    this.#context.enqueue(() => this.#call(method, callback));
  }

  #call(method: string, callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#report(`protocol.${method}() failed`, error);
    }
  }

  /** Reports an error from outside the ready queue. */
  #reportSoon(message: string, exception: unknown): void {
    this.#context.enqueue(() => this.#report(message, exception));
  }

  #report(message: string, exception: unknown): void {
    this.#context.scheduler.report({
      message,
      exception,
      transport: this,
      protocol: this.protocol,
    });
  }
}

function isFile(
  stdio: SubprocessStdio | typeof STDOUT | null | undefined,
): stdio is Deno.FsFile {
  return typeof stdio === "object" && stdio !== null;
}

/** Passes the events of a pipe on to the protocol of the process. */
class PipeProtocol extends Protocol {
  readonly #fd: number;
  readonly #process: ProcessTransport;

  constructor(fd: number, process: ProcessTransport) {
    super();
    this.#fd = fd;
    this.#process = process;
  }

  override dataReceived(data: Uint8Array<ArrayBuffer>): void {
    this.#process.pipeReceived(this.#fd, data);
  }

  override connectionLost(error: Error | null): void {
    this.#process.pipeLost(this.#fd, error);
  }

  get [pausesDirectly](): boolean {
    return canPauseDirectly(this.#process.protocol);
  }

  override pauseWriting(): void {
    this.#process.protocol.pauseWriting();
  }

  override resumeWriting(): void {
    this.#process.protocol.resumeWriting();
  }
}
