// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Builds the whole site with VitePress, from npm: the pages, the sources that they link to, the API and a search that
 * works offline.
 *
 * ```sh
 * deno task site           # into site/
 * deno task site --serve   # and serve it on port 8080
 * ```
 *
 * @module
 */

import { buildApi } from "../doc.ts";
import { serve } from "./serve.ts";
import { stagePages } from "./stage.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const SITE = `${ROOT}site`;
const VITEPRESS = "1.6.4";

/** Runs Deno in the folder of the pages. */
async function deno(stage: string, ...args: string[]): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: stage,
    env: { SITE },
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`deno ${args.join(" ")} failed`);
}

if (import.meta.main) {
  // Outside the project, since its checks and tests would find the pages and the npm packages.
  const stage = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${stage}/.vitepress`);
    await stagePages(stage);
    await Deno.copyFile(
      new URL("config.mjs", import.meta.url),
      `${stage}/.vitepress/config.mjs`,
    );
    await buildApi(`${stage}/public/api`, "../docs/index.html");
    await Deno.writeTextFile(
      `${stage}/deno.json`,
      JSON.stringify({
        nodeModulesDir: "auto",
        lock: false,
        imports: {
          vitepress: `npm:vitepress@${VITEPRESS}`,
          vue: "npm:vue@^3.5",
        },
      }),
    );
    await deno(stage, "install", "--quiet");
    await deno(stage, "run", "-A", "npm:vitepress", "build");
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
  console.log(`The site is in ${SITE}`);
  if (Deno.args.includes("--serve")) await serve(SITE);
}
