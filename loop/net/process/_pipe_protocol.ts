// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Protocol } from "../protocol.ts";
import type { SubprocessProtocol } from "../subprocess_protocol.ts";

/** What the protocols of the pipes need from the whole. */
export interface ProcessPipes {
  /** The protocol that is served at the moment. */
  readonly protocol: SubprocessProtocol;
  /** Something was read from a pipe. */
  pipeReceived(fd: number, data: Uint8Array<ArrayBuffer>): void;
  /** A pipe is closed. */
  pipeLost(fd: number, error: Error | null): void;
}

/** Hands what happens to one pipe on to the protocol of the process. */
export class PipeProtocol extends Protocol {
  readonly #fd: number;
  readonly #pipes: ProcessPipes;

  constructor(fd: number, pipes: ProcessPipes) {
    super();
    this.#fd = fd;
    this.#pipes = pipes;
  }

  override dataReceived(data: Uint8Array<ArrayBuffer>): void {
    this.#pipes.pipeReceived(this.#fd, data);
  }

  override connectionLost(error: Error | null): void {
    this.#pipes.pipeLost(this.#fd, error);
  }

  override pauseWriting(): void {
    this.#pipes.protocol.pauseWriting();
  }

  override resumeWriting(): void {
    this.#pipes.protocol.resumeWriting();
  }
}
