// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * A registry on this machine that serves the files that `deno publish` would publish. It tests what programs on JSR get:
 * no file is missing, and nothing relies on a file system or on an import map.
 */

import { assertEquals } from "@std/assert";
import { FEATURES, featuresProgram } from "./features.ts";

const ROOT = new URL("../../", import.meta.url);

const { name, version, exports } = JSON.parse(
  await Deno.readTextFile(new URL("deno.json", ROOT)),
) as { name: string; version: string; exports: Record<string, string> };

/** Runs Deno; returns its output. */
async function deno(
  args: string[],
  env: Record<string, string> = {},
): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
  }).output();
  const decoder = new TextDecoder();
  return decoder.decode(stdout) +
    decoder.decode(stderr).replaceAll(/^Download .*\n/gm, "");
}

/** Returns the paths of the files that are published, from the root. */
async function publishedPaths(): Promise<string[]> {
  const listing = await deno([
    "publish",
    "--dry-run",
    "--allow-dirty",
    "--no-check",
  ]);
  return [...listing.matchAll(/^ +(file:\S+) \(/gm)]
    .map(([, url]) => url!.replace(ROOT.href, "/"));
}

/** Serves the package as JSR does. */
async function startRegistry(): Promise<Deno.HttpServer<Deno.NetAddr>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for (const path of await publishedPaths()) {
    const bytes = await Deno.readFile(new URL(`.${path}`, ROOT));
    const hash = await crypto.subtle.digest("SHA-256", bytes);
    manifest[path] = {
      size: bytes.length,
      checksum: `sha256-${new Uint8Array(hash).toHex()}`,
    };
    files.set(`/${name}/${version}${path}`, bytes);
  }
  const documents: Record<string, object> = {
    [`/${name}/meta.json`]: { latest: version, versions: { [version]: {} } },
    [`/${name}/${version}_meta.json`]: { manifest, exports },
  };
  return Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    ({ url }) => {
      const path = decodeURIComponent(new URL(url).pathname);
      const document = documents[path];
      if (document !== undefined) return Response.json(document);
      const bytes = files.get(path);
      if (bytes === undefined) return new Response(null, { status: 404 });
      const type = path.endsWith(".ts") ? "text/typescript" : "text/plain";
      return new Response(bytes, { headers: { "content-type": type } });
    },
  );
}

/** Runs a program that imports the package as from JSR, with a cache of its own; returns its output. */
async function runFromRegistry(
  args: string[],
  env: Record<string, string> = {},
): Promise<string> {
  await using registry = await startRegistry();
  const cache = await Deno.makeTempDir();
  try {
    return await deno(args, {
      ...env,
      DENO_DIR: cache,
      JSR_URL: `http://127.0.0.1:${registry.addr.port}/`,
    });
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

Deno.test("from a registry, every entry exports what it does here", async () => {
  const entries = Object.keys(exports);
  const output = await runFromRegistry([
    "eval",
    "--no-config",
    `for (const entry of ${JSON.stringify(entries)}) {
      const module = await import("jsr:${name}" + entry.slice(1));
      console.log(entry, Object.keys(module).join(" "));
    }`,
  ]);
  const lines = await Promise.all(
    Object.entries(exports).map(async ([entry, path]) => {
      const module = await import(new URL(path, ROOT).href) as object;
      return `${entry} ${Object.keys(module).join(" ")}\n`;
    }),
  );
  assertEquals(output, lines.join(""));
});

Deno.test("from a registry, workers, code that is loaded late and stacks work", async () => {
  const output = await runFromRegistry(
    ["eval", "--no-config", featuresProgram(`jsr:${name}`)],
    { ASYNCIO_DEBUG: "1" },
  );
  assertEquals(output.trim().split("\n"), FEATURES);
});

Deno.test("from a registry, the commands can be run", async () => {
  for (const entry of ["inspect", "durable"]) {
    const output = await runFromRegistry([
      "run",
      "--no-config",
      "-A",
      `jsr:${name}/${entry}`,
      "--help",
    ]);
    assertEquals(output.match(/^Usage: (\w+)/m)?.[1], entry);
  }
});
