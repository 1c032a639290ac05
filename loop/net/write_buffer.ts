// Copyright 2026 the asyncio for Deno authors. MIT license.

import { formatValue } from "../core/validate.ts";
import { assertNumber } from "../core/validate.ts";
import { type BaseTransport, notSupported } from "./base_transport.ts";

/** A queue of unsent data. */
interface Queue {
  /** The number of bytes. */
  readonly size: number;
}

/** Calls a method of a protocol. */
type CallProtocol = (method: "pauseWriting" | "resumeWriting") => void;

/** The unsent data of a transport, which pauses and resumes the protocol at the water marks. */
export class WriteBuffer {
  readonly #queue: Queue;
  readonly #callProtocol: CallProtocol;
  #marks = DEFAULT_MARKS;
  #isPaused = false;

  constructor(queue: Queue, callProtocol: CallProtocol) {
    this.#queue = queue;
    this.#callProtocol = callProtocol;
  }

  /** The number of unsent bytes. */
  get size(): number {
    return this.#queue.size;
  }

  /** Whether the protocol has been told to pause. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Returns the water marks. */
  get limits(): [low: number, high: number] {
    return [this.#marks.low, this.#marks.high];
  }

  setLimits(high?: number | null, low?: number | null): void {
    this.#marks = waterMarks(high, low);
    this.pauseIfFull();
  }

  pauseIfFull(): void {
    if (this.#queue.size <= this.#marks.high || this.#isPaused) return;
    this.#isPaused = true;
    this.#callProtocol("pauseWriting");
  }

  resumeIfDrained(): void {
    if (!this.#isPaused || this.#queue.size > this.#marks.low) return;
    this.#isPaused = false;
    this.#callProtocol("resumeWriting");
  }

  /** Ends a pause without a call to the protocol. */
  cancelPause(): void {
    this.#isPaused = false;
  }
}

// A map, since a member would be visible in the public classes.
const buffers = new WeakMap<BaseTransport<unknown>, WriteBuffer>();

/** Sets the buffer that the public methods of a transport work on. */
export function setWriteBuffer(
  transport: BaseTransport<unknown>,
  buffer: WriteBuffer,
): void {
  buffers.set(transport, buffer);
}

/** Returns the buffer of a transport, for one of its methods; throws if the transport has none. */
export function writeBufferOf(
  transport: BaseTransport<unknown>,
  method: string,
): WriteBuffer {
  const buffer = buffers.get(transport);
  if (buffer === undefined) throw notSupported(method);
  return buffer;
}

interface WaterMarks {
  readonly low: number;
  readonly high: number;
}

const DEFAULT_HIGH = 64 * 1024;

const DEFAULT_MARKS = waterMarks();

function waterMarks(high?: number | null, low?: number | null): WaterMarks {
  if (high != null) assertNumber("The high-water mark", high);
  if (low != null) assertNumber("The low-water mark", low);
  high ??= low == null ? DEFAULT_HIGH : 4 * low;
  low ??= Math.floor(high / 4);
  if (high >= low && low >= 0) return { low, high };
  throw new RangeError(
    `The water marks must satisfy high >= low >= 0: received ${
      formatValue(high)
    } and ${formatValue(low)}`,
  );
}
