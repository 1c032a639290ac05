// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import { withDirectory } from "../tests/doubles/directory.ts";
import { POSTGRES, startPostgres } from "../tests/peers/servers.ts";

const PROGRAM = new URL("mail_queue.ts", import.meta.url);
const CONFIG = new URL("../deno.json", import.meta.url).pathname;
const MAILS = 60;

/** Puts mail, kills workers in the middle of it, and lets the last one end. */
async function sendAll(
  program: string,
  cwd: string,
  flags: readonly string[],
  env: Record<string, string> = {},
): Promise<void> {
  const start = (...args: string[]) =>
    new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--no-check",
        ...flags,
        "--config",
        CONFIG,
        program,
        ...args,
      ],
      cwd,
      env: { ...env, NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  const output = async (...args: string[]) => {
    const { stdout, stderr } = await start(...args).output();
    assertEquals(new TextDecoder().decode(stderr), "");
    return new TextDecoder().decode(stdout);
  };
  assertEquals(await output("put", `${MAILS}`), `${MAILS} to do, 0 dead\n`);
  // Again: the same mail.
  assertEquals(await output("put", `${MAILS}`), `${MAILS} to do, 0 dead\n`);

  for (let i = 0; i < 3; i++) {
    const before = await sent(cwd);
    await using worker = start("work").spawn();
    for (let j = 0; j < 500 && await sent(cwd) < before + 3; j++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    worker.kill("SIGKILL");
    await worker.stdout.cancel();
    await worker.stderr.cancel();
  }
  assert(await sent(cwd) < MAILS);

  assertEquals(await output("work"), `0 to do, ${MAILS / 5} dead\n`);
  const lines = (await Deno.readTextFile(`${cwd}/sent.txt`)).trim().split("\n");
  const readers = new Set(lines.map((line) => line.split(" ")[0]));
  assertEquals(readers.size, MAILS * 4 / 5);
  const letters = (await output("dead")).trim().split("\n");
  assertEquals(letters.length, MAILS / 5 + 1);
  assert(letters.some((line) => line.includes("550 No such mailbox")));
}

async function sent(cwd: string): Promise<number> {
  try {
    const text = await Deno.readTextFile(`${cwd}/sent.txt`);
    return text.split("\n").length - 1;
  } catch {
    return 0;
  }
}

Deno.test({
  name: "mail_queue survives workers that are killed",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withDirectory((path) =>
      sendAll(PROGRAM.pathname, path, ["--allow-read", "--allow-write"])
    ),
});

Deno.test({
  name: "mail_queue moves to PostgreSQL by one line",
  ignore: Deno.build.os === "windows" || POSTGRES === null,
  fn: () =>
    withDirectory(async (path) => {
      await using server = await startPostgres();
      const lines = (await Deno.readTextFile(PROGRAM)).split("\n");
      const moved = lines.map((line) =>
        line.startsWith("import { openStore }")
          ? `import { openStore } from ${
            JSON.stringify(new URL("mail_queue/postgres.ts", PROGRAM).href)
          };`
          : line
      );
      assertEquals(moved.filter((line, i) => line !== lines[i]).length, 1);
      const program = `${path}/mail_queue.ts`;
      await Deno.writeTextFile(program, moved.join("\n"));
      await sendAll(program, path, ["-A"], {
        PGHOST: "127.0.0.1",
        PGPORT: `${server.port}`,
        PGUSER: "postgres",
        PGDATABASE: "postgres",
      });
    }),
});
