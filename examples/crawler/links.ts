// Copyright 2026 the asyncio for Deno authors. MIT license.

const LINK = /<a\s[^>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)')/gi;

/**
 * Returns the pages that a page links to, each once, as far as they can be found
 * without a parser.
 */
export function linksIn(html: string, base: string): URL[] {
  const links = new Map<string, URL>();
  for (const [, double, single] of html.matchAll(LINK)) {
    const href = (double ?? single)!.replaceAll("&amp;", "&");
    const url = URL.parse(href, base);
    if (url === null) continue;
    url.hash = "";
    links.set(url.href, url);
  }
  return [...links.values()];
}
