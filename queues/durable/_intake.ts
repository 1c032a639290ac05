// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError } from "../../loop/core/cancelled_error.ts";
import {
  fail,
  fulfil,
  fulfilled,
  type Future,
  pending,
  withResult,
} from "../../loop/core/future.ts";
import {
  type PrimitiveBehavior,
  PrimitiveFuture,
  WaitQueue,
} from "../../loop/core/primitive_future.ts";
import type { Scheduler } from "../../loop/core/scheduler.ts";
import { isInstance } from "../../loop/core/unknown_value.ts";
import { QueueShutDown } from "../errors.ts";
import type { Connection } from "./_connection.ts";
import type { Job } from "./job.ts";
import type { Lease, Leases } from "./store.ts";

/** The largest number of jobs that are leased at once. */
const MAX_LEASES = 100;

/** The part of a queue that its intake uses. */
export interface IntakeOwner<T> {
  /** The length of a lease, in seconds. */
  readonly lease: number;
  /** Returns the job of a lease that was asked for at a time; `null` if it is not to be handed out. */
  accept(lease: Lease, asked: number): Job<T> | null;
  /** Whether the lease of a job has not been lost. */
  isHeld(job: Job<T>): boolean;
  /** Puts a job back that was not handed out. */
  release(job: Job<T>): void;
  /** Puts leases back that came too late. */
  releaseLate(leases: readonly Lease[]): void;
}

/**
 * The `get()`s that wait. One call to the store at a time leases jobs for all of them. A job that has come for a `get()`
 * which is cancelled goes to the next one, or back.
 */
export class Intake<T> {
  /** The operations that wait, without those that were woken: for each of these, a job has arrived. */
  readonly waiting: WaitQueue = new WaitQueue();
  readonly arrived: Job<T>[] = [];
  /** Jobs that were leased ahead of the operations that will take them. */
  readonly #spare: Job<T>[] = [];
  #ahead = 0;
  readonly #owner: IntakeOwner<T>;
  readonly #connection: Connection;
  isShutDown = false;
  #isAsking = false;
  /** Done once there is a reason to ask the store again. */
  #change: Future<void> | null = null;

  constructor(owner: IntakeOwner<T>, connection: Connection) {
    this.#owner = owner;
    this.#connection = connection;
  }

  /** Sets how many jobs to lease beyond what is waited for, when leasing anyway. */
  leaseAhead(count: number): void {
    this.#ahead = count;
    while (this.#spare.length > count) this.#owner.release(this.#spare.pop()!);
  }

  /** Waits for a job. */
  get(scheduler: Scheduler): Future<Job<T>> {
    while (this.waiting.size === 0 && this.#spare.length > 0) {
      const job = this.#spare.shift()!;
      if (this.#owner.isHeld(job)) return fulfilled(scheduler, job);
    }
    const get = new PrimitiveFuture(scheduler, GET as Get<T>, this);
    get.joinQueue(this.waiting);
    if (!this.#isAsking) {
      this.#isAsking = true;
      this.#connection.inBackground(scheduler, () => this.#work(scheduler));
    }
    return get;
  }

  /** Ends all operations that wait. */
  shutDown(): void {
    this.isShutDown = true;
    this.leaseAhead(0);
    this.#failAll(() => queueShutDown());
    this.wake();
  }

  /** Passes the last job on that has arrived, to the next operation that waits. */
  handOn(): void {
    if (this.waiting.wakeOne()) return;
    const job = this.arrived.pop()!;
    if (this.#spare.length < this.#ahead) this.#spare.push(job);
    else this.#owner.release(job);
  }

  /** Looks again: something has changed. */
  readonly wake = (): void => {
    if (this.#change !== null && !this.#change.done()) {
      fulfil(this.#change, undefined);
    }
  };

  #failAll(makeError: () => unknown): void {
    for (let get = this.waiting.first; get !== null; get = this.waiting.first) {
      get.leaveQueue();
      fail(get, makeError());
    }
  }

  /** Leases jobs for as long as any are wanted. */
  async #work(scheduler: Scheduler): Promise<void> {
    const { store, queue } = this.#connection;
    const watch = store.watch?.(queue, this.wake);
    try {
      while (this.waiting.size > 0) {
        const pause = await this.#leaseSome(scheduler);
        if (pause > 0) await this.#changeWithin(scheduler, pause);
      }
    } catch (error) {
      this.#failAll(() => error);
      if (isInstance(error, CancelledError)) throw error;
    } finally {
      this.#change = null;
      watch?.[Symbol.dispose]();
      this.#isAsking = false;
    }
  }

  /** Leases jobs; returns how long to wait before the next look, in seconds. */
  async #leaseSome(scheduler: Scheduler): Promise<number> {
    const { store, queue } = this.#connection;
    let asked = 0;
    const { leases, next } = await this.#connection.insist<Leases>(() => {
      asked = scheduler.time();
      this.#change = pending(scheduler) as Future<void>;
      const wanted = this.waiting.size + this.#ahead;
      const count = Math.max(1, Math.min(wanted, MAX_LEASES));
      return store.lease(queue, count, this.#owner.lease);
    }, {
      onLate: ({ leases }) => this.#owner.releaseLate(leases),
      isWanted: () => this.waiting.size > 0,
      pause: (seconds) => this.#changeWithin(scheduler, seconds),
    });
    for (const lease of leases) {
      const job = this.#owner.accept(lease, asked);
      if (job === null) continue;
      this.arrived.push(job);
      this.handOn();
    }
    return leases.length > 0 ? 0 : Math.min(next ?? Infinity, store.poll);
  }

  async #changeWithin(scheduler: Scheduler, seconds: number): Promise<void> {
    const change = this.#change!;
    const timer = seconds < Infinity
      ? scheduler.after(seconds, this.wake)
      : null;
    try {
      await change;
    } finally {
      timer?.cancel();
    }
  }
}

/** The error of a `get()` on a queue that is shut down. */
export function queueShutDown(): QueueShutDown {
  return new QueueShutDown(
    "Cannot get from the durable queue as it is shut down",
  );
}

/** A `get()` that waits for a job. */
type Get<T> = PrimitiveBehavior<Job<T>, Intake<T>>;

const GET: Get<unknown> = {
  name: "DurableQueue.get()",
  poll: (intake) => withResult(intake.arrived.shift()!),
  onCancelled(intake, get) {
    get.leaveQueue();
    if (intake.waiting.size === 0) intake.wake();
  },
  handBack(intake, _, wasWoken) {
    if (wasWoken) intake.handOn();
  },
};
