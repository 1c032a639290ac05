// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

/** For each entry a program that imports nothing else, and prints "ok". */
const PROGRAMS: Readonly<Record<string, string>> = {
  durable: `
    const queue = new entry.DurableQueue("mail", new entry.MemoryStore());
    await queue.put("ok");
    const job = await queue.get();
    console.log(job.value);
    await job.done();
  `,
  loop: `
    await entry.newEventLoop().runUntilComplete(() => {});
    console.log(entry.getEventLoop().isRunning() ? "ok" : "");
  `,
  inspect: `
    await using inspector = await entry.inspect();
    console.log(inspector.path === "" ? "" : "ok");
  `,
  queues: `
    const queue = new entry.Queue();
    queue.put("ok");
    console.log(await queue.get());
  `,
  streams: `
    const server = await entry.startServer((_, writer) => {
      writer.write("ok");
      writer.close();
    }, "127.0.0.1", 0);
    const { hostname, port } = server.sockets[0].addr;
    const [reader, writer] = await entry.openConnection(hostname, port);
    console.log(new TextDecoder().decode(await reader.read()));
    writer.close();
    server.close();
  `,
  subprocess: `
    const process = await entry.createSubprocessExec(Deno.execPath(), ["eval", "console.log('ok')"]);
    await process.wait();
  `,
  sync: `
    using _ = await new entry.Lock().acquire();
    console.log("ok");
  `,
  tasks: `
    await entry.run(async () => {
      const task = new entry.Task(() => "ok");
      console.log(await task);
    });
  `,
  testing: `
    await entry.inVirtualTime(() => console.log("ok"))();
  `,
};

/** The paths of the entries, by name. */
async function exportedEntries(): Promise<Map<string, string>> {
  const config = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  ) as { exports: Record<string, string> };
  return new Map(
    Object.entries(config.exports).filter(([name]) => name !== ".")
      .map(([name, path]) => [name.replace("./", ""), path]),
  );
}

const ENTRIES = await exportedEntries();

Deno.test("every entry has a program here", () => {
  assertEquals(
    [...ENTRIES.keys()].toSorted(),
    Object.keys(PROGRAMS).toSorted(),
  );
});

for (const [name, body] of Object.entries(PROGRAMS)) {
  Deno.test(`${name} works where nothing else is imported`, async () => {
    const entry = new URL(ENTRIES.get(name)!, ROOT).href;
    const program = `import * as entry from ${JSON.stringify(entry)};\n${body}`;
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", program],
      env: { NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    assertEquals(decoder.decode(stderr), "");
    assertEquals(decoder.decode(stdout), "ok\n");
  });
}
