// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { StreamWriter } from "@asyncio/asyncio";

/** The greatest number of unsent bytes; a member with more is cut off. */
const MAX_BACKLOG = 64 * 1024;

/** A client that is connected and has a name. */
export class Member {
  readonly name: string;
  room = "";
  readonly #writer: StreamWriter;

  constructor(name: string, writer: StreamWriter) {
    this.name = name;
    this.#writer = writer;
  }

  /**
   * Sends a line, without waiting for it to arrive: one slow member would hold up
   * all others.
   */
  tell(line: string): void {
    if (this.#writer.isClosing()) return;
    this.#writer.write(`${line}\r\n`);
    const { transport } = this.#writer;
    // The task of the connection notices, and tells the others
    if (transport.getWriteBufferSize() > MAX_BACKLOG) transport.abort();
  }
}
