// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import { POSTGRES } from "../peers/servers.ts";
import { faultsIn, type HistoryEvent } from "./history.ts";
import { ordeal } from "./ordeal.ts";

for (const kind of ["sqlite", "postgres"] as const) {
  Deno.test({
    name: `Jobs in ${kind} survive programs that are killed`,
    ignore: Deno.build.os === "windows" ||
      (kind === "postgres" && POSTGRES === null),
    async fn() {
      const { faults, events, kills } = await ordeal({ kind, kills: 20 });
      assertEquals(faults, []);
      assertEquals(kills, 20);
      assert(events.settled! > 50, `${events.settled}`);
    },
  });
}

for (
  const [fault, pauses, message] of [
    ["a dropped fence", 10, /which is lost|in two leases/],
    ["an acknowledgement before the commit", 0, /is lost$/],
    ["a lease that never ends", 0, /is lost$/],
  ] as const
) {
  Deno.test({
    name: `The test that kills finds ${fault}`,
    ignore: Deno.build.os === "windows",
    async fn() {
      // A fault may hide for a while.
      let faults: readonly string[] = [];
      for (let i = 0; i < 3 && faults.length === 0; i++) {
        ({ faults } = await ordeal({
          kind: "sqlite",
          kills: 6,
          fault,
          pauses,
        }));
      }
      assert(faults.some((each) => message.test(each)), `${faults}`);
    },
  });
}

const PUT: HistoryEvent = { type: "acknowledged", id: "a", key: "k", end: 0 };

function lease(token: number, start: number): HistoryEvent {
  return {
    type: "lease",
    id: "a",
    token: `${token}`,
    start,
    end: start + 1,
    seconds: 1,
  };
}

function done(token: number, start: number, held = true): HistoryEvent[] {
  const event = { id: "a", token: `${token}`, start, kind: "done" };
  return [
    { type: "settling", ...event },
    { type: "settled", ...event, end: start + 1, held },
  ];
}

Deno.test("faultsIn() finds each kind of fault, and nothing in a good history", () => {
  const good = [
    PUT,
    lease(1, 10),
    lease(2, 1100),
    ...done(2, 1200),
    ...done(1, 1300, false),
  ];
  assertEquals(faultsIn(good), []);
  for (
    const [history, message] of [
      [[PUT], "The job a is lost"],
      [[PUT, lease(1, 10)], "The job a is lost"],
      [
        [PUT, { ...PUT, id: "b" }, lease(1, 10), ...done(1, 20)],
        "The key k is that of two jobs: a, b",
      ],
      [
        [PUT, lease(1, 10), lease(2, 500), ...done(2, 600)],
        "The job a is leased while it is leased: 1, 2",
      ],
      [
        [PUT, lease(1, 10), ...done(1, 20), lease(2, 2000)],
        "The job a is leased after it was done: lease 2",
      ],
      [
        [PUT, lease(1, 10), lease(1, 2000), ...done(1, 2100)],
        "The lease 1 of the job a is given twice",
      ],
      [
        [PUT, lease(1, 10), lease(2, 2000), ...done(1, 2100)],
        "The job a is settled in the lease 1, which is lost",
      ],
      [
        [PUT, lease(1, 10), lease(2, 2000), ...done(1, 2010), ...done(2, 2010)],
        "The job a is done in two leases",
      ],
    ] as [HistoryEvent[], string][]
  ) assert(faultsIn(history).includes(message), message);
});
