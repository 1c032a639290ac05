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
  // A string comes before a comment, so that `"https://…"` is not taken for one.
  const parts =
    /\/\*[^]*?\*\/|(?<=Deno\.test\(\s*)(?:"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|(?<![:\\])\/\/[^\n]*/g;
  for (const match of source.matchAll(parts)) {
    const [text] = match;
    const isTitle = /Deno\.test\(\s*$/.test(source.slice(0, match.index));
    const isProse = text.startsWith("/*") || text.startsWith("//") || isTitle;
    prose += blank(source.slice(prose.length, match.index));
    if (!isProse) prose += blank(text);
    else prose += isTitle ? text : proseOfComment(text);
  }
  return prose + blank(source.slice(prose.length));
}

function proseOfComment(text: string): string {
  if (!text.startsWith("/*")) return text.replaceAll(/`[^`\n]*`/g, blank);
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
