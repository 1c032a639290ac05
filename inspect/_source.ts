// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Client } from "./_client.ts";
import type { TopData } from "./_top_frame.ts";

/** How many tasks are described at a time. */
const MAX_TASKS = 2000;
/** How long places are recorded when a viewer asks for it, in seconds. */
export const RECORDING = 60;

/** The answers of a program, and the rates since the last request. Connects again after an error. */
export class Source implements AsyncDisposable {
  readonly #connect: () => Promise<Client>;
  #client: Client | null = null;
  #before: { steps: number; busy: number; seconds: number } | null = null;

  constructor(connect: () => Promise<Client>) {
    this.#connect = connect;
  }

  async read(): Promise<TopData> {
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

  async #connected(): Promise<Client> {
    return this.#client ??= await this.#connect();
  }
}
