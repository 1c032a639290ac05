// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import {
  allTasks,
  CancelledError,
  createTask,
  currentTask,
  Event,
  ExceptionGroup,
  Future,
  getRunningLoop,
  shield,
  sleep,
  taskGroup,
  timeout,
  waitFor,
} from "../../mod.ts";
import { branchOfCaller, currentCoroutine } from "../../loop/scheduler.ts";
import { inVirtualTime } from "../../testing/mod.ts";
import { property } from "./property.ts";

// Functions of one task that go on side by side end as if each were a task of its own, for which asyncio's
// rules are clear: which time limits are reached, what ends when and how.

/** A piece of a program. */
type Piece =
  | { do: "sleep" | "event" | "fail"; seconds: number }
  | { do: "after each other" | "side by side"; parts: Piece[] }
  | { do: "timeout" | "waitFor"; seconds: number; part: Piece }
  | { do: "group"; cancelledAfter: number | null; part: Piece; tasks: Piece[] }
  | { do: "shield" | "handle failures"; part: Piece }
  | { do: "clean up"; part: Piece; cleanup: Piece };

interface Program {
  root: Piece;
  /** When its task is cancelled. */
  cancelledAt: number[];
}

/** Whole ones: {@linkcode timeAt} adds a fraction. */
const seconds = fc.integer({ min: 0, max: 6 });

/**
 * A length of time at a place in a program: no two coincide, sums of them neither. Else the outcome would be
 * a matter of the order of what happens at once.
 */
function timeAt(place: string, seconds: number): number {
  let hash = 0x811c9dc5;
  for (const char of place) {
    hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
    hash ^= hash >>> 13;
  }
  return seconds + (1 + (hash >>> 2)) / 2 ** 30;
}

const { piece } = fc.letrec<{ piece: Piece }>((tie) => {
  const part = tie("piece");
  const parts = fc.array(part, { minLength: 2, maxLength: 3 });
  const leaf = fc.record({
    do: fc.constantFrom("sleep", "sleep", "event", "fail"),
    seconds,
  }) as fc.Arbitrary<Piece>;
  const combined = fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant("after each other"), parts }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant("side by side"), parts }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom("timeout", "waitFor"),
        seconds,
        part,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("group"),
        cancelledAfter: fc.option(seconds, { freq: 4 }),
        part,
        tasks: fc.array(part, { minLength: 1, maxLength: 2 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom("shield", "handle failures"),
        part,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("clean up"),
        part,
        cleanup: part,
      }),
    },
  ) as fc.Arbitrary<Piece>;
  return {
    piece: fc.oneof({ maxDepth: 6, depthIdentifier: "pieces" }, leaf, {
      weight: 5,
      arbitrary: combined,
    }),
  };
});

const program = fc.record({
  root: piece,
  cancelledAt: fc.array(seconds, { maxLength: 2 }),
});

property(
  "Functions of a task that go on side by side end as tasks of their own would",
  1_000,
  program,
  async (program) => {
    assertEquals(
      await new Execution(sideBySide).run(program),
      await new Execution(asTasks).run(program),
    );
  },
);

type Body = () => Promise<void>;

/** What became of several functions. Throws a cancellation that struck one of them. */
type Combine = (bodies: Body[]) => Promise<void>;

/** In the calling task. */
async function sideBySide(bodies: Body[]): Promise<void> {
  const outcomes = await Promise.allSettled(bodies.map((body) => body()));
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") throwCancellation(outcome.reason);
  }
}

function throwCancellation(error: unknown): void {
  if (error instanceof CancelledError) throw error;
}

/** Each in a task of its own, which is cancelled whenever the calling task is. */
async function asTasks(bodies: Body[]): Promise<void> {
  const loop = getRunningLoop();
  const requests = currentTask()!.cancelling();
  let pendingSince = NaN;
  const inTask = async (body: Body) => {
    if (requests > 0) {
      for (let i = 0; i < requests; i++) currentTask()!.cancel();
      // It has been told of those already.
      await Promise.allSettled([sleep(0)]);
    }
    try {
      await body();
    } finally {
      const coroutine = currentCoroutine()!;
      if (coroutine.mustCancel) pendingSince = loop.time();
      coroutine.mustCancel = false;
    }
  };
  const tasks = bodies.map((body) =>
    createTask(() => inTask(body), { eagerStart: true })
  );
  while (tasks.some((task) => !task.done())) {
    const anyDone = new Future<void>();
    const onDone = () => anyDone.done() || anyDone.setResult();
    for (const task of tasks) {
      if (!task.done()) task.addDoneCallback(onDone);
    }
    try {
      await anyDone;
    } catch {
      for (const task of tasks) task.cancel();
    }
  }
  // A cancellation that the failures of a group displaced arises in the code that goes on.
  if (pendingSince === loop.time()) {
    const coroutine = currentCoroutine()!;
    coroutine.cancelAgain(branchOfCaller(coroutine));
  }
  for (const task of tasks) {
    if (task.cancelled()) throw new CancelledError();
    task.exception(); // is handled
  }
}

/** Runs a program, and takes down what ends when and how. */
class Execution {
  readonly #combine: Combine;
  readonly #log: { time: number; text: string }[] = [];

  constructor(combine: Combine) {
    this.#combine = combine;
  }

  /** Returns what was taken down, in order of time, with what should not be. */
  async run({ root, cancelledAt }: Program): Promise<string[]> {
    const main = inVirtualTime(async () => {
      const loop = getRunningLoop();
      let requests = 0;
      let isOver = false;
      const task = createTask(async () => {
        await this.#perform(root, "root").catch(() => {});
        isOver = true;
        assertEquals(currentTask()!.cancelling(), requests);
        for (; requests > 0; requests--) currentTask()!.uncancel();
        await sleep(1000); // nothing strikes any more, and what is shielded ends
        const { lastBranch, mustCancel } = currentCoroutine()!;
        assertEquals([lastBranch, mustCancel], [null, false]);
      });
      for (const [index, seconds] of cancelledAt.entries()) {
        loop.callLater(timeAt(`cancel ${index}`, seconds), () => {
          if (isOver) return;
          requests++;
          task.cancel();
        });
      }
      await task;
      assertEquals([...allTasks()], [currentTask()]);
    });
    await main();
    return this.#log
      .map(({ time, text }) => `${time.toFixed(9).padStart(13)} ${text}`)
      .toSorted();
  }

  /** `place` says where in the program the piece is. */
  async #perform(piece: Piece, place: string): Promise<void> {
    let end = "ends";
    try {
      await this.#do(piece, place);
    } catch (error) {
      end = describe(error);
      throw error;
    } finally {
      const time = getRunningLoop().time();
      this.#log.push({ time, text: `${place}: ${piece.do} ${end}` });
    }
  }

  async #do(piece: Piece, place: string): Promise<void> {
    const loop = getRunningLoop();
    const time = "seconds" in piece ? timeAt(place, piece.seconds) : 0;
    const perform = (each: Piece, index = 0) =>
      this.#perform(each, `${place}.${index}`);
    switch (piece.do) {
      case "sleep":
        return await sleep(time);
      case "fail":
        await sleep(time);
        throw new Error("failed");
      case "event": {
        const event = new Event();
        loop.callLater(time, () => event.set());
        await event.wait();
        return;
      }
      case "after each other":
        for (const [index, part] of piece.parts.entries()) {
          await perform(part, index);
        }
        return;
      case "side by side":
        return await this.#combine(
          piece.parts.map((part, index) => () => perform(part, index)),
        );
      case "timeout":
        return await timeout(time, () => perform(piece.part));
      case "waitFor":
        return await waitFor(() => perform(piece.part), time);
      case "group":
        return await taskGroup(async (group) => {
          const { cancelledAfter } = piece;
          if (cancelledAfter !== null) {
            const time = timeAt(place, cancelledAfter);
            loop.callLater(time, () => group.cancel());
          }
          piece.tasks.forEach((each, index) =>
            group.createTask(() => perform(each, index + 1))
          );
          await perform(piece.part);
        });
      case "shield":
        return await shield(() => perform(piece.part));
      case "handle failures":
        return await perform(piece.part).catch(throwCancellation);
      case "clean up":
        try {
          return await perform(piece.part);
        } finally {
          await perform(piece.cleanup, 1);
        }
    }
  }
}

function describe(error: unknown): string {
  if (error instanceof ExceptionGroup) {
    return `throws [${error.exceptions.map(describe).toSorted()}]`;
  }
  return `throws ${error instanceof Error ? error.name : error}`;
}
