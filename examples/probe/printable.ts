// Copyright 2026 the asyncio for Deno authors. MIT license.

// Control characters, invisible and bidirectional formatting, lone surrogates,
// unassigned code points, line and paragraph separators
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]+/gu;

/**
 * Makes a text safe to print: text from a stranger could move the cursor, recolour
 * the terminal or reorder the line. Unprintable characters become a `·`, and a
 * text of more than `maxLength` characters ends in `…`.
 */
export function printable(text: string, maxLength: number): string {
  return shorten(text.replaceAll(UNPRINTABLE, "·"), maxLength);
}

/** Puts the text in quotation marks, safe to print. */
export function quote(text: string): string {
  return `"${printable(text, 80)}"`;
}

/** Cuts the text to at most `maxLength` characters, the last one a `…` if it was longer. */
export function shorten(text: string, maxLength: number): string {
  // A code point is at most two units, so a long text need not be split whole
  const characters = [...text.slice(0, 2 * (maxLength + 1))];
  if (characters.length <= maxLength) return text;
  return `${characters.slice(0, Math.max(maxLength - 1, 0)).join("")}…`;
}
