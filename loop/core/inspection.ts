// Copyright 2026 the asyncio for Deno authors. MIT license.

// Type-only import: task states belong to schedulers, which have watches.
import type { TaskState } from "./task_state.ts";

/** The facts about an object in a snapshot of a program; never values that the program passes around. */
export type Facts = Readonly<
  Record<string, string | number | boolean | null | object>
>;

/**
 * Returns what a snapshot says of an object, besides its kind. A method, because snapshots are taken where the
 * class is not known. `holders` are the task states that hold the object; `null` for an acquisition outside tasks.
 */
export const facts: unique symbol = Symbol("facts");

/** An object that snapshots describe. */
export interface Inspectable {
  [facts](): { readonly kind: string } & Facts;
}

const INSPECT = Symbol.for("Deno.customInspect");

/** Makes `console.log()` and `Deno.inspect()` show the instances of a class by their `toString()`. */
export function inspectAsText(type: { readonly prototype: object }): void {
  Object.defineProperty(type.prototype, INSPECT, {
    value(this: object): string {
      return this.toString();
    },
    configurable: true,
    writable: true,
  });
}

/** Watches the steps of a loop, for debug mode and inspection. */
export interface StepWatch {
  /** Called when an entry begins to run, or the step of a task. */
  began(work: object): void;
  /** Called at its end. */
  over(): void;
}

/** Watches the tasks of a loop, for inspection. */
export interface TaskWatch {
  /** Called when a task or an inline call is created, in the context of the caller. */
  created(taskState: TaskState): void;
  /** Called at each request to cancel the task, or a scope of it. */
  cancelled(taskState: TaskState): void;
  /** Called when its body has ended, before its outcome is known. */
  finished(taskState: TaskState): void;
  /** Calls the function of a task, in its context; returns what that returns. */
  run?(taskState: TaskState, coro: () => unknown): unknown;
}

/** Records where futures are created and awaited. */
export interface SiteWatch {
  /** Called in the constructor of a future, task or handle. */
  // deno-lint-ignore ban-types -- whatever is constructed
  created(object: object, constructor: Function): void;
  /** Called when the calling code is about to await a pending future. */
  awaiting(future: object): void;
}

/** Called with each queue that is created, if a program is inspected. */
export let queueWatch: ((queue: object) => void) | null = null;

/** Sets what is called with each queue that is created. */
export function setQueueWatch(watch: ((queue: object) => void) | null): void {
  queueWatch = watch;
}

/** Returns what watches for both; `null` if there is none. */
export function joinStepWatches(
  watches: readonly StepWatch[],
): StepWatch | null {
  if (watches.length < 2) return watches[0] ?? null;
  return {
    began: (work) => watches.forEach((each) => each.began(work)),
    over: () => watches.forEach((each) => each.over()),
  };
}

/** As {@linkcode joinStepWatches}, for watches of tasks. */
export function joinTaskWatches(
  watches: readonly TaskWatch[],
): TaskWatch | null {
  if (watches.length < 2) return watches[0] ?? null;
  return {
    created: (taskState) => watches.forEach((each) => each.created(taskState)),
    cancelled: (taskState) =>
      watches.forEach((each) => each.cancelled(taskState)),
    finished: (taskState) =>
      watches.forEach((each) => each.finished(taskState)),
    run: (taskState, coro) =>
      watches.reduce(
        (inner, each) =>
          each.run === undefined ? inner : () => each.run!(taskState, inner),
        coro,
      )(),
  };
}

/** Describes a primitive and its state as asyncio does: `<Lock [locked, waiters:2]>`. */
export function describe(
  primitive: object,
  state: string,
  waiters: number,
): string {
  const waiting = waiters === 0 ? "" : `, waiters:${waiters}`;
  return `<${primitive.constructor.name} [${state}${waiting}]>`;
}
