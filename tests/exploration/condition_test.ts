// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertFalse } from "@std/assert";
import { Condition, createTask, sleep, timeout } from "../../mod.ts";
import { cancelEverywhere } from "../../testing/mod.ts";
import {
  assertFound,
  assertHeeded,
  assertSound,
  type Body,
  ended,
  orLate,
} from "./exploring.ts";
import { BlindCondition } from "./planted/blind_condition.ts";

interface AnyCondition {
  acquire(): PromiseLike<unknown>;
  release(): void;
  locked(): boolean;
  waitFor(predicate: () => boolean): Promise<unknown>;
  notify(): void;
}

/** Items that some tasks put and others take while they hold the condition's lock. */
class Shelf {
  items = 0;
  taken = 0;
  readonly #condition: AnyCondition;
  #holders = 0;

  constructor(condition: AnyCondition) {
    this.#condition = condition;
  }

  async put(): Promise<void> {
    await this.#holding(() => {
      this.items++;
      this.#condition.notify();
    });
  }

  async take(): Promise<void> {
    await this.#holding(async () => {
      this.#holders--;
      try {
        await this.#condition.waitFor(() => this.items > 0);
      } finally {
        assert(this.#condition.locked(), "The lock is not held after a wait");
        assertEquals(this.#holders++, 0, "Not alone after a wait");
      }
      this.items--;
      this.taken++;
    });
  }

  assertAtRest(): void {
    assertEquals(this.#holders, 0);
    assertFalse(this.#condition.locked());
  }

  async #holding(action: () => unknown): Promise<void> {
    await this.#condition.acquire();
    assertEquals(this.#holders++, 0, "Not alone");
    try {
      await action();
    } finally {
      this.#holders--;
      this.#condition.release();
    }
  }
}

/** Two want what one puts; one of them may give up. */
function trading(makeCondition: () => AnyCondition): Body {
  return async (trial) => {
    const shelf = new Shelf(makeCondition());
    const takers = [1, 2].map(() => createTask(() => shelf.take()));
    trial.mayCancel(takers[0]!);
    await createTask(() => shelf.put());
    // By then no task continues without a notification.
    await sleep(10);
    const isWanted = takers.some((task) => !task.done());
    assertFalse(isWanted && shelf.items > 0, "Waits for what is there");
    for (const task of takers) task.cancel();
    await ended(takers);
    assertEquals(shelf.items + shelf.taken, 1);
    shelf.assertAtRest();
  };
}

Deno.test("Condition loses no notification, in any order of events", () =>
  assertSound(trading(() => new Condition()), { timeouts: false }));

Deno.test("explore() finds a condition that wakes a cancelled waiter", () =>
  assertFound(trading(() => new BlindCondition()), { timeouts: false }));

Deno.test("Condition holds the lock after a wait that was given up, in any order of events", () =>
  assertSound(async (trial) => {
    const shelf = new Shelf(new Condition());
    const tasks = [
      trial.mayCancel(createTask(() => orLate(timeout(1, () => shelf.take())))),
      createTask(() => orLate(timeout(2, () => shelf.take()))),
      createTask(() => shelf.put()),
    ];
    await ended(tasks);
    assertEquals(shelf.items + shelf.taken, 1);
    shelf.assertAtRest();
  }));

Deno.test("Condition stays consistent when a waiter is cancelled at any await", async () => {
  const awaits = await cancelEverywhere(() => {
    const condition = new Condition();
    const shelf = new Shelf(condition);
    return {
      body: () => shelf.take(),
      meanwhile: async () => {
        const other = createTask(() => shelf.take());
        await sleep(1);
        await shelf.put();
        using _ = await condition.acquire();
        shelf.items++;
        condition.notify();
        // Who was woken waits for the lock a while.
        await sleep(1);
        condition.release();
        await other;
      },
      check: () => {
        assertEquals(shelf.items + shelf.taken, 2);
        shelf.assertAtRest();
      },
    };
  });
  assert(awaits >= 2);
});

Deno.test("Condition.notifyAll() wakes all waiters, in any order of events", () =>
  assertSound(async (trial) => {
    const condition = new Condition();
    let isOpen = false;
    let inside = 0;
    const tasks = [1, 2, 3].map(() =>
      createTask(async () => {
        using _ = await condition.acquire();
        while (!isOpen) await condition.wait();
        assertEquals(inside++, 0);
        await sleep(0).finally(() => inside--);
      })
    );
    trial.mayCancel(tasks[0]!);
    trial.mayCancel(tasks[1]!);
    const opener = createTask(async () => {
      using _ = await condition.acquire();
      isOpen = true;
      condition.notifyAll();
    });
    await ended([...tasks, opener]);
    tasks.forEach(assertHeeded);
    assertFalse(condition.locked());
  }));
