// Copyright 2026 the asyncio for Deno authors. MIT license.

import { fulfil, Future } from "../../loop/future.ts";
import type { Scheduler } from "../../loop/scheduler.ts";
import { ByteQueue } from "../../streams/_byte_queue.ts";
import { callAt } from "./_appointment.ts";
import type { Route } from "./_route.ts";

/** How many bytes may be under way, or not read yet. */
const CAPACITY = 64 * 1024;

/** For how long, in seconds, what is sent may not get through before the connection is given up. */
const GIVE_UP = 900;

/** What a wire tells the two ends of its connection. */
export interface WireEnds {
  /** Bytes came although nobody reads any more. */
  onRefused(): void;
  /** What was sent does not arrive. */
  onGivenUp(): void;
}

/** One direction of a connection in memory: what goes in at one end comes out at the other, later, in order. */
export class Wire {
  readonly #scheduler: Scheduler;
  readonly #route: Route;
  readonly #ends: WireEnds;
  /** When the last of what is under way arrives, and until when the line is busy. */
  #lastArrival = 0;
  #busyUntil = 0;
  /** What could not get through, the oldest first. */
  readonly #stalled: (() => void)[] = [];
  #stopGivingUp: (() => void) | null = null;
  readonly #arrived = new ByteQueue();
  /** How many bytes are under way, or not read yet. */
  #size = 0;
  #isEnded = false;
  #isClosed = false;
  #isDead = false;
  #reading: { memory: Uint8Array; count: Future<number | null> } | null = null;
  readonly #writing: { data: Uint8Array; count: Future<number> }[] = [];

  constructor(scheduler: Scheduler, route: Route, ends: WireEnds) {
    this.#scheduler = scheduler;
    this.#route = route;
    this.#ends = ends;
  }

  /** How many bytes have arrived and are not read. */
  get unread(): number {
    return this.#arrived.size;
  }

  /** Puts as many bytes on the way as there is room for; waits for room if there is none. */
  write(data: Uint8Array): Future<number> {
    const count = new Future<number>({ loop: this.#scheduler.loop });
    const room = CAPACITY - this.#size;
    if (room > 0 && this.#writing.length === 0) {
      count.setResult(this.#put(data, room));
    } else this.#writing.push({ data, count });
    return count;
  }

  /** The bytes end here. */
  end(): void {
    this.#send("end", () => {
      this.#isEnded = true;
      const reading = this.#reading;
      this.#reading = null;
      if (reading !== null && !reading.count.done()) {
        fulfil(reading.count, null);
      }
    });
  }

  /** Has something happen at the other end, behind everything that is under way. */
  signal(what: string, arrive: () => void): void {
    this.#send(what, arrive);
  }

  /** Reads what has arrived, or else what arrives next; `null` at the end. */
  read(memory: Uint8Array): Future<number | null> {
    const count = new Future<number | null>({ loop: this.#scheduler.loop });
    if (this.#arrived.size > 0) count.setResult(this.#takeInto(memory));
    else if (this.#isEnded) count.setResult(null);
    else this.#reading = { memory, count };
    return count;
  }

  /** Nobody reads any more. */
  close(error: Error): void {
    this.#isClosed = true;
    this.#failReading(error);
  }

  /** Nobody writes any more: who waits for room fails. */
  failWriting(error: Error): void {
    for (const { count } of this.#writing.splice(0)) {
      if (!count.done()) count.setException(error);
    }
  }

  /** Nothing comes out any more; who reads, or waits for room, fails. */
  kill(error: Error): void {
    this.lose();
    this.#failReading(error);
    this.failWriting(error);
  }

  /** Nothing comes out any more, and nobody is told. */
  lose(): void {
    this.#isDead = true;
    this.#stalled.length = 0;
    this.#endGivingUp();
  }

  #failReading(error: Error): void {
    const reading = this.#reading;
    this.#reading = null;
    if (reading !== null && !reading.count.done()) {
      reading.count.setException(error);
    }
  }

  #put(data: Uint8Array, room: number): number {
    const bytes = data.slice(0, room);
    this.#size += bytes.length;
    this.#busyUntil = Math.max(this.#busyUntil, this.#scheduler.time()) +
      this.#route.transmission(bytes.length);
    this.#send(`${bytes.length} bytes`, () => this.#receive(bytes));
    return bytes.length;
  }

  #send(what: string, arrive: () => void): void {
    const start = Math.max(this.#busyUntil, this.#scheduler.time());
    this.#lastArrival = Math.max(
      this.#lastArrival,
      start + this.#route.latency(),
    );
    callAt(this.#scheduler, this.#lastArrival, () => {
      if (this.#isDead) return;
      if (this.#route.isCut() || this.#stalled.length > 0) {
        this.#stall(what, arrive);
        return;
      }
      this.#route.note(what);
      arrive();
    });
  }

  #stall(what: string, arrive: () => void): void {
    this.#stalled.push(() => this.#send(what, arrive));
    if (this.#stalled.length > 1) return;
    this.#stopGivingUp = callAt(
      this.#scheduler,
      this.#scheduler.time() + GIVE_UP,
      () => this.#ends.onGivenUp(),
    );
    this.#route.whenMended(() => {
      this.#endGivingUp();
      for (const resend of this.#stalled.splice(0)) resend();
    });
  }

  #endGivingUp(): void {
    this.#stopGivingUp?.();
    this.#stopGivingUp = null;
  }

  #receive(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#isClosed) {
      this.#ends.onRefused();
      return;
    }
    this.#arrived.push(bytes);
    const reading = this.#reading;
    if (reading === null) return;
    this.#reading = null;
    if (!reading.count.done()) {
      fulfil(reading.count, this.#takeInto(reading.memory));
    }
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
      if (!count.done()) fulfil(count, this.#put(data, CAPACITY - this.#size));
    }
  }
}
