// Copyright 2026 the asyncio for Deno authors. MIT license.

import { fulfil, Future } from "../../loop/future.ts";
import { failed } from "../../loop/operation.ts";
import type { Scheduler } from "../../loop/scheduler.ts";

/** The largest datagram that UDP can carry. */
const MAX_SIZE = 65_507;

/** How many datagrams wait to be received; others are lost. */
const CAPACITY = 1024;

type Received = [Uint8Array<ArrayBuffer>, Deno.Addr];

/** Sends a datagram on its way. */
export type Post = (data: Uint8Array<ArrayBuffer>, to: Deno.NetAddr) => void;

/** A socket of datagrams in memory, in the manner of Deno's. */
export class MemoryDatagramConn implements Deno.DatagramConn {
  readonly addr: Deno.NetAddr;
  readonly #scheduler: Scheduler;
  readonly #post: Post;
  readonly #onClosed: () => void;
  readonly #waiting: Received[] = [];
  readonly #receiving: Future<Received>[] = [];
  #isClosed = false;

  constructor(
    scheduler: Scheduler,
    addr: Deno.NetAddr,
    { post, onClosed }: { post: Post; onClosed: () => void },
  ) {
    this.#scheduler = scheduler;
    this.addr = addr;
    this.#post = post;
    this.#onClosed = onClosed;
  }

  /** A datagram arrives. */
  push(data: Uint8Array<ArrayBuffer>, from: Deno.NetAddr): void {
    for (let first; (first = this.#receiving.shift()) !== undefined;) {
      if (first.done()) continue;
      fulfil(first, [data, from]);
      return;
    }
    if (this.#waiting.length < CAPACITY) this.#waiting.push([data, from]);
  }

  receive(): Promise<Received> {
    if (this.#isClosed) return failed(this.#scheduler, badResource());
    const received = new Future<Received>({ loop: this.#scheduler.loop });
    const first = this.#waiting.shift();
    if (first === undefined) this.#receiving.push(received);
    else received.setResult(first);
    return received;
  }

  send(data: Uint8Array, to: Deno.Addr): Promise<number> {
    if (this.#isClosed) return Promise.reject(badResource());
    if (data.length > MAX_SIZE) {
      return Promise.reject(
        new RangeError(
          `Expected a datagram of at most ${MAX_SIZE} bytes: received one of ${data.length}`,
        ),
      );
    }
    this.#post(data.slice(), to as Deno.NetAddr);
    return Promise.resolve(data.length);
  }

  close(): void {
    if (this.#isClosed) throw badResource();
    this.#isClosed = true;
    for (const received of this.#receiving.splice(0)) {
      if (!received.done()) received.setException(badResource());
    }
    this.#onClosed();
  }

  joinMulticastV4(): Promise<Deno.MulticastV4Membership> {
    return Promise.reject(noMulticast());
  }

  joinMulticastV6(): Promise<Deno.MulticastV6Membership> {
    return Promise.reject(noMulticast());
  }

  [Symbol.dispose](): void {
    if (!this.#isClosed) this.close();
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Received> {
    while (!this.#isClosed) yield await this.receive();
  }
}

function badResource(): Error {
  return new Deno.errors.BadResource("The socket is closed");
}

function noMulticast(): Error {
  return new Deno.errors.NotSupported(
    "Multicast is not supported by a network in memory",
  );
}
