// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Bucket, histogram, median } from "./histogram.ts";
import { FAILURE_KINDS, type FailureKind, type Outcome } from "./outcome.ts";
import { shorten } from "./printable.ts";
import type { Survey } from "./survey.ts";
import { formatTarget } from "./targets.ts";

/** The output of `--json`. Properties may be added; changing or removing one changes `version`. */
export interface JsonReport {
  readonly version: 1;
  /** Whether Ctrl-C ended the program, so that `pending` may not be empty. */
  readonly interrupted: boolean;
  readonly elapsedMs: number;
  /** The number of targets: answered, failed and pending. */
  readonly total: number;
  readonly answered: number;
  readonly failed: number;
  /** The targets without a result, as `host:port`. */
  readonly pending: readonly string[];
  /** The number of duplicate targets. */
  readonly duplicates: number;
  /** The latencies of all successful connections; null if there are none. */
  readonly latencyMs: { min: number; median: number; max: number } | null;
  /** Targets that answered, by latency, then failures by kind. */
  readonly results: readonly JsonResult[];
  /** The number of latencies in each range. */
  readonly histogram: readonly Bucket[];
}

/** One target in a {@linkcode JsonReport}. Values that do not apply are null. */
export interface JsonResult {
  /** The target as `host:port`, an IPv6 address in brackets. */
  readonly target: string;
  readonly host: string;
  readonly port: number;
  /** The name of a server that the program has started. */
  readonly name: string | null;
  readonly state: "open" | FailureKind;
  /** The time that connecting took. */
  readonly latencyMs: number | null;
  /** The first line that the host sent unasked. */
  readonly banner: string | null;
  /** The first line of its answer to `--send`. */
  readonly answer: string | null;
  /** Whether the host closed the connection first. */
  readonly closed: boolean;
  /** The message of a failure. */
  readonly message: string | null;
}

/** The layout of a report. */
export interface Layout {
  /** Whether to colour it. */
  readonly color: boolean;
  /** The number of columns. No line is longer. */
  readonly width: number;
}

const BAR_WIDTH = 40;
/** The columns of a bar's label and its count. */
const AROUND_BAR = 16;
const COLORS = { bold: 1, red: 31, green: 32 };

/** Returns the report as JSON. */
export function jsonReport(survey: Survey): JsonReport {
  const latencies = survey.latencies.map(milliseconds);
  return {
    version: 1,
    interrupted: survey.interrupted,
    elapsedMs: milliseconds(survey.elapsed),
    total: survey.targets.length,
    answered: survey.answered,
    failed: survey.failed,
    pending: survey.pending.map(formatTarget),
    duplicates: survey.duplicates,
    latencyMs: latencies.length === 0 ? null : {
      min: latencies.at(0)!,
      median: median(latencies),
      max: latencies.at(-1)!,
    },
    results: survey.sorted.map(jsonResult),
    histogram: histogram(latencies),
  };
}

/** Returns the report as text: a table, a histogram and a summary. */
export function textReport(survey: Survey, layout: Layout): string {
  return [
    table(survey.sorted, layout),
    chart(survey, layout),
    summary(survey, layout),
  ].filter((part) => part.length > 0)
    .map((lines) => lines.join("\n")).join("\n\n");
}

/** Returns the layout for standard output. */
export function layoutOfStdout(): Layout {
  if (!Deno.stdout.isTerminal()) return { color: false, width: Infinity };
  return {
    color: !Deno.noColor,
    // A terminal may report no columns
    width: Deno.consoleSize().columns || 80,
  };
}

function jsonResult(outcome: Outcome): JsonResult {
  const { target, latency, banner, answer, closed, failure } = outcome;
  return {
    target: formatTarget(target),
    host: target.host,
    port: target.port,
    name: target.name,
    state: failure?.kind ?? "open",
    latencyMs: latency === null ? null : milliseconds(latency),
    banner,
    answer,
    closed,
    message: failure?.message ?? null,
  };
}

function table(outcomes: readonly Outcome[], layout: Layout): string[] {
  if (outcomes.length === 0) return [];
  const named = outcomes.some(({ target }) => target.name !== null);
  const head = ["TARGET", ...(named ? ["SERVER"] : []), "STATE"];
  const rows = outcomes.map(({ target, failure }) => [
    formatTarget(target),
    ...(named ? [target.name ?? ""] : []),
    failure?.kind ?? "open",
  ]);
  const widths = head.map((_, column) => longest([head, ...rows], column));
  const pad = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ");
  const line = (
    row: readonly string[],
    latency: string,
    said: string,
    color: keyof typeof COLORS,
  ): string => {
    const start = `${pad(row)}  ${latency.padStart(9)}  `;
    const text = shorten((start + said).trimEnd(), layout.width);
    return color === "bold"
      ? paint(text, color, layout)
      : paint(text.slice(0, start.length), color, layout) +
        text.slice(start.length);
  };
  return [
    line(head, "LATENCY", "FIRST LINE", "bold"),
    ...outcomes.map((outcome, index) =>
      line(
        rows[index]!,
        latencyOf(outcome),
        whatItSaid(outcome),
        outcome.failure === null ? "green" : "red",
      )
    ),
  ];
}

function chart(survey: Survey, layout: Layout): string[] {
  const buckets = histogram(survey.latencies.map(milliseconds));
  if (buckets.length === 0) return [];
  const most = Math.max(...buckets.map(({ count }) => count));
  const width = Math.max(1, Math.min(BAR_WIDTH, layout.width - AROUND_BAR));
  const lines = buckets.map(({ toMs, count }) => {
    const bar = "█".repeat(Math.ceil(count / most * width));
    const label = toMs < 1000 ? `${toMs} ms` : `${toMs / 1000} s`;
    return `${label.padStart(8)}  ${bar}${bar && " "}${count}`;
  });
  return [paint("LATENCY BELOW", "bold", layout), ...lines];
}

function summary(survey: Survey, layout: Layout): string[] {
  const { answered, failed, pending, duplicates, elapsed } = survey;
  const parts = [
    `${answered} answered`,
    `${failed} failed${failed > 0 ? ` (${countKinds(survey.outcomes)})` : ""}`,
  ];
  if (duplicates > 0) parts.push(`${duplicates} named twice`);
  if (survey.interrupted) {
    parts.push(`${pending.length} not known as it was interrupted`);
  }
  const text = `${parts.join(", ")}; ${duration(elapsed * 1000)}`;
  return wrap(text, layout.width);
}

/** Breaks the text into lines of a width, after commas and semicolons. */
function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const part of text.split(/(?<=[,;]) /)) {
    const line = `${lines.at(-1)} ${part}`.trimStart();
    if (line.length > width && lines.at(-1) !== "") lines.push(part);
    else lines[lines.length - 1] = line;
  }
  return lines;
}

function countKinds(outcomes: readonly Outcome[]): string {
  return FAILURE_KINDS.map((kind) => ({
    kind,
    count: outcomes.filter(({ failure }) => failure?.kind === kind).length,
  })).filter(({ count }) => count > 0)
    .map(({ kind, count }) => `${count} ${kind}`).join(", ");
}

function whatItSaid(outcome: Outcome): string {
  const { banner, answer, closed } = outcome;
  const said = [banner, answer, briefFailure(outcome)].filter((text) => text);
  if (said.length > 0) return said.join(" → ");
  return closed ? "(closed)" : "(silent)";
}

/** Returns the message of a failure, without the target and without the number of the error. */
function briefFailure({ target, failure }: Outcome): string | null {
  if (failure === null) return null;
  return failure.message
    .replace(`Cannot connect to ${formatTarget(target)}: `, "")
    .replace(/ \(os error \d+\)$/, "");
}

function latencyOf({ latency }: Outcome): string {
  return latency === null ? "" : duration(latency * 1000);
}

function duration(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

/** Converts seconds to milliseconds, rounded to microseconds. */
function milliseconds(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e3;
}

function longest(rows: readonly (readonly string[])[], column: number): number {
  return rows.reduce((most, row) => Math.max(most, row[column]!.length), 0);
}

function paint(
  text: string,
  color: keyof typeof COLORS,
  layout: Layout,
): string {
  return layout.color ? `\x1b[${COLORS[color]}m${text}\x1b[0m` : text;
}
