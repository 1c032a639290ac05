// Copyright 2026 the asyncio for Deno authors. MIT license.

import { readFileSync } from "node:fs";

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6" fill="none" stroke="#2f6f9f" stroke-width="3" stroke-dasharray="28 10"/></svg>';

/** The sidebar is docs/README.md: its bold lines are the groups. */
function sidebar() {
  const page = readFileSync(
    new URL("../docs/index.md", import.meta.url),
    "utf8",
  );
  const groups = [];
  for (
    const [, group, text, link] of page.matchAll(
      /^\*\*(.+)\*\*$|^- \[([^\]]+)\]\(([^)]+)\)/gm,
    )
  ) {
    if (group) groups.push({ text: group, items: [] });
    else {groups.at(-1).items.push({
        text,
        link: `/docs/${link}`.replace("/docs/../", "/").replace(
          /(index)?\.md$/,
          "",
        ),
      });}
  }
  return [
    { text: "Home", link: "/" },
    ...groups,
    {
      text: "Project",
      items: [
        { text: "Changelog", link: "/CHANGELOG" },
        { text: "Contributing", link: "/CONTRIBUTING" },
        { text: "Architecture", link: "/ARCHITECTURE" },
        { text: "Benchmarks", link: "/bench/" },
        { text: "Security", link: "/SECURITY" },
      ],
    },
  ];
}

export default {
  title: "asyncio for Deno",
  description: "Python's asyncio for Deno, in TypeScript",
  outDir: process.env.SITE,
  ignoreDeadLinks: [/^\/api\//],
  head: [["link", {
    rel: "icon",
    href: `data:image/svg+xml,${encodeURIComponent(ICON)}`,
  }]],
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      { text: "Tutorial", link: "/docs/tutorial" },
      { text: "Guides", link: "/docs/" },
      { text: "API", link: "/api/index.html", target: "_self" },
      { text: "Index of names", link: "/docs/api_index" },
    ],
    sidebar: sidebar(),
  },
};
