// Copyright 2026 the asyncio for Deno authors. MIT license.

import { TimedCall } from "../../loop/core/call.ts";
import { fulfil, fulfilled, Future } from "../../loop/core/future.ts";
import { failed } from "../../loop/core/primitive_future.ts";
import type { Scheduler } from "../../loop/core/scheduler.ts";
import { ByteQueue } from "../../streams/_byte_queue.ts";
import type { Route } from "./_route.ts";

/** How many bytes may be under way, or not read yet. */
const CAPACITY = 64 * 1024;

/** For how long, in seconds, what is sent may not get through before the connection is given up. */
const GIVE_UP = 900;

/** What a wire tells the connection. */
export interface WireEvents {
  /** Something came although nobody reads any more: bytes, or else the end. */
  onIgnored(what: "bytes" | "end"): void;
  /** The other end of the connection says that it knows nothing of it. */
  onReset(): void;
  /** What was sent does not arrive. */
  onGivenUp(): void;
}

/** Something under way. */
interface Packet {
  readonly what: string;
  arrival: number;
  readonly arrive: () => void;
  /** Whether it is sent again until it arrives, although the sender has given the connection up. */
  readonly isSure: boolean;
}

/** One direction of a connection in memory: what goes in at one end comes out at the other, later, in order. */
export class Wire {
  readonly #scheduler: Scheduler;
  readonly #route: Route;
  readonly #events: WireEvents;
  /** The oldest first. The first has an appointment, or waits until something gets through. */
  #underWay: Packet[] = [];
  #cancelFirst: (() => void) | null = null;
  #isDelivering = false;
  #giveUpTimer: TimedCall | null = null;
  #lastArrival = 0;
  #busyUntil = 0;
  /** What is lost is not sent again, as the sender has given the connection up. */
  #isOrphaned = false;
  readonly #arrived = new ByteQueue();
  /** How many bytes are under way, or not read yet. */
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

  // The end that writes.

  /** Puts as many bytes on the way as there is room for; waits for room if there is none. */
  write(data: Uint8Array): Future<number> {
    if (data.length === 0) return fulfilled(this.#scheduler, 0);
    if (this.#size < CAPACITY && this.#writing.length === 0) {
      return fulfilled(this.#scheduler, this.#put(data));
    }
    const count = new Future<number>(this.#scheduler);
    this.#writing.push({ data, count });
    return count;
  }

  /** The bytes end here. */
  end(): void {
    this.#send("end", () => this.#receiveEnd());
  }

  /** Gives the connection up: what is under way, and the news of it, may be lost. */
  abort(): void {
    this.#isOrphaned = true;
    if (this.#giveUpTimer !== null) this.lose();
    this.#send("reset", () => this.#events.onReset());
  }

  /** Says that this end knows nothing of the connection. */
  refuse(): void {
    this.#send("reset", () => this.#events.onReset(), true);
  }

  /** Who waits for room fails. */
  failWriting(error: Error): void {
    const writing = this.#writing;
    this.#writing = [];
    for (const { count } of writing) {
      if (!count.done()) count.setException(error);
    }
  }

  /** What is under way is gone. */
  lose(): void {
    this.#underWay = [];
    this.#cancelFirst?.();
    this.#cancelFirst = null;
    this.#endGivingUp();
  }

  // The end that reads.

  /** Whether all bytes have come. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** How many bytes have arrived and are not read. */
  get unread(): number {
    return this.#arrived.size;
  }

  /** Reads what has arrived, or else what arrives next; `null` at the end. */
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

  /** Nothing comes any more; what has arrived can still be read. */
  failReading(error: Error): void {
    this.#failure ??= error;
    const reading = this.#reading;
    this.#reading = [];
    for (const { count } of reading) {
      if (!count.done()) count.setException(error);
    }
  }

  /** Nobody reads any more. */
  close(error: Error): void {
    this.#isClosed = true;
    this.failReading(error);
    this.#size -= this.#arrived.size;
    this.#arrived.take(this.#arrived.size);
    // What they send will be refused.
    this.#letWritersIn();
  }

  // The way.

  #put(data: Uint8Array): number {
    const bytes = data.slice(0, CAPACITY - this.#size);
    this.#size += bytes.length;
    this.#busyUntil = Math.max(this.#busyUntil, this.#scheduler.time()) +
      this.#route.transmission(bytes.length);
    this.#send(`${bytes.length} bytes`, () => this.#receive(bytes));
    return bytes.length;
  }

  #send(what: string, arrive: () => void, isSure = false): void {
    this.#underWay.push({ what, arrival: this.#nextArrival(), arrive, isSure });
    if (this.#underWay.length === 1 && !this.#isDelivering) this.#awaitFirst();
  }

  #nextArrival(): number {
    const start = Math.max(this.#busyUntil, this.#scheduler.time());
    const arrival = start + this.#route.latency();
    return this.#lastArrival = Math.max(this.#lastArrival, arrival);
  }

  #awaitFirst(): void {
    const { arrival } = this.#underWay[0]!;
    const alarm = new TimedCall(
      this.#scheduler,
      arrival,
      () => this.#deliver(),
    );
    this.#cancelFirst = () => alarm.cancel();
  }

  #deliver(): void {
    this.#cancelFirst = null;
    // What arrives may make room, and more is sent.
    this.#isDelivering = true;
    while (this.#isFirstDue() && !this.#route.isCut()) {
      this.#endGivingUp();
      const { what, arrive } = this.#underWay.shift()!;
      this.#route.note(what);
      arrive();
    }
    this.#isDelivering = false;
    if (this.#isFirstDue()) this.#stall();
    else if (this.#underWay.length > 0) this.#awaitFirst();
  }

  #isFirstDue(): boolean {
    const first = this.#underWay[0];
    return first !== undefined && first.arrival <= this.#scheduler.time();
  }

  #stall(): void {
    if (this.#isOrphaned) {
      this.#underWay = this.#underWay.filter(({ isSure }) => isSure);
      if (this.#underWay.length === 0) return;
    }
    this.#giveUpTimer ??= new TimedCall(
      this.#scheduler,
      this.#scheduler.time() + GIVE_UP,
      () => this.#events.onGivenUp(),
    );
    this.#cancelFirst = this.#route.whenMended(() => {
      this.#underWay[0]!.arrival = this.#nextArrival();
      this.#awaitFirst();
    });
  }

  #endGivingUp(): void {
    this.#giveUpTimer?.cancel();
    this.#giveUpTimer = null;
  }

  // What arrives.

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
    this.#letWritersIn();
    return count;
  }

  #letWritersIn(): void {
    while (this.#writing.length > 0 && this.#size < CAPACITY) {
      const { data, count } = this.#writing.shift()!;
      if (!count.done()) fulfil(count, this.#put(data));
    }
  }
}
