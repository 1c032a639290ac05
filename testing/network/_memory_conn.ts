// Copyright 2026 the asyncio for Deno authors. MIT license.

import { failed } from "../../loop/operation.ts";
import type { Scheduler } from "../../loop/scheduler.ts";
import { callAt } from "./_appointment.ts";
import type { Route } from "./_route.ts";
import { Wire } from "./_wire.ts";

/** The two ends of a connection, and the ways between them. */
export interface MemoryConnOptions {
  readonly localAddr: Deno.NetAddr;
  readonly remoteAddr: Deno.NetAddr;
  /** The way from here to the other end. */
  readonly route: Route;
  readonly onClosed: () => void;
}

/** One end of a connection in memory, in the manner of Deno's. */
export class MemoryConn implements Deno.Conn<Deno.NetAddr> {
  readonly localAddr: Deno.NetAddr;
  readonly remoteAddr: Deno.NetAddr;
  readonly #scheduler: Scheduler;
  readonly #route: Route;
  readonly #onClosed: () => void;
  #peer!: MemoryConn;
  /** What this end writes. */
  #output!: Wire;
  #isClosed = false;
  #isEnded = false;
  #failure: Error | null = null;
  #readable: ReadableStream<Uint8Array<ArrayBuffer>> | null = null;
  #writable: WritableStream<Uint8Array<ArrayBufferLike>> | null = null;

  private constructor(scheduler: Scheduler, options: MemoryConnOptions) {
    this.#scheduler = scheduler;
    this.localAddr = options.localAddr;
    this.remoteAddr = options.remoteAddr;
    this.#route = options.route;
    this.#onClosed = options.onClosed;
  }

  /** The two ends of a new connection. */
  static pair(
    scheduler: Scheduler,
    one: MemoryConnOptions,
    other: MemoryConnOptions,
  ): [MemoryConn, MemoryConn] {
    const ends: [MemoryConn, MemoryConn] = [
      new MemoryConn(scheduler, one),
      new MemoryConn(scheduler, other),
    ];
    ends[0].#connect(ends[1]);
    ends[1].#connect(ends[0]);
    return ends;
  }

  #connect(peer: MemoryConn): void {
    this.#peer = peer;
    this.#output = new Wire(this.#scheduler, this.#route, {
      onRefused: () => peer.#sendReset(),
      onGivenUp: () => {
        this.fail(new Deno.errors.TimedOut("The connection timed out"));
        peer.#output.lose();
      },
    });
  }

  read(memory: Uint8Array): Promise<number | null> {
    const error = this.#whyNot();
    if (error !== null) return failed(this.#scheduler, error);
    return this.#peer.#output.read(memory);
  }

  write(data: Uint8Array): Promise<number> {
    const error = this.#whyNot() ?? (this.#isEnded ? brokenPipe() : null);
    if (error !== null) return failed(this.#scheduler, error);
    return this.#output.write(data);
  }

  closeWrite(): Promise<void> {
    const error = this.#whyNot();
    if (error !== null) return Promise.reject(error);
    this.#end();
    return Promise.resolve();
  }

  close(): void {
    if (this.#isClosed) throw badResource();
    this.#isClosed = true;
    const input = this.#peer.#output;
    const isUnread = input.unread > 0;
    input.close(badResource());
    this.#output.failWriting(badResource());
    if (this.#failure === null) {
      if (isUnread) this.#sendReset();
      else this.#end();
    }
    this.#onClosed();
  }

  /** The connection is broken at this end. */
  fail(error: Error): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.#peer.#output.kill(error);
    this.#output.failWriting(error);
  }

  /** This end is gone without a word; what comes from the other one is answered by a reset. */
  vanish(): void {
    this.#output.lose();
    this.#isClosed = true;
    this.#peer.#output.close(badResource());
    this.#output.failWriting(badResource());
    this.#onClosed();
  }

  ref(): void {}

  unref(): void {}

  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#readable ??= new ReadableStream({
      type: "bytes",
      autoAllocateChunkSize: 16 * 1024,
      pull: async (controller) => {
        const request = controller.byobRequest!;
        const count = await this.read(request.view as Uint8Array);
        if (count === null) controller.close();
        request.respond(count ?? 0);
      },
      cancel: () => this.close(),
    });
  }

  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    return this.#writable ??= new WritableStream({
      write: async (chunk) => {
        for (let rest = chunk; rest.length > 0;) {
          rest = rest.subarray(await this.write(rest));
        }
      },
      close: () => this.closeWrite(),
      abort: () => this.close(),
    });
  }

  [Symbol.dispose](): void {
    if (!this.#isClosed) this.close();
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#output.end();
  }

  #sendReset(): void {
    const arrival = this.#scheduler.time() + this.#route.latency();
    callAt(this.#scheduler, arrival, () => {
      if (this.#route.isCut()) return;
      this.#route.note("reset");
      this.#peer.fail(connectionReset());
    });
  }

  #whyNot(): Error | null {
    return this.#isClosed ? badResource() : this.#failure;
  }
}

/** The peer has ended the connection without care. */
export function connectionReset(): Error {
  return new Deno.errors.ConnectionReset("Connection reset by peer");
}

function brokenPipe(): Error {
  return new Deno.errors.BrokenPipe("Broken pipe");
}

function badResource(): Error {
  return new Deno.errors.BadResource("The connection is closed");
}
