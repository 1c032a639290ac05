// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { runCommand } from "./_command.ts";
import { DurableQueue, SqliteStore } from "./mod.ts";

/** Runs a test with a file that holds some jobs. */
async function withJobs(test: (path: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/jobs.db`;
    using store = new SqliteStore(path);
    const mail = new DurableQueue<string>("mail", store);
    await mail.put("bad");
    const job = await mail.get();
    await job.dead(new RangeError("no such address"));
    await mail.put("good");
    await mail.put("later", { delay: 60 });
    const images = new DurableQueue<string>("images", store);
    await images.put("x");
    await (await images.get()).done();
    await test(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function output(...args: string[]): Promise<string> {
  const lines: string[] = [];
  const code = await runCommand(args, (line) => lines.push(line));
  return [`${code}`, ...lines].join("\n");
}

Deno.test("durable ps shows the queues of a store", () =>
  withJobs(async (path) => {
    assertEquals(
      await output("ps", path),
      `0
queue   ready  leased  delayed  dead  oldest  done/s
images      0       0        0     0       -     0.0
mail        1       0        1     1      0s     0.0`,
    );
    const json = (await output("ps", path, "--json")).slice(2);
    const [images] = JSON.parse(json);
    assertEquals(images.name, "images");
    assert(images.rate > 0);
  }));

Deno.test("durable dead shows dead letters, durable put-back makes jobs of them", () =>
  withJobs(async (path) => {
    const shown = await output("dead", path, "mail");
    assertMatch(
      shown,
      /^0\n[0-9a-f-]{36} {2}1 attempts\n {2}"bad"\n {2}1\. .*Z {2}RangeError: no such address$/,
    );
    const id = shown.split("\n")[1]!.split(" ")[0]!;
    const letter = JSON.parse(
      (await output("dead", path, "mail", "--json")).slice(2),
    );
    assertEquals(letter.id, id);
    assertMatch(
      await output("put-back", path, "mail", "nothing"),
      /^1\n.*received "nothing"/,
    );
    assertEquals(await output("put-back", path, "mail", id), "0\n1 put back");
    assertEquals(
      await output("put-back", path, "mail", "--all"),
      "0\n0 put back",
    );
    assertEquals(await output("dead", path, "mail"), "0");
  }));

Deno.test("durable tells what is wrong with its arguments", async () => {
  assertMatch(await output(), /^2\nUsage/);
  assertMatch(await output("--help"), /^0\nUsage/);
  assertMatch(
    await output("pss", "x"),
    /^2\nThe command must be .* received "pss"\n\nUsage/,
  );
  assertMatch(await output("ps"), /^2\nThe store is missing/);
  assertMatch(
    await output("ps", "x", "--loud"),
    /^2\nThere is no option --loud/,
  );
  assertMatch(
    await output("ps", "/nowhere/jobs.db"),
    /^1\n.*\/nowhere\/jobs\.db/,
  );
});

Deno.test("the entry is the command", () =>
  withJobs(async (path) => {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", new URL("mod.ts", import.meta.url).href, "ps", path],
    }).output();
    assertEquals(code, 0);
    assertMatch(
      new TextDecoder().decode(stdout),
      /^queue .*\nimages .*\nmail /,
    );
  }));
