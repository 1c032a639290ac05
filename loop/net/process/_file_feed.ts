// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Resource, Scheduler } from "../../core/scheduler.ts";

const BLOCK_SIZE = 64 * 1024;

/** Copies a file to the standard input of a process, and closes that at the end of the file. */
export async function feedFile(
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
export class FileDrain implements Resource {
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
      // Data in the pipe is read within one turn of Deno's event loop.
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
