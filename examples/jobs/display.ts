// Copyright 2026 the asyncio for Deno authors. MIT license.

import { getRunningLoop, sleep } from "@asyncio/asyncio";

/** A terminal, whose last line can be rewritten. */
export interface Screen {
  readonly write: (text: string) => void;
  readonly columns: () => number;
}

const ERASE_LINE = "\r\x1b[K";
const INTERVAL = 0.1;

/** Prints lines, and below them the progress of the jobs, if there is a terminal. */
export class Display {
  readonly #total: number;
  readonly #screen: Screen | null;
  /** The running jobs, with the time at which they began. */
  readonly #running = new Map<object, { name: string; start: number }>();
  #done = 0;
  #failed = 0;

  constructor(total: number, screen: Screen | null) {
    this.#total = total;
    this.#screen = screen;
  }

  /** The number of failed jobs. */
  get failed(): number {
    return this.#failed;
  }

  /** Prints a line above the progress. */
  print(line: string): void {
    if (this.#screen === null) return console.log(line);
    this.#screen.write(`${ERASE_LINE}${line}\n`);
    this.#draw();
  }

  /** Registers a job that begins. Returns a function to call with its end. */
  begin(name: string): (hasFailed: boolean) => void {
    const key = {};
    this.#running.set(key, { name, start: getRunningLoop().time() });
    return (hasFailed) => {
      this.#running.delete(key);
      this.#done++;
      if (hasFailed) this.#failed++;
    };
  }

  /** Keeps the line below up to date until it is cancelled, and erases it. */
  async show(): Promise<never> {
    try {
      while (true) {
        this.#draw();
        await sleep(INTERVAL);
      }
    } finally {
      this.#screen?.write(ERASE_LINE);
    }
  }

  #draw(): void {
    // A line that is too long would wrap, and only one line can be erased
    const line = this.#progress().slice(0, this.#screen?.columns());
    this.#screen?.write(ERASE_LINE + line);
  }

  #progress(): string {
    const now = getRunningLoop().time();
    const running = this.#running.values().map(({ name, start }) =>
      ` | ${(now - start).toFixed(1)} s ${name}`
    );
    return `${this.#done} of ${this.#total} done, ${this.#failed} failed` +
      [...running].join("");
  }
}

/** Returns the terminal, if standard output is one. */
export function terminal(): Screen | null {
  if (!Deno.stdout.isTerminal()) return null;
  const encoder = new TextEncoder();
  return {
    write: (text) => Deno.stdout.writeSync(encoder.encode(text)),
    // Some terminals report no columns
    columns: () => (Deno.consoleSize().columns || 80) - 1,
  };
}
