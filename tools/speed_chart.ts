// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Draws the chart in README.md from a report of `deno task bench`.
 * `deno task chart` measures and draws.
 *
 * ```sh
 * deno run --allow-read --allow-write tools/speed_chart.ts docs/speed.json docs/speed.svg
 * ```
 *
 * @module
 */

import type { Report } from "../bench/main.ts";

/** The cases of the chart by their name in the report, and what the chart calls them. */
const CASES: Readonly<Record<string, string>> = {
  "switch between two tasks": "switch between two tasks",
  "spawn and await a task": "spawn and await a task",
  "task group, a child": "run a child of a task group",
  "create and cancel suspended tasks": "create and cancel a suspended task",
  "time limit round a switch": "set and lift a time limit",
  "lock, hand-over": "hand over a lock",
  "queue of one, an item": "hand over an item of a queue",
  "queue, put and get without waiting": "put and get without waiting",
  "lock, without waiting": "take a free lock",
};
const WIDTH = 720;
const LABELS = 280;
const VALUES = 60;
const ROW = 28;
const TOP = 44;
const BOTTOM = 30;

/** Draws the ratios to asyncio as bars; the result is SVG. */
export function speedChart(report: Report): string {
  const rows = Object.entries(CASES).flatMap(([name, label]) => {
    const result = report.results.find((each) =>
      each.name === name && each.peer === "asyncio"
    );
    return result === undefined ? [] : [{ label, ratio: result.ratio }];
  });
  if (rows.length === 0) throw new RangeError("The report has no such cases");
  const most = Math.ceil(Math.max(...rows.map(({ ratio }) => ratio)));
  const scale = (WIDTH - LABELS - VALUES) / most;
  const height = TOP + ROW * rows.length + BOTTOM;
  const bars = rows.map(({ label, ratio }, index) => {
    const y = TOP + ROW * index;
    const end = LABELS + ratio * scale;
    return `<text x="${LABELS - 10}" y="${
      y + 18
    }" text-anchor="end">${label}</text>
<rect class="bar" x="${LABELS}" y="${y + 5}" width="${
      (ratio * scale).toFixed(1)
    }" height="${ROW - 10}"/>
<text x="${(end + 8).toFixed(1)}" y="${y + 18}">${ratio.toFixed(1)}×</text>`;
  });
  const one = LABELS + scale;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Speed as a multiple of asyncio's">
<style>
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.title { font-weight: 600; }
.note { font-size: 11px; fill: #57606a; }
.bar { fill: #2f6f9f; }
.one { stroke: #cf222e; stroke-dasharray: 4 3; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .note { fill: #8b949e; }
  .bar { fill: #58a6ff; }
  .one { stroke: #ff7b72; }
}
</style>
<text class="title" x="${LABELS}" y="20">Speed as a multiple of asyncio's (more is better)</text>
<text class="note" x="${
    one.toFixed(1)
  }" y="38" text-anchor="middle">asyncio</text>
${bars.join("\n")}
<line class="one" x1="${one.toFixed(1)}" y1="${TOP}" x2="${
    one.toFixed(1)
  }" y2="${height - BOTTOM}"/>
<text class="note" x="${LABELS}" y="${height - 10}">${captionOf(report)}</text>
</svg>
`;
}

function captionOf({ date, deno, python, system, processors }: Report): string {
  return `Deno ${deno}, CPython ${python}, ${system}, ${processors} cores, ${
    date.slice(0, 10)
  }`;
}

if (import.meta.main) {
  const [json = "docs/speed.json", svg = "docs/speed.svg"] = Deno.args;
  await Deno.writeTextFile(
    svg,
    speedChart(JSON.parse(await Deno.readTextFile(json))),
  );
}
