// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import {
  CancelledError,
  CancelScope,
  createTask,
  currentTask,
  getRunningLoop,
  sleep,
  type Task,
  TaskGroup,
  timeout,
} from "../../mod.ts";
import { inVirtualTime } from "../../testing/mod.ts";

// How scopes nest: a tree of scopes, what happens, and what becomes of each. The table of docs/tasks.md in full.
//
// The body sleeps for ten seconds, and cleans up for one. Alongside the scopes the task sleeps for twenty: that is
// cancelled with the task, and only then.

type Event = "cancel" | "unshield" | "uncancel";

interface Row {
  /** The scopes from the task inwards; a number is the limit in seconds, by the clock. */
  tree: readonly (
    | "task"
    | "scope"
    | "shield"
    | "persistent"
    | "group"
    | readonly ["timeout" | "deadline" | "shield", number]
  )[];
  /** What happens when to which place in the tree. The body itself takes a request back when it is cancelled. */
  events: readonly (readonly [
    at: number,
    what: Event,
    place: number,
  ])[];
  /** The outcome of the body, and then of each scope from the inside out. */
  gives: readonly string[];
}

const rows: Row[] = [
  {
    tree: ["task"],
    events: [[1, "cancel", 0]],
    gives: ["cancelled at 1, cleaned up at 2", "task is cancelled at 2"],
  },
  {
    tree: ["task"],
    events: [[1, "cancel", 0], [1.5, "cancel", 0]],
    gives: ["cancelled at 1, again at 1.5", "task is cancelled at 1.5"],
  },
  {
    tree: ["task", ["timeout", 1]],
    events: [],
    gives: [
      "cancelled at 1, cleaned up at 2",
      "timeout throws TimeoutError at 2",
      "task ends at 20",
    ],
  },
  {
    tree: ["task", "scope"],
    events: [[1, "cancel", 1]],
    gives: [
      "cancelled at 1, cleaned up at 2",
      "scope caught at 2",
      "task ends at 20",
    ],
  },
  {
    tree: ["task", "scope"],
    events: [[1, "cancel", 1], [1.5, "cancel", 1]],
    gives: [
      "cancelled at 1, cleaned up at 2",
      "scope caught at 2",
      "task ends at 20",
    ],
  },
  {
    tree: ["task", ["deadline", 1]],
    events: [],
    gives: [
      "cancelled at 1, cleaned up at 2",
      "deadline caught at 2",
      "task ends at 20",
    ],
  },
  {
    tree: ["task", "group"],
    events: [[1, "cancel", 1]],
    gives: [
      "cancelled at 1, cleaned up at 2",
      "group ends at 2",
      "task ends at 20",
    ],
  },
  // A request from around passes through.
  {
    tree: ["task", "scope"],
    events: [[1, "cancel", 0]],
    gives: [
      "cancelled at 1, cleaned up at 2",
      "scope throws CancelledError at 2",
      "task is cancelled at 2",
    ],
  },
  {
    tree: ["task", ["timeout", 3], "group"],
    events: [[1, "cancel", 0]],
    gives: [
      "cancelled at 1, cleaned up at 2",
      "group throws CancelledError at 2",
      "timeout throws CancelledError at 2",
      "task is cancelled at 2",
    ],
  },
  // Of several requests the outermost catches.
  {
    tree: ["task", "scope", "scope"],
    events: [[1, "cancel", 1], [1.5, "cancel", 2]],
    gives: [
      "cancelled at 1, again at 1.5",
      "scope throws CancelledError at 1.5",
      "scope caught at 1.5",
      "task ends at 20",
    ],
  },
  {
    tree: ["task", "scope", "scope"],
    events: [[1, "cancel", 2], [1.5, "cancel", 1]],
    gives: [
      "cancelled at 1, again at 1.5",
      "scope throws CancelledError at 1.5",
      "scope caught at 1.5",
      "task ends at 20",
    ],
  },
  {
    tree: ["task", ["timeout", 1], ["timeout", 1.5]],
    events: [],
    gives: [
      "cancelled at 1, again at 1.5",
      "timeout throws CancelledError at 1.5",
      "timeout throws TimeoutError at 1.5",
      "task ends at 20",
    ],
  },
  {
    tree: ["task", ["timeout", 1.5], ["timeout", 1]],
    events: [],
    gives: [
      "cancelled at 1, again at 1.5",
      "timeout throws CancelledError at 1.5",
      "timeout throws TimeoutError at 1.5",
      "task ends at 20",
    ],
  },
  {
    tree: ["task", ["timeout", 1]],
    events: [[1.5, "cancel", 0]],
    gives: [
      "cancelled at 1, again at 1.5",
      "timeout throws CancelledError at 1.5",
      "task is cancelled at 1.5",
    ],
  },
  // A request that is taken back: the error that leaves the limit all the same is a TimeoutError, as in asyncio.
  {
    tree: ["task", ["timeout", 1]],
    events: [[1, "uncancel", 1]],
    gives: [
      "cancelled at 1, cleaned up at 2",
      "timeout throws TimeoutError at 2",
      "task ends at 20",
    ],
  },
  // A shield keeps requests from around it out. If the body then ends without another await, a scope keeps its value.
  {
    tree: ["task", "shield"],
    events: [[1, "cancel", 0]],
    gives: ["slept at 10", "shield ends at 10", "task is cancelled at 10"],
  },
  {
    tree: ["task", "shield"],
    events: [[1, "cancel", 1]],
    gives: [
      "cancelled at 1, cleaned up at 2",
      "shield caught at 2",
      "task ends at 20",
    ],
  },
  {
    tree: ["task", ["shield", 2]],
    events: [[1, "cancel", 0]],
    gives: [
      "cancelled at 2, cleaned up at 3",
      "shield caught at 3",
      "task is cancelled at 3",
    ],
  },
  {
    tree: ["task", "shield"],
    events: [[1, "cancel", 0], [2, "unshield", 1]],
    gives: [
      "cancelled at 2, cleaned up at 3",
      "shield throws CancelledError at 3",
      "task is cancelled at 3",
    ],
  },
  {
    tree: ["task", ["timeout", 1], "shield"],
    events: [],
    gives: [
      "slept at 10",
      "shield ends at 10",
      "timeout throws TimeoutError at 10",
      "task ends at 20",
    ],
  },
  {
    tree: ["task", "shield", ["timeout", 1]],
    events: [[0.5, "cancel", 0]],
    gives: [
      "cancelled at 1, cleaned up at 2",
      "timeout throws TimeoutError at 2",
      "shield throws TimeoutError at 2",
      "task is cancelled at 2",
    ],
  },
  {
    tree: ["task", "scope", "shield", "scope"],
    events: [[1, "cancel", 1], [2, "cancel", 3]],
    gives: [
      "cancelled at 2, cleaned up at 3",
      "scope caught at 3",
      "shield ends at 3",
      "scope ends at 3",
      "task ends at 20",
    ],
  },
  // A persistent scope cancels the clean-up too, and a shield in it lets that end.
  {
    tree: ["task", "persistent"],
    events: [[1, "cancel", 1]],
    gives: [
      "cancelled at 1, again at 1",
      "persistent caught at 1",
      "task ends at 20",
    ],
  },
  {
    tree: ["task", "persistent", "shield"],
    events: [[1, "cancel", 1]],
    gives: [
      "slept at 10",
      "shield ends at 10",
      "persistent ends at 10",
      "task ends at 20",
    ],
  },
];

for (const row of rows) {
  const { tree, events } = row;
  const scopes = tree.map((each) => Array.isArray(each) ? each.join(" ") : each)
    .join(" > ");
  const happenings = events.map(([at, what, place]) =>
    `${what} ${place} at ${at}`
  ).join(", ") || "nothing";
  Deno.test(`Scopes ${scopes}: ${happenings}`, async () => {
    assertEquals(await becomeOf(row), row.gives);
  });
}

/** Runs a row; returns what became of the body and the scopes. */
async function becomeOf({ tree, events }: Row): Promise<string[]> {
  const gives: string[] = [];
  await inVirtualTime(async () => {
    const loop = getRunningLoop();
    const start = loop.time();
    const now = () => Number((loop.time() - start).toFixed(6));
    const happen: ((what: Event) => void)[] = [];

    const body = async () => {
      try {
        await sleep(10);
        gives.push(`slept at ${now()}`);
      } catch (error) {
        const text = `cancelled at ${now()}`;
        for (const [, what] of events) {
          if (what === "uncancel") currentTask()!.uncancel();
        }
        try {
          await sleep(1);
          gives.push(`${text}, cleaned up at ${now()}`);
        } catch {
          gives.push(`${text}, again at ${now()}`);
        }
        throw error;
      }
    };

    const enter = async (place: number): Promise<void> => {
      const scope = tree[place];
      if (scope === undefined) return await body();
      const [kind, seconds] = typeof scope === "string" ? [scope, null] : scope;
      const inside = () => enter(place + 1);
      let isCaught = false;
      try {
        if (kind === "timeout") {
          happen[place] = () => {};
          await timeout(seconds, inside);
        } else if (kind === "group") {
          const group = new TaskGroup();
          happen[place] = () => group.cancel();
          await group.run(inside);
        } else {
          const scope = new CancelScope({
            deadline: seconds === null ? null : start + seconds,
            shield: kind === "shield",
            persistent: kind === "persistent",
          });
          happen[place] = (what) => {
            if (what === "unshield") scope.shield = false;
            else scope.cancel();
          };
          await scope.run(inside);
          isCaught = scope.caught;
        }
      } catch (error) {
        gives.push(`${kind} throws ${(error as Error).name} at ${now()}`);
        throw error;
      }
      gives.push(`${kind} ${isCaught ? "caught" : "ends"} at ${now()}`);
    };

    const task: Task<unknown> = createTask(async () => {
      const [inner, alongside] = await Promise.allSettled([
        enter(1),
        sleep(20),
      ]);
      for (const each of [alongside, inner]) {
        if (each.status === "fulfilled") continue;
        if (each.reason instanceof CancelledError) throw each.reason;
      }
    });
    happen[0] = () => task.cancel();
    for (const [at, what, place] of events) {
      loop.callLater(at, () => happen[place]!(what));
    }
    await Promise.allSettled([task]);
    const end = task.cancelled() ? "is cancelled" : "ends";
    gives.push(`task ${end} at ${now()}`);
  })();
  return gives;
}
