// Copyright 2026 the asyncio for Deno authors. MIT license.

import { failed } from "../../loop/core/primitive_future.ts";
import type { Scheduler } from "../../loop/core/scheduler.ts";
import { errors } from "../../loop/core/runtime.ts";
import type { Route } from "./_route.ts";
import { Wire } from "./_wire.ts";

/** The options of one end of a connection. */
export interface MemoryConnOptions {
  readonly localAddr: Deno.Addr;
  readonly remoteAddr: Deno.Addr;
  /** The route from this end to the other. */
  readonly route: Route;
  /** Called once, when this end is closed or gone. */
  readonly onClosed: () => void;
}

/** One end of an in-memory connection, with the behaviour of a Deno connection. */
export class MemoryConn implements Deno.Conn {
  readonly localAddr: Deno.Addr;
  readonly remoteAddr: Deno.Addr;
  readonly #scheduler: Scheduler;
  readonly #onClosed: () => void;
  readonly #output: Wire;
  #input!: Wire;
  #isClosed = false;
  #isEnded = false;
  /** The host has forgotten the connection, and answers what it receives with a reset. */
  #isGone = false;
  #hasRefused = false;
  #isReleased = false;
  #failure: Error | null = null;
  #readable: ReadableStream<Uint8Array<ArrayBuffer>> | null = null;
  #writable: WritableStream<Uint8Array<ArrayBufferLike>> | null = null;

  private constructor(
    scheduler: Scheduler,
    { localAddr, remoteAddr, route, onClosed }: MemoryConnOptions,
    peer: () => MemoryConn,
  ) {
    this.#scheduler = scheduler;
    this.localAddr = localAddr;
    this.remoteAddr = remoteAddr;
    this.#onClosed = onClosed;
    this.#output = new Wire(scheduler, route, {
      onIgnored: (what) => peer().#ignore(what),
      onReset: () => peer().fail(connectionReset()),
      onGivenUp: () => {
        this.fail(new errors.TimedOut("The connection timed out"));
      },
    });
  }

  /** Returns the two ends of a new connection. */
  static pair(
    scheduler: Scheduler,
    one: MemoryConnOptions,
    other: MemoryConnOptions,
  ): [MemoryConn, MemoryConn] {
    const near: MemoryConn = new MemoryConn(scheduler, one, () => far);
    const far: MemoryConn = new MemoryConn(scheduler, other, () => near);
    near.#input = far.#output;
    far.#input = near.#output;
    return [near, far];
  }

  read(memory: Uint8Array): Promise<number | null> {
    if (this.#isClosed) return failed(this.#scheduler, badResource());
    return this.#input.read(memory);
  }

  write(data: Uint8Array): Promise<number> {
    const error = this.#whyNoWriting();
    if (error !== null) return failed(this.#scheduler, error);
    return this.#output.write(data);
  }

  closeWrite(): Promise<void> {
    if (this.#isClosed) return Promise.reject(badResource());
    this.#end();
    return Promise.resolve();
  }

  close(): void {
    if (this.#isClosed) throw badResource();
    this.#isClosed = true;
    const isUnread = this.#input.unread > 0;
    this.#letGo(interrupted());
    if (isUnread) this.#abort();
    else this.#end();
  }

  /** Closes this end, and resets the connection. */
  reject(): void {
    this.#isClosed = true;
    this.#letGo(interrupted());
    this.#abort();
  }

  /** Breaks this end of the connection. */
  fail(error: Error): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.#isGone = true;
    this.#output.lose();
    this.#output.failWriting(this.#input.isEnded ? brokenPipe() : error);
    this.#input.failReading(error);
  }

  /** Makes this end vanish without notice to the other. */
  vanish(): void {
    this.fail(connectionReset());
    // Nothing that it sent before arrives any more.
    this.#output.lose();
    this.#letGo(connectionReset());
    // A peer whose answer was lost asks again.
    if (this.#hasRefused) this.#output.refuse();
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
        if (count === null) {
          controller.close();
          this[Symbol.dispose]();
        }
        request.respond(count ?? 0);
      },
      cancel: () => this[Symbol.dispose](),
    });
  }

  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    return this.#writable ??= new WritableStream({
      write: async (chunk) => {
        for (let rest = chunk; rest.length > 0;) {
          rest = rest.subarray(await this.write(rest));
        }
      },
      close: () => this[Symbol.dispose](),
      abort: () => this[Symbol.dispose](),
    });
  }

  [Symbol.dispose](): void {
    if (!this.#isClosed) this.close();
  }

  #whyNoWriting(): Error | null {
    if (this.#isClosed) return badResource();
    if (this.#isEnded) return brokenPipe();
    if (this.#failure === null) return null;
    return this.#input.isEnded ? brokenPipe() : this.#failure;
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    if (!this.#isGone) this.#output.end();
  }

  #abort(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#output.abort();
  }

  #letGo(error: Error): void {
    this.#input.close(error);
    this.#output.failWriting(error);
    if (!this.#isReleased) this.#onClosed();
    this.#isReleased = true;
  }

  /** Handles an arrival after this end has stopped reading. */
  #ignore(what: "bytes" | "end"): void {
    if (this.#hasRefused || (what === "end" && !this.#isGone)) return;
    this.#isGone = this.#hasRefused = true;
    this.#output.refuse();
  }
}

/** Returns the error of a connection that the peer has reset. */
export function connectionReset(): Error {
  return new errors.ConnectionReset("Connection reset by peer");
}

function brokenPipe(): Error {
  return new errors.BrokenPipe("Broken pipe");
}

/** Returns the error of an operation that was pending when its resource was closed. */
export function interrupted(): Error {
  return new errors.Interrupted("operation canceled");
}

function badResource(): Error {
  return new errors.BadResource("Bad resource ID");
}
