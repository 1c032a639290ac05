// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Resource, Scheduler } from "../../core/scheduler.ts";

const BLOCK_SIZE = 64 * 1024;

/** Passes a file on to the standard input of a process, whose end is the end of the file. */
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

/** Writes what a process puts out into a file, until the end, which is far if another process puts out more. */
export class FileDrain implements Resource {
  readonly #file: Deno.FsFile;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #scheduler: Scheduler;
  /** What is being written; `null` while there is nothing to write. */
  #writing: Promise<void> | null = null;
  /** How many chunks there have been. */
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

  /** Writes until the end; fails if the file cannot be written. */
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
      // Who writes is told as at the end of a Unix pipe.
      this.stop();
    }
  }

  /** Resolves when everything is in the file that had been put out by the time of the call. */
  async settled(): Promise<void> {
    while (!this.#isEnded) {
      const before = this.#count;
      await this.#writing?.catch(() => {});
      await this.#turn();
      // What is in the pipe is read within a turn.
      if (this.#writing === null && this.#count === before) break;
    }
    this.#isSettled = true;
  }

  /** Writes no more. */
  stop(): void {
    this.#reader.cancel().catch(() => {});
  }

  /** The loop is closed. The process is killed then, and what it had put out is still written. */
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
