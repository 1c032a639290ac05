// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { CallbackContext } from "../engine/callback_context.ts";

const BLOCK_SIZE = 64 * 1024;

/** Passes a file on to the standard input of a process, whose end is the end of the file. */
export async function feedFile(
  file: Deno.FsFile,
  stdin: WritableStream<Uint8Array>,
): Promise<void> {
  const writer = stdin.getWriter();
  // Who reads may go before everything is written, as at the end of a Unix pipe.
  writer.closed.catch(() => {});
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

/** Writes what a process puts out into a file. */
export class FileDrain {
  readonly #file: Deno.FsFile;
  readonly #context: CallbackContext;
  #isReading = false;
  #isEnded = false;
  /** How many chunks there have been. */
  #count = 0;

  constructor(file: Deno.FsFile, context: CallbackContext) {
    this.#file = file;
    this.#context = context;
  }

  /** Writes until the end; fails if the file cannot be written. */
  async run(output: ReadableStream<Uint8Array>): Promise<void> {
    const reader = output.getReader();
    try {
      while (true) {
        this.#isReading = true;
        const { done, value } = await reader.read();
        this.#isReading = false;
        if (done) return;
        this.#count++;
        await writeAll(this.#file, value);
      }
    } catch (error) {
      // Who writes is told as at the end of a Unix pipe.
      await reader.cancel(error).catch(() => {});
      throw error;
    } finally {
      this.#isEnded = true;
    }
  }

  /**
   * Resolves when everything is in the file that had been put out by the time of the call. The end may be
   * far: another process may have the same output.
   */
  async settled(): Promise<void> {
    while (!this.#isEnded) {
      const before = this.#count;
      await this.#turn();
      // What is in the pipe is read within a turn.
      if (this.#isReading && this.#count === before) return;
    }
  }

  #turn(): Promise<void> {
    const { host } = this.#context.scheduler;
    return new Promise((resolve) => host.macrotask(resolve, true));
  }
}

async function writeAll(file: Deno.FsFile, data: Uint8Array): Promise<void> {
  for (let rest = data; rest.length > 0;) {
    rest = rest.subarray(await file.write(rest));
  }
}
