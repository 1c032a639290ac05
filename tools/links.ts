// Copyright 2026 the asyncio for Deno authors. MIT license.

/** A link, and where it stands. */
export interface Link {
  readonly target: string;
  /** The line, counted from 1. */
  readonly line: number;
}

/** The links of a page of Markdown; what stands in code is none. */
export function linksInMarkdown(text: string): Link[] {
  return markdownLinks(withoutCode(text));
}

/** The links in the documentation comments of a module; those to symbols are left to `deno doc`. */
export function linksInModule(source: string): Link[] {
  const prose = withoutCode(commentsOf(source));
  const tags = [...prose.matchAll(/\{@link(?:code|plain)?\s+([^\s|}]+)/g)]
    .map((match) => ({
      target: match[1]!,
      line: lineAt(prose, match.index),
    }));
  return [
    ...markdownLinks(prose),
    ...tags.filter(({ target }) => !isSymbol(target)),
  ];
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsIn(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading] of withoutFences(text).matchAll(/^#{1,6} +(.+)$/gm)) {
    const anchor = anchorOf(heading!);
    let candidate = anchor;
    for (let n = 1; anchors.has(candidate); n++) candidate = `${anchor}-${n}`;
    anchors.add(candidate);
  }
  return anchors;
}

function anchorOf(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Number}\s_-]/gu, "")
    .replaceAll(" ", "-");
}

function markdownLinks(prose: string): Link[] {
  // `[text](target "title")`, and at the start of a line `[text]: target`.
  const inline = /\]\(\s*<?([^\s()>]*(?:\([^\s()]*\)[^\s()>]*)*)>?[^()]*\)/g;
  const reference = /^ *\[[^\]\n]+\]:\s+<?([^\s>]+)/gm;
  return [...prose.matchAll(inline), ...prose.matchAll(reference)]
    .map((match) => ({ target: match[1]!, line: lineAt(prose, match.index) }))
    .toSorted((a, b) => a.line - b.line);
}

/** The text with blanks in place of its code, so that all else stays where it is. */
function withoutCode(text: string): string {
  // Not beyond the paragraph, as a backtick may stand alone.
  const inline = /(`+)(?!`)(?:(?!\n\s*\n)[^])*?[^`]\1(?!`)/g;
  return withoutFences(text).replaceAll(inline, blank);
}

function withoutFences(text: string): string {
  return text.replaceAll(
    /^( *)(`{3,}|~{3,})[^\n]*\n[^]*?^ *\2[`~]* *$/gm,
    blank,
  );
}

/** The text of the documentation comments, with blanks in place of all else. */
function commentsOf(source: string): string {
  let text = "";
  for (const comment of source.matchAll(/^[ \t]*\/\*\*[^]*?\*\//gm)) {
    text += blank(source.slice(text.length, comment.index));
    text += comment[0].replaceAll(/^[ \t]*(?:\/\*\*|\*\/|\*)/gm, blank);
  }
  return text + blank(source.slice(text.length));
}

function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, " ");
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

function isSymbol(target: string): boolean {
  return /^[\w$.[\]]+$/.test(target) && !/\.(md|ts)$/.test(target);
}
