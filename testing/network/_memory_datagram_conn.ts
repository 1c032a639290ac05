// Copyright 2026 the asyncio for Deno authors. MIT license.

import { fulfil, fulfilled, Future } from "../../loop/core/future.ts";
import { failed } from "../../loop/core/primitive_future.ts";
import type { Scheduler } from "../../loop/core/scheduler.ts";
import type { DatagramConnLike } from "../../loop/net/datagram_socket.ts";
import { errors } from "../../loop/core/runtime.ts";
import { interrupted } from "./_memory_conn.ts";

/** The largest datagram that UDP can carry. */
const MAX_SIZE = 65_507;

/** The capacity of the receive buffer, in datagrams; more are lost. */
const CAPACITY = 1024;

type Received = [Uint8Array<ArrayBuffer>, Deno.Addr];

/** The methods of the network that a datagram socket uses. */
export interface MemoryDatagramOptions {
  /** Sends a datagram. */
  readonly post: (data: Uint8Array<ArrayBuffer>, to: Deno.NetAddr) => void;
  readonly onClosed: () => void;
}

/** An in-memory datagram socket, with the behaviour of a Deno socket. */
export class MemoryDatagramConn implements DatagramConnLike {
  readonly addr: Deno.NetAddr;
  readonly #scheduler: Scheduler;
  readonly #options: MemoryDatagramOptions;
  readonly #waiting: Received[] = [];
  #receiving: Future<Received>[] = [];
  #isClosed = false;

  constructor(
    scheduler: Scheduler,
    addr: Deno.NetAddr,
    options: MemoryDatagramOptions,
  ) {
    this.#scheduler = scheduler;
    this.addr = addr;
    this.#options = options;
  }

  /** Delivers a datagram. */
  push(data: Uint8Array<ArrayBuffer>, from: Deno.NetAddr): void {
    for (let first; (first = this.#receiving.shift()) !== undefined;) {
      if (first.done()) continue;
      fulfil(first, [data, from]);
      return;
    }
    if (this.#waiting.length < CAPACITY) this.#waiting.push([data, from]);
  }

  receive(): Promise<Received> {
    if (this.#isClosed) return failed(this.#scheduler, closedError());
    const first = this.#waiting.shift();
    if (first !== undefined) return fulfilled(this.#scheduler, first);
    const received = new Future<Received>(this.#scheduler);
    this.#receiving.push(received);
    return received;
  }

  send(data: Uint8Array, to: Deno.Addr): Promise<number> {
    if (this.#isClosed) return Promise.reject(closedError());
    if (data.length > MAX_SIZE) return Promise.reject(tooLong());
    this.#options.post(data.slice(), to as Deno.NetAddr);
    return Promise.resolve(data.length);
  }

  close(): void {
    if (this.#isClosed) throw new errors.BadResource("Bad resource ID");
    this.#isClosed = true;
    const receiving = this.#receiving;
    this.#receiving = [];
    for (const received of receiving) {
      if (!received.done()) received.setException(interrupted());
    }
    this.#options.onClosed();
  }

  joinMulticastV4(): Promise<never> {
    return Promise.reject(noMulticast());
  }

  joinMulticastV6(): Promise<never> {
    return Promise.reject(noMulticast());
  }

  [Symbol.dispose](): void {
    if (!this.#isClosed) this.close();
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Received> {
    while (!this.#isClosed) {
      let received;
      try {
        received = await this.receive();
      } catch (error) {
        if (this.#isClosed) return;
        throw error;
      }
      yield received;
    }
  }
}

function closedError(): Error {
  return new errors.BadResource("Socket has been closed");
}

function tooLong(): Error {
  return Object.assign(new Error("Message too long"), { code: "EMSGSIZE" });
}

function noMulticast(): Error {
  return new errors.NotSupported(
    "Multicast is not supported by MemoryNetwork",
  );
}
