// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { StreamWriter } from "@asyncio/asyncio";

/** How many bytes wait for one that reads slowly; who has more is cut off. */
const MAX_BACKLOG = 64 * 1024;

/** Somebody who is connected and has a name. */
export class Member {
  readonly name: string;
  room = "";
  readonly #writer: StreamWriter;

  constructor(name: string, writer: StreamWriter) {
    this.name = name;
    this.#writer = writer;
  }

  /**
   * Sends a line. Nobody waits until it is there: one slow member would hold up
   * all others.
   */
  tell(line: string): void {
    if (this.#writer.isClosing()) return;
    this.#writer.write(`${line}\r\n`);
    const { transport } = this.#writer;
    // Its task notices, and says to the others that it has left
    if (transport.getWriteBufferSize() > MAX_BACKLOG) transport.abort();
  }
}
