// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  CancelledError,
  captureCallGraph,
  createTask,
  Event,
  Future,
  getRunningLoop,
  Protocol,
  Queue,
  run,
  RuntimeError,
  sleep,
} from "../mod.ts";
import { FakeConn } from "../tests/doubles/conn.ts";
import {
  cancelEverywhere,
  type CancelEverywhereOptions,
  type CancellationScenario,
} from "./cancel_everywhere.ts";
import { ExplorationError } from "./exploration_error.ts";
import { HangError } from "./hang_error.ts";

/** Returns the error with which a scenario fails. */
function failureOf(
  scenario: () => CancellationScenario,
  options?: CancelEverywhereOptions,
): Promise<ExplorationError> {
  return assertRejects(
    () => cancelEverywhere(scenario, options),
    ExplorationError,
  );
}

/** Returns whether a pending future is awaited. */
function isWaitedFor(future: Future<unknown>): boolean {
  return !future.done() && captureCallGraph(future)!.awaitedBy.length > 0;
}

Deno.test("cancelEverywhere() counts the awaits of the body", async () => {
  const none = await cancelEverywhere(() => ({ body: () => {} }));
  assertEquals(none, 0);
  const three = await cancelEverywhere(() => ({
    body: async () => {
      await sleep(1);
      await sleep(0);
      await new Promise<void>((resolve) => resolve());
      await createTask(() => sleep(1));
    },
  }));
  assertEquals(three, 3);
});

Deno.test("cancelEverywhere() reports the failure it found, not one of debug mode", async () => {
  const makeScenario = () => ({
    body: () => {
      // Debug mode refuses this.
      getRunningLoop().callSoon(async () => {});
      throw new RangeError("of the body");
    },
  });
  const error = await failureOf(makeScenario);
  assertStringIncludes(error.message, "RangeError: of the body");
  assertEquals((error.cause as Error).message, "of the body");
});

Deno.test("cancelEverywhere() reports an error that cannot be converted to text", async () => {
  const thrown = Object.create(null);
  const error = await failureOf(() => ({
    body: () => {
      throw thrown;
    },
  }));
  assertStringIncludes(error.message, "an unprintable object");
});

Deno.test("cancelEverywhere() cancels before the start, and at each await in both moments", async () => {
  const runs: string[] = [];
  await cancelEverywhere(() => {
    const log: string[] = [];
    return {
      body: async () => {
        log.push("begun");
        for (let i = 1; i <= 2; i++) {
          let isOver = false;
          const wait = sleep(i);
          wait.addDoneCallback(() => isOver = !wait.cancelled());
          try {
            await wait;
          } catch (error) {
            assert(error instanceof CancelledError);
            log.push(`${i} ${isOver ? "woken" : "waiting"}`);
            throw error;
          }
        }
        log.push("ended");
      },
      check: (victim) => {
        assertEquals(victim.getName(), "victim");
        assertEquals(victim.cancelled(), !log.includes("ended"));
        runs.push(log.join(", "));
      },
    };
  });
  assertEquals(runs, [
    // Without a cancellation, and at the end when none strikes any more.
    "begun, ended",
    "",
    "",
    "begun, 1 waiting",
    "begun, 1 woken",
    "begun, 2 waiting",
    "begun, 2 woken",
    "begun, ended",
    "begun, ended",
  ]);
});

Deno.test("cancelEverywhere() reports the await and the line at which the body failed", async () => {
  const error = await failureOf(() => {
    let isHeld = false;
    return {
      body: async function work() {
        await sleep(0);
        isHeld = true;
        await sleep(1);
        isHeld = false;
      },
      check: () => assertEquals(isHeld, false),
    };
  });
  assertMatch(
    error.message,
    /^The body failed when it was cancelled at its await number 2, while it waited: AssertionError/,
  );
  const here = RegExp.escape(import.meta.url);
  assertMatch(
    error.message,
    new RegExp(`\\n  0\\.000  cancel victim at (async )?work \\(${here}:\\d+`),
  );
  assertEquals(error.replay, "");
  assertEquals((error.cause as Error).name, "AssertionError");
});

Deno.test("cancelEverywhere() distinguishes a waiter from one that has been woken", async () => {
  // An item that is sent to a woken waiter is lost if the waiter is cancelled then.
  const error = await failureOf(() => {
    const kept: number[] = [];
    const waiting = new Future<number>();
    return {
      body: async () => void kept.push(await waiting),
      meanwhile: async () => {
        await sleep(1);
        if (isWaitedFor(waiting)) waiting.setResult(1);
        else kept.push(1);
      },
      check: () => assertEquals(kept, [1]),
    };
  });
  assertStringIncludes(error.message, "await number 1, after its wake-up");
});

Deno.test("cancelEverywhere() fails when the body fails without a cancellation", async () => {
  const { message, cause } = await failureOf(() => ({
    body: () => {
      throw new TypeError("in any case");
    },
  }));
  assertStringIncludes(message, "failed when it was not cancelled");
  assertEquals(`${cause}`, "TypeError: in any case");
});

Deno.test("cancelEverywhere() fails when the body fails because of a cancellation", async () => {
  const { message, cause } = await failureOf(() => ({
    body: async () => {
      try {
        await sleep(1);
      } catch {
        throw new TypeError("instead of a CancelledError");
      }
    },
  }));
  assertStringIncludes(message, "await number 1");
  assertEquals(`${cause}`, "TypeError: instead of a CancelledError");
});

Deno.test("cancelEverywhere() lets a body swallow its cancellation", async () => {
  const awaits = await cancelEverywhere(() => ({
    body: async () => {
      await sleep(1).catch(() => {});
      await sleep(1);
      return "result";
    },
    check: (victim) => {
      if (!victim.cancelled()) assertEquals(victim.result(), "result");
    },
  }));
  assertEquals(awaits, 2);
});

Deno.test("cancelEverywhere() fails when `meanwhile` or `check` fails", async () => {
  const body = () => sleep(2);
  const fail = () => {
    throw new TypeError("of the other");
  };
  for (const scenario of [{ body, meanwhile: fail }, { body, check: fail }]) {
    const { cause } = await failureOf(() => scenario);
    assertEquals(`${cause}`, "TypeError: of the other");
  }
});

Deno.test("cancelEverywhere() fails when `meanwhile` hangs", async () => {
  const { cause, message } = await failureOf(() => {
    const queue = new Queue<number>();
    return {
      body: async () => {
        await sleep(1);
        queue.putNowait(1);
      },
      meanwhile: () => queue.get(),
    };
  });
  assert(cause instanceof HangError);
  assertStringIncludes(message, "* <Queue.get() pending>");
  assertStringIncludes(message, "cancelled before its first step");
});

Deno.test("cancelEverywhere() fails when a task is still running at the end", async () => {
  const { cause, message } = await failureOf(() => ({
    body: async () => {
      const child = createTask(() => sleep(5), { name: "child" });
      await sleep(1);
      await child;
    },
  }));
  assertStringIncludes(message, "await number 1, while it waited");
  assertStringIncludes(
    `${cause}`,
    "A task is still running: <Task 'child' pending>",
  );
});

Deno.test("cancelEverywhere() fails when a connection is still open at the end", async () => {
  const { cause } = await failureOf(() => {
    const sock = new FakeConn();
    return {
      body: async () => {
        const [transport] = await getRunningLoop().createConnection(
          () => new Protocol(),
          null,
          null,
          { sock },
        );
        await sleep(1);
        transport.close();
        await sleep(1);
      },
    };
  });
  assertStringIncludes(`${cause}`, "Transports or servers are still open: 1");
});

Deno.test("cancelEverywhere() stops after the given number of awaits", async () => {
  let runs = 0;
  const awaits = await cancelEverywhere(() => ({
    body: async () => {
      runs++;
      for (let i = 0; i < 100; i++) await sleep(0);
    },
  }), { awaits: 3 });
  assertEquals(awaits, 3);
  // One without, two before the start, of which the body sees nothing, and two for each await.
  assertEquals(runs, 1 + 2 * 3);
});

Deno.test("cancelEverywhere() fails when the body never ends", async () => {
  const { message } = await failureOf(() => ({
    body: async () => {
      while (true) await sleep(1);
    },
  }), { maxSteps: 100 });
  assertStringIncludes(message, "did not end within 100 steps");
});

Deno.test("cancelEverywhere() awaits a scenario and a check that take time", async () => {
  let checks = 0;
  const awaits = await cancelEverywhere(async () => {
    await sleep(1);
    const event = new Event();
    return {
      body: () => event.wait(),
      meanwhile: async () => {
        await sleep(1);
        event.set();
      },
      check: async () => {
        await sleep(1);
        checks++;
      },
    };
  });
  assertEquals(awaits, 1);
  assertEquals(checks, 7);
});

Deno.test("cancelEverywhere() rejects wrong arguments", async () => {
  const body = () => {};
  await assertRejects(
    () => cancelEverywhere({ body } as never),
    TypeError,
    "The scenario of cancelEverywhere() must be a function: received an instance of Object",
  );
  for (const options of [{ awaits: 0 }, { awaits: NaN }, { maxSteps: 0 }]) {
    await assertRejects(
      () => cancelEverywhere(() => ({ body }), options),
      RangeError,
      `The ${Object.keys(options)[0]} option must be an integer`,
    );
  }
  for (const name of ["body", "meanwhile", "check"]) {
    const { cause } = await failureOf(() => ({ body, [name]: 1 as never }));
    assertEquals(
      `${cause}`,
      `TypeError: The ${name} of a scenario must be a function: received 1`,
    );
  }
});

Deno.test("cancelEverywhere() cannot be called inside a running loop", () =>
  run(async () => {
    await assertRejects(
      () => cancelEverywhere(() => ({ body: () => {} })),
      RuntimeError,
      "Cannot call cancelEverywhere() as an event loop is running",
    );
  }));
