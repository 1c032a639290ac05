// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

const { publish } = JSON.parse(
  await Deno.readTextFile(new URL("deno.json", ROOT)),
) as { publish: { exclude: string[] } };

/** Whether a file is part of the published package. */
function isPublished(path: string): boolean {
  return !publish.exclude.some((each) =>
    each.endsWith("/") ? path.startsWith(each) : path.endsWith(
      each.replace("**/*", ""),
    )
  );
}

/** Serves the files of the package, as JSR does, while `body` uses them. */
async function withPackage(
  body: (address: string) => Promise<unknown>,
): Promise<void> {
  let address = "";
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: ({ port }) => address = `http://127.0.0.1:${port}/`,
  }, async (request) => {
    const path = new URL(request.url).pathname.slice(1);
    if (!isPublished(path)) return new Response("not found", { status: 404 });
    try {
      const text = await Deno.readTextFile(new URL(path, ROOT));
      const type = path.endsWith(".ts")
        ? "application/typescript"
        : "text/javascript";
      return new Response(text, { headers: { "content-type": type } });
    } catch {
      return new Response("not found", { status: 404 });
    }
  });
  try {
    await body(address);
  } finally {
    await server.shutdown();
  }
}

Deno.test("the published viewer looks at a program, and serves its page", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/program.sock`;
  // A cache of its own: modules of another run may have had the same address.
  const env = { DENO_DIR: `${directory}/cache`, NO_COLOR: "1" };
  try {
    await withPackage(async (address) => {
      const file = `${directory}/program.ts`;
      await Deno.writeTextFile(
        file,
        `import { run, Event } from "${address}mod.ts";
         import { inspect } from "${address}inspect/mod.ts";
         await inspect({ path: ${JSON.stringify(path)} });
         console.log("ready");
         setTimeout(() => {}, 60_000);
         await run(() => new Event().wait());`,
      );
      const program = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", "--quiet", file],
        env,
        stdout: "piped",
      }).spawn();
      const ready = program.stdout.getReader();
      await ready.read();
      ready.releaseLock();
      const viewer = ["run", "-A", "--quiet", `${address}inspect/mod.ts`];
      try {
        const ps = await new Deno.Command(Deno.execPath(), {
          args: [...viewer, "ps", path],
          env,
        }).output();
        const decoder = new TextDecoder();
        assertEquals(decoder.decode(ps.stderr), "");
        assertMatch(
          decoder.decode(ps.stdout),
          /\nTask-1 +waiting .*Event\.wait\(\)/,
        );
        const web = new Deno.Command(Deno.execPath(), {
          args: [...viewer, "web", path, "--no-open"],
          env,
          stdout: "piped",
        }).spawn();
        try {
          const reader = web.stdout.getReader();
          const printed = decoder.decode((await reader.read()).value);
          reader.releaseLock();
          const [page] = /http:\S+/.exec(printed)!;
          assertStringIncludes(
            await (await fetch(page)).text(),
            "<!doctype html>",
          );
          assertStringIncludes(
            await (await fetch(`${page}page.js`)).text(),
            "refresh()",
          );
          const { rows } = await (await fetch(`${page}data`)).json();
          assertMatch(rows[0].text, /^Task-1 {2}waits .*Event\.wait\(\)/);
        } finally {
          web.kill();
          await web.stdout.cancel();
          await web.status;
        }
      } finally {
        program.kill();
        await program.stdout.cancel();
        await program.status;
      }
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
