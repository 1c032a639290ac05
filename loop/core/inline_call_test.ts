// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  captureCallGraph,
  createTask,
  currentTask,
  gather,
  run,
  shield,
  sleep,
  timeout,
  waitFor,
} from "../../tasks/mod.ts";
import { callInline } from "./inline_call.ts";
import {
  CancelledError,
  ContextVar,
  Future,
  getRunningLoop,
  RuntimeError,
  TimeoutError,
} from "../mod.ts";
import { currentScheduler } from "./scheduler.ts";

function call<T>(fn: () => PromiseLike<T>, name = "call()"): Future<T> {
  return callInline(currentScheduler(), name, fn);
}

/** Settles outside the loop, after some turns of Deno's event loop. */
function foreign<T>(value: T): Promise<T> {
  return new Promise((resolve) =>
    setImmediate(() => setImmediate(() => resolve(value)))
  );
}

Deno.test("The stack of an error in a call names those who await it", () =>
  run(async () => {
    const failing = async () => {
      await foreign(null);
      throw new Error("failed");
    };
    const connect = () => call(failing);
    const open = () => call(async () => await connect());
    async function fetchPage() {
      await timeout(5, () => open());
    }
    async function main() {
      await fetchPage();
    }
    const { stack } = await assertRejects(() => main(), Error);
    assertStringIncludes(stack!, "at failing (");
    for (const name of ["fetchPage", "main"]) {
      assertStringIncludes(stack!, `at async ${name} (`);
    }
  }));

/** Two tasks that log what they do; the first makes its calls by `make`. */
async function order(
  make: (fn: () => PromiseLike<void>) => PromiseLike<void>,
  fn: (log: (event: string) => void) => Promise<void>,
): Promise<string[]> {
  const events: string[] = [];
  const log = (event: string) => void events.push(event);
  await run(() =>
    gather([
      async () => {
        log("begin");
        await make(() => fn(log));
        log("end");
      },
      async () => {
        for (let i = 0; i < 6; i++) {
          log(`other ${i}`);
          await sleep(0);
        }
      },
    ])
  );
  return events;
}

const BODIES: Record<
  string,
  (log: (event: string) => void) => Promise<void>
> = {
  // deno-lint-ignore require-await -- a body that awaits nothing is the case
  "awaits nothing": async (log) => log("body"),
  "awaits what is done": async (log) => {
    const done = new Future<void>();
    done.setResult();
    for (let i = 0; i < 3; i++) {
      await done;
      log(`body ${i}`);
    }
  },
  "awaits promises that are settled": async (log) => {
    for (let i = 0; i < 3; i++) {
      await Promise.resolve();
      log(`body ${i}`);
    }
  },
  "awaits what is pending": async (log) => {
    log("body");
    await sleep(0);
    log("body goes on");
    await sleep(0);
    log("body ends");
  },
  "awaits what is done, then what is pending": async (log) => {
    const done = new Future<void>();
    done.setResult();
    await done;
    await done;
    log("body");
    await sleep(0);
    await done;
    await done;
    log("body ends");
  },
};

for (const [what, body] of Object.entries(BODIES)) {
  Deno.test(`callInline() of a body that ${what} keeps the order of events`, async () => {
    const expected = await order((fn) => fn(), body);
    assertEquals(await order(call, body), expected);
    assertEquals(
      await order((fn) => call(async () => await call(fn)), body),
      expected,
    );
  });
}

Deno.test("callInline() begins at once, and its result is there without an await", () =>
  run(async () => {
    const events: string[] = [];
    const future = call(async () => {
      events.push("body");
      await sleep(0);
      return 1;
    });
    events.push("caller");
    assertEquals(events, ["body", "caller"]);
    assert(future instanceof Future);
    while (!future.done()) await sleep(0);
    assertEquals(future.result(), 1);
  }));

Deno.test("callInline() works outside tasks", async () => {
  const future = call(async () => {
    await sleep(0);
    return currentTask();
  });
  assertEquals(await future, null);
});

Deno.test("callInline() outside tasks can be cancelled by itself", async () => {
  let ended = "";
  const future = call(async () => {
    try {
      await sleep(3600);
    } catch (error) {
      ended = String(error);
      throw error;
    }
  });
  assert(future.cancel("enough"));
  await assertRejects(() => future, CancelledError, "enough");
  assert(future.cancelled());
  assertEquals(ended, "CancelledError: enough");
  assertFalse(future.cancel());
});

Deno.test("callInline() that is cancelled leaves what its task awaits alongside", () =>
  run(async () => {
    const alongside = sleep(0.001, "there");
    const future = call(() => sleep(3600));
    const both = Promise.allSettled([future, alongside]);
    await sleep(0);
    assert(future.cancel());
    const [first, second] = await both;
    assert((first as PromiseRejectedResult).reason instanceof CancelledError);
    assertEquals((second as PromiseFulfilledResult<string>).value, "there");
    assertEquals(currentTask()!.cancelling(), 0);
    await sleep(0);
  }));

Deno.test("callInline() is cancelled at each of its awaits", () =>
  run(async () => {
    for (let turns = 0; turns < 4; turns++) {
      const events: number[] = [];
      const task = createTask(() =>
        call(async () => {
          for (let i = 0; i < 3; i++) {
            events.push(i);
            await sleep(0);
          }
        })
      );
      await sleep(0);
      for (let i = 0; i < turns; i++) await sleep(0);
      const wasDone = task.done();
      task.cancel();
      if (wasDone) await task;
      else await assertRejects(() => task, CancelledError);
      assertEquals(events, [0, 1, 2].slice(0, turns + 1));
    }
  }));

Deno.test("callInline() is cancelled once by a request, and may clean up", () =>
  run(async () => {
    const events: string[] = [];
    const task = createTask(() =>
      call(async () => {
        try {
          await sleep(3600);
        } finally {
          events.push("clean up");
          await sleep(0);
          await foreign(null);
          await sleep(0);
          events.push("cleaned up");
        }
      })
    );
    await sleep(0);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    assertEquals(events, ["clean up", "cleaned up"]);
  }));

Deno.test("callInline() whose result is there is not lost by a cancellation of its task", () =>
  run(async () => {
    const gate = new Future<void>();
    let taken: number | null = null;
    const task = createTask(async () => {
      taken = await call(async () => {
        await gate;
        await foreign(null);
        return 1;
      });
      await sleep(0);
      throw new Error("the request was lost");
    });
    await sleep(0);
    gate.setResult();
    await sleep(0);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    assertEquals(taken, 1);
  }));

Deno.test("callInline() that ends in spite of a request leaves the request to its task", () =>
  run(async () => {
    const task = createTask(async () => {
      const value = await call(() => foreign("value"));
      assertEquals(value, "value");
      return value;
    });
    await sleep(0);
    task.cancel();
    await assertRejects(() => task, CancelledError);
  }));

Deno.test("callInline() in a time limit is cancelled by the limit alone", () =>
  run(async () => {
    await assertRejects(
      () => timeout(0.001, () => call(() => sleep(3600))),
      TimeoutError,
    );
    await assertRejects(
      () => waitFor(call(() => sleep(3600)), 0.001),
      TimeoutError,
    );
    assertEquals(currentTask()!.cancelling(), 0);
    await sleep(0);
  }));

Deno.test("callInline() that a limit shields goes on", () =>
  run(async () => {
    const future = call(() => sleep(0.005, "value"));
    await assertRejects(
      () => timeout(0.001, () => shield(future)),
      TimeoutError,
    );
    assertEquals(await future, "value");
  }));

Deno.test("callInline() that is cancelled at a promise is cancelled at its next await", () =>
  run(async () => {
    const events: string[] = [];
    const future = call(async () => {
      await foreign(null);
      events.push("went on");
      await sleep(3600);
    });
    await sleep(0);
    assert(future.cancel());
    await assertRejects(() => future, CancelledError);
    assertEquals(events, ["went on"]);
  }));

Deno.test("callInline() that catches a cancellation gives what it returns", () =>
  run(async () => {
    const future = call(async () => {
      try {
        await sleep(3600);
      } catch {
        return "caught";
      }
      return "";
    });
    future.cancel();
    assertEquals(await future, "caught");
    await sleep(0);
  }));

Deno.test("callInline() cancelled from outside throws without a request", () =>
  run(async () => {
    const future = call(() => sleep(3600));
    const task = createTask(async () => {
      try {
        await future;
      } catch (error) {
        assert(error instanceof CancelledError);
      }
      await sleep(0);
      return "went on";
    });
    await sleep(0);
    future.cancel();
    assertEquals(await task, "went on");
  }));

Deno.test("callInline() cancels the calls inside", () =>
  run(async () => {
    const events: string[] = [];
    const future = call(() =>
      call(async () => {
        try {
          await sleep(3600);
        } finally {
          events.push("inner");
        }
      }).finally(() => events.push("outer"))
    );
    await sleep(0);
    future.cancel();
    await assertRejects(() => future, CancelledError);
    assertEquals(events, ["inner", "outer"]);
  }));

Deno.test("callInline() that fails and is not awaited is reported", async () => {
  const reports: unknown[] = [];
  await run(async () => {
    getRunningLoop().setExceptionHandler((_, { exception }) => {
      reports.push((exception as Error).message);
    });
    call(async () => {
      await sleep(0);
      throw new Error("unseen");
    });
    await sleep(0.001);
  });
  assertEquals(reports, ["unseen"]);
});

Deno.test("callInline() throws what its body throws, once", () =>
  run(async () => {
    const error = new RuntimeError("broken");
    const future = call(async () => {
      await sleep(0);
      throw error;
    });
    assertEquals(await future.catch((reason) => reason), error);
    assertEquals(future.exception(), error);
  }));

Deno.test("callInline() has the context variables of its caller, and sets them there", async () => {
  const variable = new ContextVar("variable", "none");
  await run(async () => {
    variable.set("caller");
    const seen = await call(async () => {
      const before = variable.get();
      await sleep(0);
      variable.set("body");
      return [before, variable.get()];
    });
    assertEquals(seen, ["caller", "body"]);
    assertEquals(variable.get(), "body");
  });
  variable.set("outside");
  assertEquals(
    await call(async () => {
      await sleep(0);
      return variable.get();
    }),
    "outside",
  );
});

Deno.test("callInline() is code of its caller's task", () =>
  run(async () => {
    const task = currentTask();
    const seen = await call(async () => {
      const before = currentTask();
      await sleep(0);
      return [before, currentTask()];
    });
    assertEquals(seen, [task, task]);
  }));

Deno.test("callInline() stands between its task and what it awaits in the call graph", () =>
  run(async () => {
    const gate = new Future<void>();
    const task = createTask(() => call(async () => await gate, "connect()"), {
      name: "client",
    });
    await sleep(0);
    const graph = captureCallGraph(gate)!;
    const [entry] = graph.awaitedBy;
    assertEquals(String(entry!.future), "<connect() pending>");
    assertEquals(entry!.awaitedBy[0]!.future, task);
    gate.setResult();
    await task;
  }));

Deno.test("callInline() that awaits its own task fails", () =>
  run(async () => {
    const task = createTask(() =>
      call(async () => {
        await sleep(0);
        await task;
      })
    );
    await assertRejects(() => task, RuntimeError);
  }));

Deno.test("run() cancels the calls that are left, each once", async () => {
  const events: string[] = [];
  const left = async (name: string) => {
    try {
      await sleep(3600);
    } finally {
      events.push(`${name} cleans up`);
      await sleep(0);
      await sleep(0);
      events.push(`${name} ends`);
    }
  };
  await run(async () => {
    call(() => left("alone"));
    call(() => call(() => left("nested")));
    createTask(() => call(() => left("of a task")));
    await sleep(0);
  });
  assertEquals(events.toSorted(), [
    "alone cleans up",
    "alone ends",
    "nested cleans up",
    "nested ends",
    "of a task cleans up",
    "of a task ends",
  ]);
});
