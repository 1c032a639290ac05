// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import { createTask, type Guard, ReadWriteLock, sleep } from "../../mod.ts";
import { cancelEverywhere } from "../../testing/mod.ts";
import { Askers, assertHeeded, assertSound, ended } from "./exploring.ts";

/** The state that a read-write lock guards. */
class Book {
  readonly lock = new ReadWriteLock();
  #readers = 0;
  #writers = 0;

  async read(): Promise<void> {
    await this.#hold(await this.lock.read(), (count) => this.#readers += count);
  }

  async write(): Promise<void> {
    await this.#hold(
      await this.lock.write(),
      (count) => this.#writers += count,
    );
  }

  async #hold(guard: Guard, add: (count: number) => void): Promise<void> {
    using _ = guard;
    add(1);
    assert(
      this.#writers === 0 || this.#readers + this.#writers === 1,
      "A writer is not alone",
    );
    try {
      await sleep(1);
    } finally {
      add(-1);
    }
  }
}

Deno.test("ReadWriteLock keeps writers alone and strands no task, in any order of events", () =>
  assertSound(async (trial) => {
    const book = new Book();
    const tasks = ["read", "write", "read", "read", "write", "read"].map((
      kind,
    ) => createTask(() => kind === "read" ? book.read() : book.write()));
    for (const task of tasks.slice(1, 5)) trial.mayCancel(task);
    await ended(tasks);
    tasks.forEach(assertHeeded);
    assertEquals(String(book.lock), "<ReadWriteLock [unlocked]>");
  }));

Deno.test("ReadWriteLock serves writers and the readers behind them in order, in any order of events", () =>
  assertSound(async (trial) => {
    const lock = new ReadWriteLock();
    const askers = new Askers();
    const write = async () => {
      using _ = await askers.grant(lock.write());
      await sleep(0);
    };
    const read = async () => {
      using _ = await askers.grant(lock.read());
      await sleep(0);
    };
    const tasks = [write, read, write, write].map((each) => createTask(each));
    for (const task of tasks.slice(1, 3)) trial.mayCancel(task);
    await ended(tasks);
  }));

Deno.test("ReadWriteLock is never left locked when a task is cancelled at any await", async () => {
  const awaits = await cancelEverywhere(() => {
    const book = new Book();
    const work = async () => {
      await book.read();
      await book.write();
      await book.read();
    };
    return {
      body: work,
      meanwhile: work,
      check: () =>
        assertEquals(String(book.lock), "<ReadWriteLock [unlocked]>"),
    };
  });
  assert(awaits >= 4);
});
