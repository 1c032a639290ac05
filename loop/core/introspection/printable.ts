// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Longer texts are cut off: a name may be of any length. */
const MAX_LENGTH = 200;

/** Characters that move the cursor of a terminal, hide or reorder text: controls, formats, separators, surrogates. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Returns a text on one line without control sequences: those are escaped, as `\u{1b}`. */
export function printable(text: string, maxLength = MAX_LENGTH): string {
  const cut = text.length > maxLength
    ? `${text.slice(0, maxLength).replace(/[\ud800-\udbff]$/, "")}…`
    : text;
  return cut.replace(
    UNSAFE,
    (unsafe) => `\\u{${unsafe.codePointAt(0)!.toString(16)}}`,
  );
}
