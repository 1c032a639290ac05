// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  allTasks,
  asCompleted,
  createTask,
  ensureFuture,
  Future,
  gather,
  getRunningLoop,
  run,
  Runner,
  sleep,
  taskGroup,
  wait,
} from "../../mod.ts";

Deno.test("assertOptions() has functions refuse options that are no object, before they do anything", () =>
  run(async () => {
    const done = new Future<void>();
    done.setResult();
    const never = (): void => {
      throw new Error("It has been called");
    };
    const wrong: [unknown, string][] = [
      [5, "5"],
      [true, "true"],
      ["name", '"name"'],
      [null, "null"],
      [() => {}, "a function"],
    ];
    for (const [value, received] of wrong) {
      const options = value as object;
      const calls: [string, () => unknown][] = [
        ["createTask", () => createTask(never, options)],
        ["createTask", () => getRunningLoop().createTask(never, options)],
        ["asCompleted", () => asCompleted([never], options)],
        ["ensureFuture", () => ensureFuture(never, options)],
        ["gather", () => gather([never], options)],
        ["wait", () => wait([done], options)],
        ["run", () => run(never, options)],
        ["Runner", () => new Runner(options)],
      ];
      for (const [caller, call] of calls) {
        await assertRejects(
          async () => await call(),
          TypeError,
          `The options of ${caller}() must be an object: received ${received}`,
        );
      }
      await taskGroup((group) =>
        void assertThrows(
          () => group.createTask(never, options),
          TypeError,
          `The options of createTask() must be an object: received ${received}`,
        )
      );
    }
    await sleep(0);
    assertEquals(allTasks().size, 1);
  }));
