// Copyright 2026 the asyncio for Deno authors. MIT license.

/** A connection whose other end is the test. */
export class FakeConn implements Deno.Conn {
  readonly localAddr: Deno.Addr = address(1);
  readonly remoteAddr: Deno.Addr = address(2);
  /** The written data, by operation. */
  readonly written: string[] = [];
  /** How many bytes an operation takes at most. */
  takes = Infinity;
  isClosed = false;
  isWriting = false;
  #blocked: PromiseWithResolvers<void> | null = null;
  #read: PromiseWithResolvers<number | null> | null = null;
  #memory: Uint8Array = new Uint8Array(0);

  /** Lets writes wait. */
  block(): void {
    this.#blocked = Promise.withResolvers();
  }

  /** Unblocks the pending write, and those that follow. */
  unblock(): void {
    this.#blocked?.resolve();
    this.#blocked = null;
  }

  /** Fails the write that waits. */
  fail(error: Error): void {
    this.#blocked?.reject(error);
    this.#blocked = null;
  }

  /** Completes the read that waits. */
  receive(text: string | null): void {
    const read = this.#read!;
    this.#read = null;
    if (text === null) read.resolve(null);
    else read.resolve(new TextEncoder().encodeInto(text, this.#memory).written);
  }

  /** Fails the read that waits. */
  failRead(error: Error): void {
    this.#read!.reject(error);
    this.#read = null;
  }

  get isReading(): boolean {
    return this.#read !== null;
  }

  read(memory: Uint8Array): Promise<number | null> {
    this.#memory = memory;
    this.#read = Promise.withResolvers();
    return this.#read.promise;
  }

  async write(data: Uint8Array): Promise<number> {
    const count = Math.min(this.takes, data.length);
    this.isWriting = true;
    await this.#blocked?.promise;
    this.isWriting = false;
    this.written.push(new TextDecoder().decode(data.subarray(0, count)));
    return count;
  }

  closeWrite(): Promise<void> {
    this.written.push("EOF");
    return Promise.resolve();
  }

  close(): void {
    this.isClosed = true;
    const error = new Deno.errors.Interrupted("operation canceled");
    this.#read?.reject(error);
    this.#blocked?.reject(error);
  }

  ref(): void {}
  unref(): void {}

  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    throw new Error("readable closes the connection at the end of the stream");
  }

  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    throw new Error("writable is not used");
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function address(port: number): Deno.NetAddr {
  return { transport: "tcp", hostname: "192.0.2.1", port };
}
