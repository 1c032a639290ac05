// Copyright 2026 the asyncio for Deno authors. MIT license.

import { TimedCall } from "../../loop/core/call.ts";
import { fulfil, fulfilled, Future } from "../../loop/core/future.ts";
import { failed } from "../../loop/core/primitive_future.ts";
import type { Scheduler } from "../../loop/core/scheduler.ts";
import { ByteQueue } from "../../streams/_read_buffer.ts";
import type { Route } from "./_route.ts";

/** The largest number of bytes in flight or unread. */
const CAPACITY = 64 * 1024;

/** The number of seconds without progress after which the connection times out. */
const GIVE_UP = 900;

/** The events of a wire. */
export interface WireEvents {
  /** Bytes or the end arrived after the reading end was closed. */
  onIgnored(what: "bytes" | "end"): void;
  /** The other end has reset the connection. */
  onReset(): void;
  /** The connection has timed out. */
  onGivenUp(): void;
}

/** A packet in flight. */
interface Packet {
  readonly what: string;
  arrival: number;
  readonly arrive: () => void;
  /** Whether the packet is resent even after the sender has dropped the connection. */
  readonly isSure: boolean;
}

/** One direction of an in-memory connection: a delayed FIFO of bytes. */
export class Wire {
  readonly #scheduler: Scheduler;
  readonly #route: Route;
  readonly #events: WireEvents;
  /** The packets in flight, oldest first. The first has a timer, or waits for a cut to be mended. */
  #inFlight: Packet[] = [];
  #cancelFirst: (() => void) | null = null;
  #isDelivering = false;
  #giveUpTimer: TimedCall | null = null;
  #lastArrival = 0;
  #busyUntil = 0;
  /** Lost packets are not resent, as the sender has dropped the connection. */
  #isOrphaned = false;
  readonly #arrived = new ByteQueue();
  /** The number of bytes in flight or unread. */
  #size = 0;
  #isEnded = false;
  #isClosed = false;
  #failure: Error | null = null;
  #reading: { memory: Uint8Array; count: Future<number | null> }[] = [];
  #writing: { data: Uint8Array; count: Future<number> }[] = [];

  constructor(scheduler: Scheduler, route: Route, events: WireEvents) {
    this.#scheduler = scheduler;
    this.#route = route;
    this.#events = events;
  }

  // Writing end.

  /** Sends as many bytes as there is room for; waits if there is none. */
  write(data: Uint8Array): Future<number> {
    if (data.length === 0) return fulfilled(this.#scheduler, 0);
    if (this.#size < CAPACITY && this.#writing.length === 0) {
      return fulfilled(this.#scheduler, this.#put(data));
    }
    const count = new Future<number>(this.#scheduler);
    this.#writing.push({ data, count });
    return count;
  }

  /** Sends the end of the stream. */
  end(): void {
    this.#send("end", () => this.#receiveEnd());
  }

  /** Drops the connection: packets in flight, and the reset itself, may be lost. */
  abort(): void {
    this.#isOrphaned = true;
    if (this.#giveUpTimer !== null) this.lose();
    this.#send("reset", () => this.#events.onReset());
  }

  /** Sends a reset, and resends it until it arrives. */
  refuse(): void {
    this.#send("reset", () => this.#events.onReset(), true);
  }

  /** Fails the pending writes. */
  failWriting(error: Error): void {
    const writing = this.#writing;
    this.#writing = [];
    for (const { count } of writing) {
      if (!count.done()) count.setException(error);
    }
  }

  /** Loses the packets in flight. */
  lose(): void {
    this.#inFlight = [];
    this.#cancelFirst?.();
    this.#cancelFirst = null;
    this.#endGivingUp();
  }

  // Reading end.

  /** Whether the end of the stream has arrived. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** The number of bytes that have arrived and are unread. */
  get unread(): number {
    return this.#arrived.size;
  }

  /** Reads what has arrived, or waits for the next arrival; resolves with `null` at the end. */
  read(memory: Uint8Array): Future<number | null> {
    if (memory.length === 0) return fulfilled(this.#scheduler, 0);
    if (this.#arrived.size > 0) {
      return fulfilled(this.#scheduler, this.#takeInto(memory));
    }
    if (this.#isEnded) return fulfilled(this.#scheduler, null);
    if (this.#failure !== null) return failed(this.#scheduler, this.#failure);
    const count = new Future<number | null>(this.#scheduler);
    this.#reading.push({ memory, count });
    return count;
  }

  /** Fails the pending reads; what has arrived can still be read. */
  failReading(error: Error): void {
    this.#failure ??= error;
    const reading = this.#reading;
    this.#reading = [];
    for (const { count } of reading) {
      if (!count.done()) count.setException(error);
    }
  }

  /** Closes the reading end. */
  close(error: Error): void {
    this.#isClosed = true;
    this.failReading(error);
    this.#size -= this.#arrived.size;
    this.#arrived.take(this.#arrived.size);
    // What they send will be answered with a reset.
    this.#resumeWriting();
  }

  // In flight.

  #put(data: Uint8Array): number {
    const bytes = data.slice(0, CAPACITY - this.#size);
    this.#size += bytes.length;
    this.#busyUntil = Math.max(this.#busyUntil, this.#scheduler.time()) +
      this.#route.transmission(bytes.length);
    this.#send(`${bytes.length} bytes`, () => this.#receive(bytes));
    return bytes.length;
  }

  #send(what: string, arrive: () => void, isSure = false): void {
    this.#inFlight.push({ what, arrival: this.#nextArrival(), arrive, isSure });
    if (this.#inFlight.length === 1 && !this.#isDelivering) this.#awaitFirst();
  }

  #nextArrival(): number {
    const start = Math.max(this.#busyUntil, this.#scheduler.time());
    const arrival = start + this.#route.latency();
    return this.#lastArrival = Math.max(this.#lastArrival, arrival);
  }

  #awaitFirst(): void {
    const { arrival } = this.#inFlight[0]!;
    const timer = new TimedCall(
      this.#scheduler,
      arrival,
      () => this.#deliver(),
    );
    this.#cancelFirst = () => timer.cancel();
  }

  #deliver(): void {
    this.#cancelFirst = null;
    // An arrival may make room, so that more is sent.
    this.#isDelivering = true;
    while (this.#isFirstDue() && !this.#route.isCut()) {
      this.#endGivingUp();
      const { what, arrive } = this.#inFlight.shift()!;
      this.#route.note(what);
      arrive();
    }
    this.#isDelivering = false;
    if (this.#isFirstDue()) this.#stall();
    else if (this.#inFlight.length > 0) this.#awaitFirst();
  }

  #isFirstDue(): boolean {
    const first = this.#inFlight[0];
    return first !== undefined && first.arrival <= this.#scheduler.time();
  }

  #stall(): void {
    if (this.#isOrphaned) {
      this.#inFlight = this.#inFlight.filter(({ isSure }) => isSure);
      if (this.#inFlight.length === 0) return;
    }
    this.#giveUpTimer ??= new TimedCall(
      this.#scheduler,
      this.#scheduler.time() + GIVE_UP,
      () => this.#events.onGivenUp(),
    );
    this.#cancelFirst = this.#route.whenMended(() => {
      this.#inFlight[0]!.arrival = this.#nextArrival();
      this.#awaitFirst();
    });
  }

  #endGivingUp(): void {
    this.#giveUpTimer?.cancel();
    this.#giveUpTimer = null;
  }

  // Arrivals.

  #receive(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#isClosed) {
      this.#events.onIgnored("bytes");
      return;
    }
    this.#arrived.push(bytes);
    while (this.#reading.length > 0 && this.#arrived.size > 0) {
      const { memory, count } = this.#reading.shift()!;
      if (!count.done()) fulfil(count, this.#takeInto(memory));
    }
  }

  #receiveEnd(): void {
    if (this.#isClosed) {
      this.#events.onIgnored("end");
      return;
    }
    this.#isEnded = true;
    const reading = this.#reading;
    this.#reading = [];
    for (const { count } of reading) if (!count.done()) fulfil(count, null);
  }

  #takeInto(memory: Uint8Array): number {
    const count = Math.min(memory.length, this.#arrived.size);
    memory.set(this.#arrived.take(count));
    this.#size -= count;
    this.#resumeWriting();
    return count;
  }

  #resumeWriting(): void {
    while (this.#writing.length > 0 && this.#size < CAPACITY) {
      const { data, count } = this.#writing.shift()!;
      if (!count.done()) fulfil(count, this.#put(data));
    }
  }
}
