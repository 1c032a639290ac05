// Copyright 2026 the asyncio for Deno authors. MIT license.

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css",
  html: "text/html; charset=utf-8",
  js: "text/javascript",
  json: "application/json",
  svg: "image/svg+xml",
  woff2: "font/woff2",
};

/** Serves a folder of static files on port 8080 of this machine. */
export async function serve(folder: string): Promise<void> {
  await Deno.serve({ hostname: "127.0.0.1", port: 8080 }, async ({ url }) => {
    const path = decodeURIComponent(new URL(url).pathname);
    const names = path.endsWith("/")
      ? [`${path}index.html`]
      : [path, `${path}.html`];
    for (const name of names) {
      try {
        const body = await Deno.readFile(folder + name);
        const type = TYPES[name.split(".").at(-1)!] ??
          "application/octet-stream";
        return new Response(body, { headers: { "content-type": type } });
      } catch {
        // Try the next name.
      }
    }
    return new Response("Not found", { status: 404 });
  }).finished;
}
