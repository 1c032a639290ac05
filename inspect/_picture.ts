// Copyright 2026 the asyncio for Deno authors. MIT license.

import { formatFindings, treeRows } from "../loop/core/introspection/tree.ts";
import type { Snapshot } from "../loop/core/introspection/snapshot.ts";
import { widthOf } from "./_table.ts";

/** The measures of a line, in pixels. */
const LINE = 20;
const CHARACTER = 7.8;
const MARGIN = 16;
/** A picture of more lines would be of no use. */
const MAX_LINES = 2000;

/** Draws the tree of tasks as an SVG, in colours for light and dark. */
export function treePicture(snapshot: Snapshot, title: string): string {
  const lines = [
    { text: title, kind: "title" },
    { text: "", kind: "text" },
    ...formatFindings(snapshot).map((text) => ({ text, kind: "bad" })),
    ...treeRows(snapshot).flatMap(({ branch, text, more }) => [
      { text: `${branch}${text}`, kind: "text" },
      ...more.map((text) => ({ text, kind: "dim" })),
    ]),
  ];
  const left = lines.length - MAX_LINES;
  if (left > 0) {
    lines.splice(MAX_LINES, left, {
      text: `and ${left} more lines`,
      kind: "dim",
    });
  }
  return linesPicture(lines);
}

/** Draws lines of text as an SVG. */
export function linesPicture(
  lines: readonly { readonly text: string; readonly kind: string }[],
): string {
  const columns = Math.max(40, ...lines.map(({ text }) => widthOf(text)));
  const width = Math.ceil(columns * CHARACTER + 2 * MARGIN);
  const height = lines.length * LINE + 2 * MARGIN;
  const texts = lines.map(({ text, kind }, i) =>
    `<text x="${MARGIN}" y="${MARGIN + (i + 0.75) * LINE}" class="${kind}">${
      escaped(text)
    }</text>`
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<style>
  rect { fill: #ffffff; }
  text { font: 13px ui-monospace, Menlo, Consolas, monospace; white-space: pre; fill: #1c2024; }
  .title { font-weight: bold; } .bad { fill: #b42318; } .dim { fill: #5b636b; }
  @media (prefers-color-scheme: dark) {
    rect { fill: #14171a; } text { fill: #e6e8ea; } .bad { fill: #ff9c92; } .dim { fill: #9aa3ab; }
  }
</style>
<rect width="100%" height="100%"/>
${texts.join("\n")}
</svg>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
