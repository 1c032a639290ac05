// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { runProgram } from "../doubles/program.ts";

/** Deno leaves the async context on in which a module is first loaded, for whatever it calls next. */
const PROGRAM = `
import { currentTask, getRunningLoop, openConnection, run, startServer } from "asyncio";

const http = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async () => {
  const task = currentTask();
  return new Response(String(task) + " " + await run(() => "ran"));
});
await run(async () => {
  const loop = getRunningLoop();
  const localAddr = { hostname: "127.0.0.1", port: 0 };
  await using server = await startServer((_, writer) => writer.close(), "127.0.0.1", 0);
  const { port } = server.sockets[0].addr;
  const [, writer] = await openConnection("127.0.0.1", port, { localAddr });
  writer.close();
  const [transport] = await loop.createDatagramEndpoint(() => new (class {
    connectionMade() {}
    connectionLost() {}
  })(), { localAddr });
  transport.close();
  const answer = await fetch("http://127.0.0.1:" + http.addr.port);
  console.log(await answer.text());
});
await http.shutdown();
`;

Deno.test("a module that a task loads first does not keep the task's context", async () => {
  const { stdout, stderr } = await runProgram(PROGRAM);
  assertEquals(stderr, "");
  assertEquals(stdout, "null ran\n");
});
