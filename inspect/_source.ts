// Copyright 2026 the asyncio for Deno authors. MIT license.

import { seconds } from "../loop/core/introspection/tree.ts";
import type { Client } from "./_client.ts";
import type { TopData } from "./_top_frame.ts";

/** How many tasks are described at a time. */
const MAX_TASKS = 2000;
/** How long places are recorded when a viewer asks for it, in seconds. */
export const RECORDING = 60;
/** After this time without an answer, in milliseconds, readers are told that there is none yet. */
const PATIENCE = 1000;

/** The answers of a program, and the rates since the last request. Connects again after an error. */
export class Source implements AsyncDisposable {
  readonly #connect: () => Promise<Client>;
  #client: Client | null = null;
  #before: { steps: number; busy: number; seconds: number } | null = null;
  /** The request that is not answered yet, and the time at which it began. */
  #pending: { data: Promise<TopData>; since: number } | null = null;

  constructor(connect: () => Promise<Client>) {
    this.#connect = connect;
  }

  /**
   * Asks the program, once for all concurrent reads. Throws `TimedOut` if the answer takes long; the next read
   * continues to wait for it.
   */
  async read(): Promise<TopData> {
    const { data, since } = this.#pending ??= this.#ask();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const waited = seconds(Math.round((performance.now() - since) / 1000));
        reject(
          new Deno.errors.TimedOut(
            `The program has not answered for ${waited}: a step may be computing`,
          ),
        );
      }, PATIENCE);
    });
    try {
      return await Promise.race([data, tooLong]);
    } finally {
      clearTimeout(timer);
    }
  }

  async recordPlaces(): Promise<void> {
    await (await this.#connected()).sites(RECORDING);
  }

  async cancel(task: number): Promise<void> {
    await (await this.#connected()).cancel(task);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const client = this.#client;
    this.#client = this.#before = null;
    await client?.[Symbol.asyncDispose]();
  }

  #ask(): { data: Promise<TopData>; since: number } {
    const data = this.#readAnswer().finally(() => this.#pending = null);
    // All reads may have timed out.
    data.catch(() => {});
    return { data, since: performance.now() };
  }

  async #readAnswer(): Promise<TopData> {
    try {
      const client = await this.#connected();
      const statistics = await client.statistics();
      const snapshot = await client.snapshot({ limit: MAX_TASKS });
      const before = this.#before ?? { steps: 0, busy: 0, seconds: 0 };
      const elapsed = Math.max(0.001, statistics.seconds - before.seconds);
      this.#before = statistics;
      return {
        program: client.program,
        snapshot,
        statistics,
        stepsPerSecond: (statistics.steps - before.steps) / elapsed,
        busy: Math.min(1, (statistics.busy - before.busy) / elapsed),
      };
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #connected(): Promise<Client> {
    return this.#client ??= await this.#connect();
  }
}

/**
 * Reads for the first time. A program that does not answer yet is not a mistake in the command line: it is read
 * later.
 */
export async function firstRead(source: Source): Promise<TopData | null> {
  try {
    return await source.read();
  } catch (error) {
    if (error instanceof Deno.errors.TimedOut) return null;
    throw error;
  }
}

/** Describes for the user why a program was not read. */
export function whyNoAnswer(error: unknown): string {
  return error instanceof Deno.errors.TimedOut
    ? error.message
    : "The program does not answer, or has ended";
}
