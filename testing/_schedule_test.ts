// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { formatSchedule, parseSchedule, type Schedule } from "./_schedule.ts";

const LIMITS = { cancellations: 1, timeouts: true, maxSteps: 10_000 };

const SCHEDULES: [string, Schedule][] = [
  ["path 5 1 1 10000 -", {
    kind: "path",
    seed: 5,
    limits: LIMITS,
    choices: [],
  }],
  ["path -5 Infinity 0 Infinity 0.0.2", {
    kind: "path",
    seed: -5,
    limits: {
      cancellations: Infinity,
      timeouts: false,
      maxSteps: Infinity,
    },
    choices: [0, 0, 2],
  }],
  ["random 5 1 1 10000 17 40", {
    kind: "random",
    seed: 5,
    limits: LIMITS,
    index: 17,
    steps: 40,
  }],
];

Deno.test("parseSchedule() undoes formatSchedule()", () => {
  for (const [text, schedule] of SCHEDULES) {
    assertEquals(formatSchedule(schedule), text);
    assertEquals(parseSchedule(text), schedule);
  }
});

Deno.test("parseSchedule() takes nothing else", () => {
  const wrong = [
    "",
    "path",
    "path 5 1 1 10000",
    "path 5 1 1 10000 - -",
    "path 5 1 1 10000 1.-1",
    "path 5 1 2 10000 -",
    "path x 1 1 10000 -",
    "walk 5 1 1 10000 17 40",
    "random 5 1 1 10000 17",
    "random 5 1 1 10000 17 x",
    "random 5 -1 1 10000 17 40",
  ];
  for (const text of wrong) assertEquals(parseSchedule(text), null, text);
});
