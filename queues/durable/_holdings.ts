// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { TimedCall } from "../../loop/core/call.ts";
import { observe } from "../../loop/core/future.ts";
import { callOutsideTasks, type Scheduler } from "../../loop/core/scheduler.ts";
import type { Connection } from "./_connection.ts";
import { abortJob, type Job, leaseLost, leaseOf } from "./job.ts";

/** The part of a lease after which it is renewed. */
const RENEWAL = 1 / 3;
/** The part of a lease after which a renewal that failed is tried again. */
const NEW_TRY = 1 / 10;

/** The jobs that a queue has handed out: their leases are renewed until they end. */
export class Holdings {
  readonly #connection: Connection;
  /** The length of a lease, in seconds. */
  readonly #length: number;
  /** Until when each lease lasts at least: it was asked for before it began. */
  readonly #deadlines = new Map<Job<unknown>, number>();
  #scheduler: Scheduler | null = null;
  #timer: TimedCall | null = null;
  #isAsking = false;
  /** Whether a renewal has been asked for and has not succeeded since. */
  #isOverdue = false;

  constructor(connection: Connection, length: number) {
    this.#connection = connection;
    this.#length = length;
  }

  /** The number of jobs whose leases are kept. */
  get size(): number {
    return this.#deadlines.size;
  }

  /** Whether the lease of a job is kept: it has neither ended nor been lost. */
  keeps(job: Job<unknown>): boolean {
    return this.#deadlines.has(job);
  }

  /** Keeps the lease of a job, which was asked for at a time. */
  keep(scheduler: Scheduler, job: Job<unknown>, asked: number): void {
    if (this.#scheduler !== scheduler) this.#moveTo(scheduler);
    this.#deadlines.set(job, asked + this.#length);
    this.#connection.hold();
    this.#timer ??= this.#tickAfter(scheduler, this.#length * RENEWAL);
  }

  /** Keeps the lease of a job no longer. */
  forget(job: Job<unknown>): void {
    if (!this.#deadlines.delete(job)) return;
    this.#connection.drop();
    if (this.#deadlines.size > 0) return;
    // A timer would keep the program running.
    this.#timer?.cancel();
    this.#timer = null;
    this.#isOverdue = false;
  }

  /** The time that is left of a lease, in seconds; less than 0 if it is not kept. */
  remaining(scheduler: Scheduler, job: Job<unknown>): number {
    return (this.#deadlines.get(job) ?? -Infinity) - scheduler.time();
  }

  /** Drops what a loop has left behind that is closed. */
  #moveTo(scheduler: Scheduler): void {
    this.#scheduler = scheduler;
    this.#deadlines.clear();
    this.#timer = null;
    this.#isAsking = this.#isOverdue = false;
  }

  #tickAfter(scheduler: Scheduler, seconds: number): TimedCall {
    return scheduler.after(seconds, () => this.#tick(scheduler));
  }

  #tick(scheduler: Scheduler): void {
    const now = scheduler.time();
    // After a pause of the whole program, only the store can tell.
    if (this.#isOverdue) {
      for (const [job, deadline] of this.#deadlines) {
        if (deadline <= now) this.#lose(job);
      }
    }
    if (this.#deadlines.size === 0) return;
    if (!this.#isAsking) this.#renew(scheduler, now);
    const pause = this.#length * (this.#isOverdue ? NEW_TRY : RENEWAL);
    this.#timer = this.#tickAfter(scheduler, pause);
  }

  #renew(scheduler: Scheduler, asked: number): void {
    const { store, queue } = this.#connection;
    const jobs = [...this.#deadlines.keys()];
    this.#isAsking = true;
    this.#isOverdue = true;
    callOutsideTasks(scheduler, () => {
      const answer = this.#connection.ask(() =>
        store.renew(queue, jobs.map(leaseOf), this.#length)
      );
      observe(answer, () => {
        this.#isAsking = false;
        // Down, or broken: what counts is whether the leases last until it works again.
        if (answer.cancelled() || answer.exception() !== null) return;
        this.#isOverdue = false;
        for (const [i, job] of jobs.entries()) {
          if (!this.#deadlines.has(job)) continue;
          if (answer.result()[i]) {
            this.#deadlines.set(job, asked + this.#length);
          } else this.#lose(job);
        }
      });
    });
  }

  #lose(job: Job<unknown>): void {
    this.forget(job);
    abortJob(job, leaseLost(job));
  }
}
