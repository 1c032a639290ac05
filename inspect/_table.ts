// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  printable,
  type TaskInfo,
} from "../loop/core/introspection/snapshot.ts";
import {
  describeWait,
  formatSite,
  type Index,
  seconds,
} from "../loop/core/introspection/tree.ts";

/** Formats rows in columns, as wide as their texts; the last one is not filled up. */
export function formatTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) =>
    all.reduce((width, row) => Math.max(width, widthOf(row[column]!)), 0)
  );
  return all.map((row) =>
    row.map((cell, column) =>
      column === row.length - 1 ? cell : padTo(cell, widths[column]!)
    ).join("  ").trimEnd()
  );
}

/** Formats rows in columns that fit: wide ones are narrowed, the widest first. */
export function fitted(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number,
): string[] {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) =>
    all.reduce((width, row) => Math.max(width, widthOf(row[column]!)), 0)
  );
  const gaps = 2 * (headings.length - 1);
  const least = headings.map((heading) => Math.min(12, widthOf(heading) + 4));
  for (
    let excess = widths.reduce((a, b) => a + b, gaps) - columns;
    excess > 0;
    excess--
  ) {
    const spare = widths.map((width, i) => width - least[i]!);
    const widest = spare.indexOf(Math.max(...spare));
    if (spare[widest]! <= 0) break;
    widths[widest]!--;
  }
  return all.map((row) =>
    row.map((cell, i) => padTo(cutTo(cell, widths[i]!), widths[i]!)).join("  ")
      .trimEnd()
  );
}

/** The row of a task: name, activity, how long, what it waits for, where. */
export function rowOf(task: TaskInfo, known: Index): string[] {
  const [wait] = task.waits ?? [];
  const age = task.activity === "waiting" ? wait?.age : task.age;
  const more = (task.waits?.length ?? 0) > 1
    ? ` and ${task.waits!.length - 1} more`
    : "";
  return [
    printable(task.name, 40),
    task.cancelling === undefined ? task.activity : "cancelled",
    age === undefined ? "" : seconds(age),
    wait === undefined ? "" : `${describeWait(wait, known)}${more}`,
    whereIs(task),
  ];
}

export const HEADINGS = ["TASK", "STATE", "FOR", "WAITS FOR", "WHERE"];

/** Returns the place of a task, as far as it is known: the line where it waits, or was created, or its function. */
export function whereIs({ stack, created, runs }: TaskInfo): string {
  if (stack !== undefined) return formatSite(stack[0]!);
  if (created !== undefined) return `created ${formatSite(created[0]!)}`;
  return runs === undefined ? "" : `${runs}()`;
}

/** The number of columns that a text takes in a terminal. */
export function widthOf(text: string): number {
  if (NARROW.test(text)) return text.length;
  let width = 0;
  for (const char of text) {
    if (!MARK.test(char)) width += isWide(char) ? 2 : 1;
  }
  return width;
}

/** Texts in which each character takes a column. */
const NARROW = /^[\x20-\x7e]*$/;
/** Characters that join the one before. */
const MARK = /^\p{M}$/u;
/** Emoji, but not the letters that make flags: two of them take two columns. */
const EMOJI = /^(?!\p{RI})\p{Emoji_Presentation}$/u;

/** Cuts a text off at a width. */
export function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let cut = "";
  let used = 0;
  for (const char of text) {
    used += widthOf(char);
    if (used > width - 1) break;
    cut += char;
  }
  return `${cut}…`;
}

export function padTo(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

function isWide(char: string): boolean {
  const code = char.codePointAt(0)!;
  return (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) || (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) || (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0x20000 && code <= 0x3fffd) ||
    EMOJI.test(char);
}
