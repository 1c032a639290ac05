// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Draws the charts of README.md and docs/comparison.md from a report of `deno task bench`.
 * `deno task chart` measures and draws.
 *
 * ```sh
 * deno run --allow-read --allow-write tools/speed_chart.ts docs/speed.json docs
 * ```
 *
 * @module
 */

import type { Report } from "../bench/main.ts";

/** A bar. */
interface Bar {
  readonly label: string;
  readonly ratio: number;
}

/** The cases of the first chart by their name in the report, and what the chart calls them. */
const OF_ASYNCIO: Readonly<Record<string, string>> = {
  "sleep(0), a hundred tasks": "switch between tasks",
  "spawn and await a task": "spawn and await a task",
  "task group, a child": "run a child of a task group",
  "cancel 10,000 tasks, a task": "create and cancel a suspended task",
  "time limit round sleep(0)": "set and lift a time limit",
  "lock, hand-over": "hand over a lock",
  "queue of one, an item": "hand over an item of a queue",
  "queue, put and get": "put and get without waiting",
  "lock, acquire and release": "take a free lock",
};
/** Likewise for the chart of libraries for JavaScript. */
const OF_PEERS: Readonly<Record<string, string>> = {
  "switch between two tasks": "switch tasks",
  "spawn and await a task": "spawn a task",
  "lock, hand-over": "hand over a lock",
  "lock, without waiting": "take a free lock",
  "semaphore, hand-over": "hand over a permit",
  "unbounded queue, hand-over": "hand over an item",
  "1,000 items for 10 workers, an item": "item for a worker",
  "1,000 items, 10 at a time, an item": "ten at a time",
  "time limit for a short task": "time limit",
  "cancel 1,000 waiting tasks, a task": "cancel a task",
};
const WIDTH = 720;
const LABELS = 280;
const VALUES = 60;
const ROW = 26;
/** A longer bar ends here. */
const MOST = 12;
const TOP = 44;
const BOTTOM = 30;

/** Draws how many times as fast as asyncio the library is; the result is SVG. */
export function asyncioChart(report: Report): string {
  const bars = barsOf(report, OF_ASYNCIO, ({ peer }) => peer === "asyncio")
    .map(({ ratio, label }) => ({ ratio, label }));
  return chart(report, "Speed as a multiple of asyncio's", "asyncio", bars);
}

/** Draws how many times as fast as other libraries for JavaScript the library is; the result is SVG. */
export function peersChart(report: Report): string {
  const bars = barsOf(
    report,
    OF_PEERS,
    ({ title, peer }) =>
      title === "Libraries for JavaScript" && peer !== "bare promises",
  ).map((
    { ratio, label, peer },
  ) => ({ ratio, label: `${label}: ${peer}` }));
  const title = "Speed as a multiple of the other library's";
  return chart(report, title, "the other", bars);
}

function barsOf(
  report: Report,
  cases: Readonly<Record<string, string>>,
  isMeant: (result: Report["results"][number]) => boolean,
): (Bar & { peer: string })[] {
  return Object.entries(cases).flatMap(([name, label]) =>
    report.results.filter((each) => each.name === name && isMeant(each))
      .map(({ ratio, peer }) => ({ label, ratio, peer }))
  );
}

function chart(
  report: Report,
  title: string,
  other: string,
  rows: readonly Bar[],
): string {
  if (rows.length === 0) throw new RangeError("The report has no such cases");
  const longest = Math.min(MOST, Math.max(...rows.map(({ ratio }) => ratio)));
  const scale = (WIDTH - LABELS - VALUES) / Math.ceil(longest);
  const height = TOP + ROW * rows.length + BOTTOM;
  const bars = rows.map(({ label, ratio }, index) => {
    const y = TOP + ROW * index;
    const width = Math.min(ratio, MOST) * scale;
    return `<text x="${LABELS - 10}" y="${
      y + 18
    }" text-anchor="end">${label}</text>
<rect class="bar" x="${LABELS}" y="${y + 5}" width="${
      width.toFixed(1)
    }" height="${ROW - 10}"/>
<text x="${(LABELS + width + 8).toFixed(1)}" y="${y + 18}">${
      ratio.toFixed(1)
    }×</text>`;
  });
  const one = LABELS + scale;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${title}">
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
<text class="title" x="${LABELS}" y="20">${title} (more is better)</text>
<text class="note" x="${
    one.toFixed(1)
  }" y="38" text-anchor="middle">${other}</text>
${bars.join("\n")}
<line class="one" x1="${one.toFixed(1)}" y1="${TOP}" x2="${
    one.toFixed(1)
  }" y2="${height - BOTTOM}"/>
<text class="note" x="${LABELS}" y="${height - 10}">${captionOf(report)}</text>
</svg>
`;
}

function captionOf({ date, deno, python, system, processors }: Report): string {
  return [
    `Deno ${deno}`,
    `CPython ${python}`,
    system,
    `${processors} cores`,
    date.slice(0, 10),
  ].join(", ");
}

if (import.meta.main) {
  const [json = "docs/speed.json", folder = "docs"] = Deno.args;
  const report: Report = JSON.parse(await Deno.readTextFile(json));
  await Deno.writeTextFile(`${folder}/speed.svg`, asyncioChart(report));
  await Deno.writeTextFile(`${folder}/speed_peers.svg`, peersChart(report));
}
