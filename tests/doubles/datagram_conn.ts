// Copyright 2026 the asyncio for Deno authors. MIT license.

/** A socket of datagrams whose other end is the test. */
export class FakeDatagramConn implements Deno.DatagramConn {
  readonly addr: Deno.Addr;
  /** The datagrams that were sent, with their ports. */
  readonly sent: string[] = [];
  isClosed = false;
  /** The datagrams that wait while the socket is blocked. */
  readonly sending: PromiseWithResolvers<void>[] = [];
  isBlocked = false;
  #receiving:
    | PromiseWithResolvers<[Uint8Array<ArrayBuffer>, Deno.Addr]>
    | null = null;

  constructor(
    addr: Deno.Addr = { transport: "udp", hostname: "192.0.2.1", port: 1 },
  ) {
    this.addr = addr;
  }

  /** Completes the receive that waits. */
  deliver(text: string, port = 2): void {
    this.#receiving!.resolve([
      new TextEncoder().encode(text),
      { transport: "udp", hostname: "192.0.2.1", port },
    ]);
  }

  /** Fails the receive that waits. */
  fail(error: Error): void {
    this.#receiving!.reject(error);
  }

  receive(): Promise<[Uint8Array<ArrayBuffer>, Deno.Addr]> {
    this.#receiving = Promise.withResolvers();
    return this.#receiving.promise;
  }

  async send(data: Uint8Array, addr: Deno.Addr): Promise<number> {
    const text = new TextDecoder().decode(data);
    if (this.isBlocked) {
      const waiting = Promise.withResolvers<void>();
      this.sending.push(waiting);
      await waiting.promise;
    }
    this.sent.push(`${text} to ${(addr as Deno.NetAddr).port}`);
    return data.length;
  }

  joinMulticastV4(): Promise<never> {
    throw new Error("joinMulticastV4 is not used");
  }

  joinMulticastV6(): Promise<never> {
    throw new Error("joinMulticastV6 is not used");
  }

  close(): void {
    this.isClosed = true;
    this.#receiving?.reject(new Deno.errors.Interrupted("operation canceled"));
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<
    [Uint8Array<ArrayBuffer>, Deno.Addr]
  > {
    while (!this.isClosed) yield await this.receive();
  }
}
