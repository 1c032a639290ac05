// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertFalse, assertRejects } from "@std/assert";
import { createTask, Lock, sleep } from "../../mod.ts";
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
import { LockWithoutHandOver } from "./planted/lock_without_hand_over.ts";

interface AnyLock {
  acquire(): PromiseLike<unknown>;
  release(): void;
  locked(): boolean;
}

/** A critical section. */
class Room {
  readonly #lock: AnyLock;
  readonly #askers = new Askers();
  #inside = 0;

  constructor(lock: AnyLock) {
    this.#lock = lock;
  }

  /** Goes in, stays a while, and leaves. */
  async visit(stay: number): Promise<void> {
    await this.#askers.grant(this.#lock.acquire());
    try {
      assertEquals(this.#inside++, 0, "Not alone");
      await sleep(stay);
    } finally {
      this.#inside--;
      this.#lock.release();
    }
  }

  assertEmpty(): void {
    assertEquals(this.#inside, 0);
    assertFalse(this.#lock.locked());
  }
}

/** Three tasks acquire a lock; two of them may be cancelled. */
function visiting(makeLock: () => AnyLock): Body {
  return async (trial) => {
    const room = new Room(makeLock());
    const tasks = ["a", "b", "c"].map((name, index) =>
      createTask(() => room.visit(index % 2), { name })
    );
    trial.mayCancel(tasks[0]!);
    trial.mayCancel(tasks[1]!);
    await ended(tasks);
    tasks.forEach(assertHeeded);
    room.assertEmpty();
  };
}

Deno.test("Lock admits one task at a time in FIFO order, in any order of events", () =>
  assertSound(visiting(() => new Lock())));

Deno.test("explore() finds a lock without hand-over", () =>
  assertFound(visiting(() => new LockWithoutHandOver())));

/** A task that is cancelled, and others that acquire before and after it. */
function crowding(makeLock: () => AnyLock): () => CancellationScenario {
  return () => {
    const room = new Room(makeLock());
    const visitor = () => createTask(() => room.visit(1));
    return {
      body: async () => {
        await sleep(0.25);
        await room.visit(1);
        await room.visit(0);
      },
      meanwhile: async () => {
        const first = visitor();
        await sleep(0.5);
        await ended([first, visitor(), visitor()]);
      },
      check: () => room.assertEmpty(),
    };
  };
}

Deno.test("Lock stays consistent when a task that wants it is cancelled at any await", async () => {
  // Before it asks, and twice for the lock and inside.
  assertEquals(await cancelEverywhere(crowding(() => new Lock())), 5);
});

Deno.test("cancelEverywhere() finds a lock without hand-over", async () => {
  await assertRejects(
    () => cancelEverywhere(crowding(() => new LockWithoutHandOver())),
    ExplorationError,
    "at its await number 2, after its wake-up: HangError",
  );
});

Deno.test("LockGuard releases its own lock only", () =>
  assertSound(async (trial) => {
    const lock = new Lock();
    let inside = 0;
    const work = async () => {
      using guard = await lock.acquire();
      assertEquals(inside++, 0);
      try {
        await sleep(0);
      } finally {
        inside--;
        guard[Symbol.dispose]();
      }
      await sleep(0);
    };
    const tasks = [1, 2, 3].map(() => trial.mayCancel(createTask(work)));
    await ended(tasks);
    assertFalse(lock.locked());
  }));

/** A common mistake: what was not acquired, as the task was cancelled, is released all the same. */
function working(lock: Lock, acquire: "inside" | "before"): Body {
  return async (trial) => {
    let inside = 0;
    const work = async () => {
      if (acquire === "before") await lock.acquire();
      try {
        if (acquire === "inside") await lock.acquire();
        assertEquals(inside++, 0, "Not alone");
        try {
          await sleep(1);
        } finally {
          inside--;
        }
      } finally {
        lock.release();
      }
    };
    const tasks = [1, 2, 3].map(() => createTask(work));
    trial.mayCancel(tasks[1]!);
    await ended(tasks);
    assertFalse(lock.locked());
  };
}

Deno.test("explore() finds a release by a task that does not hold the lock", () =>
  assertFound((trial) => working(new Lock(), "inside")(trial)));

Deno.test("explore() accepts a release by the task that holds the lock", () =>
  assertSound((trial) => working(new Lock(), "before")(trial)));
