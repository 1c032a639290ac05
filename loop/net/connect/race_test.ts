// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  CancelledError,
  createTask,
  getRunningLoop,
  run,
  sleep,
  type Task,
  type TimerHandle,
} from "../../../mod.ts";
import { turns } from "../../../tests/doubles/recorder.ts";
import { schedulerOf } from "../../core/scheduler.ts";
import { race, type RaceOutcome } from "./race.ts";

/** Attempts that the test settles, and timers that the test fires. */
class Course {
  readonly attempts: PromiseWithResolvers<string>[] = [];
  readonly signals: AbortSignal[] = [];
  readonly discarded: string[] = [];
  readonly delays: unknown[] = [];
  readonly #timers = new Map<TimerHandle, () => void>();
  readonly task: Task<RaceOutcome<string>>;

  constructor(count: number, delay: number | null) {
    const loop = getRunningLoop();
    loop.callLater = (seconds, callback, ...args) => {
      this.delays.push(seconds);
      const handle = loop.callAt(loop.time() + 3600, () => {});
      const cancel = handle.cancel.bind(handle);
      handle.cancel = () => {
        this.#timers.delete(handle);
        cancel();
      };
      this.#timers.set(handle, () => callback(...args));
      return handle;
    };
    const attempt = (signal: AbortSignal) => {
      const deferred = Promise.withResolvers<string>();
      this.attempts.push(deferred);
      this.signals.push(signal);
      return deferred.promise;
    };
    this.task = createTask(() =>
      race(schedulerOf(loop), {
        attempts: Array(count).fill(attempt),
        delay,
        discard: (loser) => this.discarded.push(loser),
      })
    );
  }

  /** Fires the timer of the delay. */
  async passDelay(): Promise<void> {
    const [[handle, ring]] = [...this.#timers] as [[TimerHandle, () => void]];
    handle.cancel();
    getRunningLoop().callSoon(ring);
    await turns();
  }

  async fail(index: number): Promise<void> {
    this.attempts[index]!.reject(new Error(`error ${index}`));
    await turns();
  }

  async succeed(index: number): Promise<void> {
    this.attempts[index]!.resolve(`value ${index}`);
    await turns();
  }

  get aborted(): number[] {
    return [...this.signals.keys()].filter((i) => this.signals[i]!.aborted);
  }

  get timers(): number {
    return this.#timers.size;
  }
}

async function messages(course: Course): Promise<unknown> {
  const outcome = await course.task;
  if ("value" in outcome) return outcome.value;
  return outcome.error.map((error) => (error as Error).message);
}

Deno.test("race() runs one attempt after the other without a delay", () =>
  run(async () => {
    const course = new Course(3, null);
    await turns();
    assertEquals(course.attempts.length, 1);
    await course.fail(0);
    assertEquals(course.attempts.length, 2);
    await course.succeed(1);
    assertEquals(await messages(course), "value 1");
    assertEquals(course.attempts.length, 2);
    assertEquals(course.delays, []);
    assertEquals(course.aborted, []);
  }));

Deno.test("race() starts the next attempt after the delay or a failure", () =>
  run(async () => {
    const course = new Course(4, 0.25);
    await turns();
    assertEquals(course.attempts.length, 1);
    await course.passDelay();
    assertEquals(course.attempts.length, 2);
    // The attempt before the latest. Its failure starts no attempt.
    await course.fail(0);
    assertEquals(course.attempts.length, 2);
    assertEquals(course.timers, 1);
    await course.fail(1);
    assertEquals(course.attempts.length, 3);
    assertEquals(course.timers, 1);
    await course.passDelay();
    assertEquals(course.attempts.length, 4);
    // There is no fifth attempt.
    assertEquals(course.delays, [0.25, 0.25, 0.25]);
    await course.succeed(2);
    assertEquals(await messages(course), "value 2");
    assertEquals(course.aborted, [3]);
    assertEquals(course.timers, 0);
    await course.succeed(3);
    assertEquals(course.discarded, ["value 3"]);
  }));

Deno.test("race() returns all errors in the order of the attempts", () =>
  run(async () => {
    const course = new Course(3, 1);
    await turns();
    await course.passDelay();
    await course.fail(1);
    await course.fail(2);
    assertEquals(course.task.done(), false);
    await course.fail(0);
    assertEquals(await messages(course), ["error 0", "error 1", "error 2"]);
    assertEquals(course.timers, 0);
  }));

Deno.test("race() returns one value when two attempts succeed together", () =>
  run(async () => {
    const course = new Course(3, 1);
    await turns();
    await course.passDelay();
    course.attempts[1]!.resolve("value 1");
    course.attempts[0]!.resolve("value 0");
    await turns();
    assertEquals(await messages(course), "value 1");
    assertEquals(course.discarded, ["value 0"]);
    assertEquals(course.timers, 0);
  }));

Deno.test("race() ignores failures after its end", () =>
  run(async () => {
    const course = new Course(2, 1);
    await turns();
    await course.passDelay();
    course.attempts[0]!.resolve("value 0");
    course.attempts[1]!.reject(new Error("late"));
    await turns();
    assertEquals(await messages(course), "value 0");
    assertEquals(course.discarded, []);
  }));

Deno.test("race() aborts its attempts and its timer when cancelled", () =>
  run(async () => {
    const course = new Course(3, 1);
    await turns();
    await course.passDelay();
    course.task.cancel();
    await assertRejects(() => course.task, CancelledError);
    assertEquals(course.aborted, [0, 1]);
    assertEquals(course.timers, 0);
    await course.succeed(0);
    await course.fail(1);
    assertEquals(course.discarded, ["value 0"]);
    assertEquals(course.attempts.length, 2);
  }));

Deno.test("race() returns the outcome of a single attempt", () =>
  run(async () => {
    const failing = new Course(1, 1);
    const winning = new Course(1, 1);
    await turns();
    await failing.fail(0);
    await winning.succeed(0);
    assertEquals(await messages(failing), ["error 0"]);
    assertEquals(await messages(winning), "value 0");
    assertEquals(winning.delays, []);

    for (const end of ["succeed", "fail"] as const) {
      const cancelled = new Course(1, 1);
      await turns();
      cancelled.task.cancel();
      await assertRejects(() => cancelled.task, CancelledError);
      assertEquals(cancelled.aborted, [0]);
      await cancelled[end](0);
      assertEquals(
        cancelled.discarded,
        end === "succeed" ? ["value 0"] : [],
      );
    }
  }));

Deno.test("race() discards the value when cancelled as it ends", () =>
  run(async () => {
    let cancelled = 0;
    for (let i = 0; i < 16; i++) {
      const steps = i >> 1;
      const course = new Course(1 + i % 2, null);
      await turns();
      course.attempts[0]!.resolve("value 0");
      for (let i = 0; i < steps; i++) await sleep(0);
      course.task.cancel();
      await course.task.catch(() => {});
      await turns();
      if (course.task.cancelled()) cancelled++;
      assertEquals(
        course.discarded,
        course.task.cancelled() ? ["value 0"] : [],
      );
    }
    assert(cancelled > 0);
  }));
