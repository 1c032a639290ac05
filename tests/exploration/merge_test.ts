// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import { allTasks, createTask, events, merge, once, sleep } from "../../mod.ts";
import { cancelEverywhere } from "../../testing/mod.ts";
import { CountingTarget } from "../doubles/counting_target.ts";
import { assertHeeded, assertSound, ended } from "./exploring.ts";

/** Sources that count how many are open. */
class Sources {
  open = 0;
  closed = 0;

  async *items(from: number, count: number) {
    this.open++;
    try {
      for (let i = 0; i < count; i++) {
        await sleep(i % 2);
        yield from + i;
      }
    } finally {
      try {
        await sleep(1);
      } finally {
        this.open--;
        this.closed++;
      }
    }
  }
}

Deno.test("merge() gives all items, each source in order, in any order of events", () =>
  assertSound(async () => {
    const sources = new Sources();
    const got: number[] = [];
    const reader = createTask(async () => {
      for await (
        const each of merge(sources.items(0, 3), sources.items(10, 3))
      ) {
        got.push(each);
      }
    });
    await ended([reader]);
    assertEquals(got.filter((each) => each < 10), [0, 1, 2]);
    assertEquals(got.filter((each) => each >= 10), [10, 11, 12]);
    assertEquals(sources.open, 0);
  }));

Deno.test("merge() closes every source once before it ends, in any order of events", () =>
  assertSound(async (trial) => {
    const sources = new Sources();
    const isLeft = trial.random() < 0.5;
    let begun = false;
    const reader = trial.mayCancel(
      createTask(async () => {
        const merged = merge(sources.items(0, 3), sources.items(10, 3));
        try {
          begun = true;
          for await (const each of merged) {
            if (isLeft && each % 10 === 1) break;
          }
        } finally {
          assertEquals(sources.open, 0, "Left while a source was open");
        }
      }),
    );
    await ended([reader]);
    assertHeeded(reader);
    assertEquals(sources.open, 0);
    if (begun && !reader.cancelled()) assertEquals(sources.closed, 2);
    assertEquals(allTasks().size, 1);
  }));

Deno.test("merge() closes its sources when it is cancelled at any await", async () => {
  const awaits = await cancelEverywhere(() => {
    const sources = new Sources();
    return {
      body: async () => {
        const merged = merge(sources.items(0, 3), sources.items(10, 3));
        for await (const _ of merged) await sleep(0);
      },
      check: () => assertEquals(sources.open, 0),
    };
  });
  assert(awaits >= 6);
});

Deno.test("events() and once() leave no listener when they are cancelled at any await", async () => {
  const awaits = await cancelEverywhere(() => {
    const target = new CountingTarget();
    return {
      body: async () => {
        await once(target, "tick");
        for await (const _ of events(target, "tick")) await sleep(0);
      },
      meanwhile: async () => {
        for (let i = 0; i < 4; i++) {
          await sleep(1);
          target.tick(i);
        }
        for (const task of allTasks()) {
          if (task.getName() === "victim") task.cancel();
        }
      },
      check: (victim) => {
        assert(victim.done());
        assertEquals(target.listeners, 0);
      },
    };
  });
  assert(awaits >= 3);
});

Deno.test("events() gives each event once and in order, in any order of events", () =>
  assertSound(async (trial) => {
    const target = new CountingTarget();
    const got: number[] = [];
    const ticks = events<CustomEvent<number>>(target, "tick");
    const reader = trial.mayCancel(
      createTask(async () => {
        for await (const { detail } of ticks) {
          got.push(detail);
          if (detail === 2) break;
        }
      }),
    );
    reader.addDoneCallback(() => void ticks.return?.());
    const ticker = createTask(async () => {
      for (let i = 0; i < 3; i++) {
        target.tick(i);
        await sleep(0);
      }
    });
    await ended([ticker, reader]);
    assertHeeded(reader);
    assertEquals(got, [0, 1, 2].slice(0, got.length));
    if (!reader.cancelled()) assertEquals(got.length, 3);
    await sleep(0);
    assertEquals(target.listeners, 0);
  }));
