// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Returns the page with its code and its link targets blanked, so that lines stay where they are. */
export function proseOfMarkdown(text: string): string {
  return text
    .replaceAll(/^( *)(`{3,}|~{3,})[^\n]*\n[^]*?^ *\2[`~]* *$/gm, blank)
    .replaceAll(/(`+)(?!`)(?:(?!\n\s*\n)[^])*?[^`]\1(?!`)/g, blank)
    .replaceAll(/\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)/g, blank)
    .replaceAll(/<https?:[^>]*>/g, blank);
}

/** Returns the comments and the titles of tests of a module; everything else is blanked. */
export function proseOfModule(source: string): string {
  let prose = "";
  for (const match of source.matchAll(PARTS)) {
    const [text] = match;
    const isTitle = match.groups!.title !== undefined;
    prose += blank(source.slice(prose.length, match.index));
    if (text.startsWith("/*")) prose += proseOfBlockComment(text);
    else if (text.startsWith("//") || isTitle) prose += withoutCode(text);
    else prose += blank(text);
  }
  return prose + blank(source.slice(prose.length));
}

/**
 * Titles of tests, comments and other strings. A string comes before a line comment, so that `"https://…"` is not
 * taken for one.
 */
const PARTS =
  /\/\*[^]*?\*\/|(?<=(?:Deno\.|(?<![.\w]))test\((?:\{\s*name:)?\s*)(?<title>"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|(?<![:\\])\/\/[^\n]*/g;

/** Blanks the code of a line; a title between backticks has none. */
function withoutCode(text: string): string {
  return text.startsWith("`") ? text : text.replaceAll(/`[^`\n]*`/g, blank);
}

function proseOfBlockComment(text: string): string {
  return proseOfMarkdown(
    text.replaceAll(/^(\s*)\*(?!\/)/gm, "$1 ").replaceAll(
      /@example[^\n]*/g,
      blank,
    ),
  );
}

function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, " ");
}
