// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Draws the ratios of a report of `deno task bench`.
 *
 * ```sh
 * deno run -A bench/chart.ts report.json chart.svg
 * ```
 *
 * @module
 */

import * as Plot from "npm:@observablehq/plot@^0.6";
import { DOMParser } from "npm:linkedom@^0.18";
import type { Report } from "./main.ts";

const WIDTH = 960;
const ROW = 18;
const MARGINS = { marginTop: 60, marginBottom: 40, marginLeft: 480 };

/** Draws a chart; the result is SVG. */
export function chartOf(report: Report): string {
  const rows = report.results.map(({ title, name, peer, ratio, spread }) => ({
    case: `${title}: ${name}, against ${peer}`,
    peer,
    ratio,
    least: spread[0],
    greatest: spread[1],
  }));
  const document = new DOMParser().parseFromString(
    "<html></html>",
    "text/html",
  );
  const chart = Plot.plot({
    ...MARGINS,
    document,
    width: WIDTH,
    height: MARGINS.marginTop + MARGINS.marginBottom + ROW * rows.length,
    x: {
      type: "log",
      grid: true,
      axis: "top",
      label: "how many times as good as the other: median, least, greatest",
      ticks: 8,
      tickFormat: (ratio: number) => String(ratio),
    },
    y: { label: null, domain: rows.map((row) => row.case) },
    marks: [
      Plot.axisY({ textAnchor: "end", tickSize: 0 }),
      Plot.ruleX([1]),
      Plot.link(rows, {
        y: "case",
        x1: "least",
        x2: "greatest",
        stroke: "peer",
        strokeWidth: 2,
      }),
      Plot.dot(rows, { y: "case", x: "ratio", fill: "peer" }),
      Plot.text([captionOf(report)], {
        frameAnchor: "bottom-right",
        dy: MARGINS.marginBottom - 8,
      }),
    ],
  });
  // A file of its own must say what it is.
  chart.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  chart.setAttribute("style", "background: white; color: black");
  return chart.outerHTML;
}

function captionOf(
  { date, quick, deno, python, system, processors }: Report,
): string {
  return [
    date.slice(0, 10),
    `Deno ${deno}`,
    python === null ? "no Python" : `CPython ${python}`,
    `${system}, ${processors} processors`,
    ...(quick ? ["few rounds: not to be relied on"] : []),
  ].join(", ");
}

if (import.meta.main) {
  const [json, svg] = Deno.args;
  if (json === undefined || svg === undefined) {
    console.error("Usage: deno run -A bench/chart.ts report.json chart.svg");
    Deno.exit(2);
  }
  const report: Report = JSON.parse(await Deno.readTextFile(json));
  await Deno.writeTextFile(svg, chartOf(report));
}
