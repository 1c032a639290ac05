// Copyright 2026 the asyncio for Deno authors. MIT license.

import { getRunningLoop } from "@asyncio/asyncio";

/** How long a line may wait for others, in seconds. */
const DELAY = 0.02;

/** Writes lines to an output, several at once: each write takes longer than a short request. */
export class Log implements Disposable {
  readonly #output: { writeSync(data: Uint8Array): number };
  #text = "";

  constructor(output: { writeSync(data: Uint8Array): number } = Deno.stdout) {
    this.#output = output;
  }

  /** Takes a line. */
  readonly add = (line: string): void => {
    if (this.#text === "") {
      getRunningLoop().callLater(DELAY, () => this.#write());
    }
    this.#text += `${line}\n`;
  };

  #write(): void {
    let rest = new TextEncoder().encode(this.#text);
    this.#text = "";
    while (rest.length > 0) rest = rest.subarray(this.#output.writeSync(rest));
  }

  [Symbol.dispose](): void {
    this.#write();
  }
}
