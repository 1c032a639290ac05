// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import { newOutcome, type Outcome } from "./outcome.ts";
import { jsonReport, textReport } from "./report.ts";
import { Survey } from "./survey.ts";
import { parseTarget, type Target } from "./targets.ts";

const PLAIN = { color: false, width: Infinity };

function survey(
  outcomes: Record<string, Partial<Outcome>>,
  pending: string[] = [],
): Survey {
  const targets = [...Object.keys(outcomes), ...pending].map(parseTarget);
  const result = new Survey({ targets, duplicates: 0 });
  Object.values(outcomes).forEach((outcome, index) =>
    result.outcomes.push({ ...newOutcome(targets[index]!), ...outcome })
  );
  return result;
}

const MIXED = {
  "down:1": { failure: { kind: "refused", message: "Connection refused" } },
  "far:1": { latency: 1.5, banner: "220 far" },
  "mute:1": {
    latency: 0.001,
    failure: { kind: "timed out", message: "no answer within 3 s" },
  },
  "near:22": { latency: 0.0002, banner: "SSH-2.0-x", answer: "what?" },
  "down:2": { failure: { kind: "refused", message: "Connection refused" } },
  "quiet:1": { latency: 0.02 },
  "gone:1": { latency: 0.03, closed: true },
} satisfies Record<string, Partial<Outcome>>;

Deno.test("textReport() sorts by latency, and groups the failures after that", () => {
  const report = survey(MIXED);
  report.elapsed = 3.01;
  assertEquals(
    textReport(report, PLAIN),
    `\
TARGET   STATE        LATENCY  FIRST LINE
near:22  open          0.2 ms  SSH-2.0-x → what?
quiet:1  open         20.0 ms  (silent)
gone:1   open         30.0 ms  (closed)
far:1    open          1.50 s  220 far
down:1   refused               Connection refused
down:2   refused               Connection refused
mute:1   timed out     1.0 ms  no answer within 3 s

LATENCY BELOW
  0.5 ms  ████████████████████ 1
    1 ms  0
    2 ms  ████████████████████ 1
    5 ms  0
   10 ms  0
   20 ms  0
   50 ms  ████████████████████████████████████████ 2
  100 ms  0
  200 ms  0
  500 ms  0
     1 s  0
     2 s  ████████████████████ 1

4 answered, 3 failed (2 refused, 1 timed out); 3.01 s`,
  );
});

Deno.test("textReport() names the servers that have names", () => {
  const target: Target = { ...parseTarget("a:1"), name: "echo" };
  const report = new Survey({ targets: [target], duplicates: 0 });
  report.outcomes.push({ ...newOutcome(target), latency: 0.001 });
  assertEquals(textReport(report, PLAIN).split("\n").slice(0, 2), [
    "TARGET  SERVER  STATE    LATENCY  FIRST LINE",
    "a:1     echo    open      1.0 ms  (silent)",
  ]);
});

Deno.test("textReport() counts duplicates, and targets without a result", () => {
  const report = new Survey({
    targets: ["a:1", "b:1"].map(parseTarget),
    duplicates: 3,
  });
  report.interrupted = true;
  assertEquals(
    textReport(report, PLAIN),
    "0 answered, 0 failed, 3 named twice, 2 not known as it was interrupted; 0.0 ms",
  );
});

Deno.test("textReport() colours and cuts lines for a terminal", () => {
  const report = survey({
    "a:1": { latency: 0.001, banner: "x".repeat(80) },
    "b:1": { failure: { kind: "refused", message: "Connection refused" } },
  });
  const [head, open, refused] = textReport(report, { color: true, width: 40 })
    .split("\n");
  assert(head?.startsWith("\x1b[1mTARGET"));
  assertEquals(
    open,
    `\x1b[32ma:1     open        1.0 ms  \x1b[0m${"x".repeat(11)}…`,
  );
  assertEquals(
    refused,
    "\x1b[31mb:1     refused             \x1b[0mConnection …",
  );
});

Deno.test("textReport() repeats nothing in a row", () => {
  const message = "Cannot connect to a:1: Connection refused (os error 111)";
  const report = survey({ "a:1": { failure: { kind: "refused", message } } });
  assertEquals(
    textReport(report, PLAIN).split("\n")[1],
    "a:1     refused             Connection refused",
  );
});

Deno.test("textReport() has no line that is longer than the terminal is wide", () => {
  const report = survey({
    ...MIXED,
    "a-host-with-quite-a-long-name.example.org:65535": {
      latency: 0.001,
      banner: "x".repeat(200),
    },
  }, ["late:1"]);
  report.interrupted = true;
  for (const width of [40, 60, 80]) {
    for (
      const line of textReport(report, { color: false, width }).split("\n")
    ) {
      assert(line.length <= width, `${width} columns: ${line}`);
    }
  }
});

Deno.test("jsonReport() has the documented shape", () => {
  const report = survey(MIXED, ["late:1"]);
  report.interrupted = true;
  report.elapsed = 3.0123456;
  const { results, histogram, ...rest } = jsonReport(report);
  assertEquals(rest, {
    version: 1,
    interrupted: true,
    elapsedMs: 3012.346,
    total: 8,
    answered: 4,
    failed: 3,
    pending: ["late:1"],
    duplicates: 0,
    latencyMs: { min: 0.2, median: 20, max: 1500 },
  });
  assertEquals(results.map(({ target }) => target), [
    "near:22",
    "quiet:1",
    "gone:1",
    "far:1",
    "down:1",
    "down:2",
    "mute:1",
  ]);
  assertEquals(results[0], {
    target: "near:22",
    host: "near",
    port: 22,
    name: null,
    state: "open",
    latencyMs: 0.2,
    banner: "SSH-2.0-x",
    answer: "what?",
    closed: false,
    message: null,
  });
  assertEquals(results.at(-1), {
    target: "mute:1",
    host: "mute",
    port: 1,
    name: null,
    state: "timed out",
    latencyMs: 1,
    banner: null,
    answer: null,
    closed: false,
    message: "no answer within 3 s",
  });
  assertEquals(histogram.at(0), { fromMs: 0.2, toMs: 0.5, count: 1 });
  assertEquals(histogram.at(-1), { fromMs: 1000, toMs: 2000, count: 1 });
});

Deno.test("jsonReport() of nothing has the same shape", () => {
  const { results, histogram, latencyMs } = jsonReport(survey({}));
  assertEquals({ results, histogram, latencyMs }, {
    results: [],
    histogram: [],
    latencyMs: null,
  });
});
