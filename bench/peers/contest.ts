// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * What the contestants do.
 *
 * @module
 */

/** How often the operation of a case is done. */
export const OPERATIONS = 10_000;
/** How many tasks there are where many wait. */
export const TASKS = 1_000;
/** How many items there are to be worked on. */
export const ITEMS = 1_000;
/** How often those cases are done that take so many tasks or items. */
export const TIMES = 10;
/** How many of them are worked on at a time. */
export const AT_A_TIME = 10;
/** How many subscribers there are. */
export const SUBSCRIBERS = 10;
/** A rate that is never reached, in operations a second. */
export const RATE = 1e9;
/** A limit of time that is never reached, in seconds. */
export const LONG = 60;

/** The cases. Each names one operation, whose time counts. */
export const CASES = [
  "spawn and await a task",
  "switch between two tasks",
  "lock, hand-over",
  "lock, without waiting",
  "semaphore, hand-over",
  "semaphore, without waiting",
  "queue of one, an item",
  "unbounded queue, hand-over",
  "rate limiter, without waiting",
  "rate limiter, trying",
  "broadcast to 10, an item",
  "queue or event, an item",
  "1,000 items, 10 at a time, an item",
  "1,000 waits, 10 at a time, a wait",
  "1,000 tasks for 10 permits, a task",
  "1,000 items for 10 workers, an item",
  "10,000 calls, 10 at a time, a call",
  "map of 10,000 to values, an item",
  "map of 10,000 to promises, an item",
  "map of 1,000 waits, an item",
  "race of two, the loser waits",
  "retry without a failure",
  "time limit for a short task",
  "cancel 1,000 waiting tasks, a task",
] as const;

/** The aims for the ratio to the fastest peer; 1 in all other cases. */
export const GOALS: Partial<Record<CaseName, number>> = {
  "spawn and await a task": 8,
  "semaphore, hand-over": 0.7,
  "semaphore, without waiting": 0.7,
  "queue of one, an item": 4,
  "unbounded queue, hand-over": 4,
  "cancel 1,000 waiting tasks, a task": 2,
};

/** The name of a case. */
export type CaseName = typeof CASES[number];

/** Does the operations of a case; the result is the time of one, in nanoseconds. */
export type Measure = () => Promise<number>;

/** A library that is compared. */
export interface Contestant {
  /** The name of the library. */
  name: string;
  /** The cases that it supports. */
  cases: Partial<Record<CaseName, Measure>>;
}

/**
 * Measures promises at work.
 *
 * @param body Does the operations.
 * @param operations How many they are.
 * @returns What measures it.
 */
export function timed(
  body: () => Promise<unknown>,
  operations: number = OPERATIONS,
): Measure {
  return async () => {
    const start = performance.now();
    await body();
    return (performance.now() - start) * 1e6 / operations;
  };
}

/**
 * Does something several times, one after the other.
 *
 * @param body What is done.
 */
export async function repeatedly(body: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < TIMES; i++) await body();
}

/**
 * Measures several times, one after the other.
 *
 * @param measure Measures once.
 * @returns What gives the mean.
 */
export function averaged(measure: Measure): Measure {
  return async () => {
    let sum = 0;
    for (let i = 0; i < TIMES; i++) sum += await measure();
    return sum / TIMES;
  };
}

/**
 * Waits for the host, as for input: until its next turn.
 *
 * @returns A promise that resolves then.
 */
export function hostTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
