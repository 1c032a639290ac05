// Copyright 2026 the asyncio for Deno authors. MIT license.

import { setStdinReferenced } from "../loop/core/deno_workarounds.ts";
import { fulfilled, type Future } from "../loop/core/future.ts";
import { callInline } from "../loop/core/inline_call.ts";
import type { EventLoop } from "../loop/event_loop.ts";
import { assertDeno } from "../loop/core/runtime.ts";
import { currentScheduler, type Scheduler } from "../loop/core/scheduler.ts";
import { readOnDemand, StreamReader, takeAll } from "./stream_reader.ts";
import { StreamReaderProtocol } from "./stream_reader_protocol.ts";

/**
 * Opens the standard input of the program as a reader.
 *
 * It is read only while a read of the reader is awaited, and only that keeps the program alive. All calls in an event
 * loop return the same reader, and the next loop gets what was left unread, so nothing is lost between two `run()`s.
 * Don't use `Deno.stdin` at the same time.
 *
 * Cancel safe: so are the methods of the reader.
 *
 * @returns A future of the reader.
 * @throws {Deno.errors.NotSupported} If the program does not run on Deno.
 *
 * @example Usage
 * ```ts
 * import { openStdin, run } from "@asyncio/asyncio";
 *
 * async function main(): Promise<void> {
 *   const reader = await openStdin();
 *   for await (const line of reader.lines()) console.log(line.toUpperCase());
 * }
 *
 * if (import.meta.main) await run(main);
 * ```
 *
 * @category Streams
 */
export function openStdin(): Future<StreamReader> {
  assertDeno("openStdin");
  const scheduler = currentScheduler();
  if (latest?.scheduler === scheduler) {
    return fulfilled(scheduler, latest.reader);
  }
  const { loop } = scheduler;
  const reader = new StreamReader({ loop });
  const pipe = new StdinPipe();
  readOnDemand(reader, (isPending) => pipe.setAwaited(isPending));
  if (latest?.scheduler.closed) reader.feedData(takeAll(latest.reader));
  latest = { scheduler, reader };
  return callInline(scheduler, "openStdin()", async () => {
    await loop.connectReadPipe(
      () => new StdinProtocol(reader, pipe, loop),
      pipe,
    );
    return reader;
  });
}

const NOTHING = new Uint8Array(0);

/** The reader that was opened last, and its loop. */
let latest: { scheduler: Scheduler; reader: StreamReader } | null = null;

/** The pending read of the standard input, which cannot be cancelled: it may outlive the loop that began it. */
let pending: { memory: Uint8Array; count: Promise<number | null> } | null =
  null;
/** The bytes that a loop had read and not delivered when it was closed. */
let rest = new Uint8Array(0);

/** The standard input as the pipe of one loop. Closing it leaves the standard input open. */
class StdinPipe {
  /** Whether the result of a read keeps the program alive. */
  #isAwaited = false;
  #isClosed = false;
  /** The bytes that have been read and not delivered. */
  #undelivered = NOTHING;

  async read(memory: Uint8Array): Promise<number | null> {
    while (rest.length === 0) {
      const read = pending ??= { memory, count: Deno.stdin.read(memory) };
      setStdinReferenced(this.#isAwaited);
      let count;
      let isOurs = false;
      try {
        count = await read.count;
      } finally {
        // Otherwise another loop gets the bytes.
        isOurs = !this.#isClosed && pending === read;
        if (isOurs) {
          pending = null;
          setStdinReferenced(true);
        }
      }
      if (this.#isClosed || count === null) return null;
      if (isOurs) rest = read.memory.slice(0, count);
    }
    const count = Math.min(rest.length, memory.length);
    memory.set(rest.subarray(0, count));
    this.#undelivered = rest.subarray(0, count);
    rest = rest.subarray(count);
    return count;
  }

  /** Called when the bytes of the last read have been delivered. */
  delivered(): void {
    this.#undelivered = NOTHING;
  }

  setAwaited(isAwaited: boolean): void {
    this.#isAwaited = isAwaited;
    if (pending !== null) setStdinReferenced(isAwaited);
  }

  close(): void {
    this.setAwaited(false);
    this.#isClosed = true;
    rest = new Uint8Array([...this.#undelivered, ...rest]);
  }
}

/** Reports deliveries to the pipe. */
class StdinProtocol extends StreamReaderProtocol {
  readonly #pipe: StdinPipe;

  constructor(reader: StreamReader, pipe: StdinPipe, loop: EventLoop) {
    super(reader, null, { loop });
    this.#pipe = pipe;
  }

  override dataReceived(data: Uint8Array<ArrayBuffer>): void {
    this.#pipe.delivered();
    super.dataReceived(data);
  }
}
