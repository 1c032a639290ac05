// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { BoundedSemaphore, createTask, Semaphore, sleep } from "../../mod.ts";
import {
  cancelEverywhere,
  type CancellationScenario,
  ExplorationError,
} from "../../testing/mod.ts";
import {
  Askers,
  assertFound,
  assertHeeded,
  assertSound,
  type Body,
  ended,
} from "./exploring.ts";
import { LeakingSemaphore } from "./planted/leaking_semaphore.ts";

interface AnySemaphore {
  acquire(): PromiseLike<unknown>;
  release(): void;
  locked(): boolean;
}

const PERMITS = 2;

/** A section for as many tasks as there are permits. */
class Hall {
  readonly #semaphore: AnySemaphore;
  #inside = 0;

  constructor(semaphore: AnySemaphore) {
    this.#semaphore = semaphore;
  }

  async visit(stay: number): Promise<void> {
    await this.#semaphore.acquire();
    try {
      assert(++this.#inside <= PERMITS, "One too many");
      await sleep(stay);
    } finally {
      this.#inside--;
      this.#semaphore.release();
    }
  }

  /** Throws unless all permits are there again. */
  async assertAtRest(): Promise<void> {
    assertEquals(this.#inside, 0);
    for (let i = 0; i < PERMITS; i++) {
      assertFalse(this.#semaphore.locked(), "A permit is lost");
      await this.#semaphore.acquire();
    }
    assert(this.#semaphore.locked(), "There is one permit too many");
  }
}

function visiting(makeSemaphore: () => AnySemaphore): Body {
  return async (trial) => {
    const hall = new Hall(makeSemaphore());
    const tasks = [1, 0, 1, 0].map((stay) =>
      createTask(() => hall.visit(stay))
    );
    for (const task of tasks.slice(1, 3)) trial.mayCancel(task);
    await ended(tasks);
    tasks.forEach(assertHeeded);
    await hall.assertAtRest();
  };
}

Deno.test("A semaphore that loses a permit on its way is found", () =>
  assertFound(visiting(() => new LeakingSemaphore(PERMITS))));

/** A task that is cancelled, and others that acquire a permit, too. */
function crowding(
  makeSemaphore: () => AnySemaphore,
): () => CancellationScenario {
  return () => {
    const hall = new Hall(makeSemaphore());
    return {
      body: async () => {
        await hall.visit(1);
        await hall.visit(0);
      },
      meanwhile: () =>
        ended([1, 2, 1, 0].map((stay) => createTask(() => hall.visit(stay)))),
      check: () => hall.assertAtRest(),
    };
  };
}

Deno.test("cancelEverywhere() finds a semaphore that loses a permit", async () => {
  await assertRejects(
    () => cancelEverywhere(crowding(() => new LeakingSemaphore(PERMITS))),
    ExplorationError,
    "after its wake-up",
  );
});

for (const Class of [Semaphore, BoundedSemaphore]) {
  Deno.test(`${Class.name} neither loses nor duplicates a permit, in any order of events`, () =>
    assertSound(visiting(() => new Class(PERMITS))));

  Deno.test(`${Class.name} stays consistent when a waiter is cancelled at any await`, async () => {
    const awaits = await cancelEverywhere(crowding(() => new Class(PERMITS)));
    assert(awaits >= 3);
  });

  Deno.test(`${Class.name} grants permits in FIFO order, in any order of events`, () =>
    assertSound(async (trial) => {
      const semaphore = new Class(1);
      const askers = new Askers();
      const work = async () => {
        using _ = await askers.grant(semaphore.acquire());
        await sleep(0);
      };
      const tasks = [1, 2, 3, 4].map(() => createTask(work));
      trial.mayCancel(tasks[1]!);
      trial.mayCancel(tasks[2]!);
      await ended(tasks);
    }));
}
