// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { openConnection, run, type Server, startServer } from "../../mod.ts";

Deno.test("run() cuts off the connections and servers that its program left open", async () => {
  let accepted!: () => void;
  const isAccepted = new Promise<void>((resolve) => accepted = resolve);
  let server!: Server;
  await run(async () => {
    server = await startServer(() => accepted(), "127.0.0.1", 0);
    const { port } = server.sockets[0]!.addr as Deno.NetAddr;
    await openConnection("127.0.0.1", port);
    await isAccepted;
  });
  // That nothing is left is for the sanitizers to say.
  await assertRejects(
    () => server.sockets[0]!.accept(),
    Deno.errors.BadResource,
  );
});

Deno.test("A program that leaves a connection open exits at its end", async () => {
  const script = `
    import { openConnection, run, startServer } from ${
    JSON.stringify(new URL("../../mod.ts", import.meta.url))
  };
    await run(async () => {
      const server = await startServer(() => {}, "127.0.0.1", 0);
      await openConnection("127.0.0.1", server.sockets[0].addr.port);
    });
    console.log("over");
  `;
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-net",
      "--no-config",
      `data:text/javascript,${encodeURIComponent(script)}`,
    ],
    stderr: "inherit",
  }).output();
  assert(success);
  assertEquals(new TextDecoder().decode(stdout), "over\n");
});
