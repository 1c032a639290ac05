// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import {
  Example,
  LOOPBACK,
  portOf,
  stopServer,
} from "../tests/doubles/example.ts";

Deno.test("chat_client and chat_server talk to each other", async () => {
  await using server = new Example("chat_server.ts", LOOPBACK, ["0"]);
  const port = portOf(await server.nextLine());
  const join = async (name: string) => {
    const client = new Example("chat_client.ts", LOOPBACK, [
      name,
      port,
    ], "piped");
    await client.nextLine();
    await client.nextLine();
    assertEquals(await client.nextLine(), `* ${name} has come to hall`);
    return client;
  };
  await using ann = await join("Ann");
  await using bob = await join("Bob");
  assertEquals(await ann.nextLine(), "* Bob has come to hall");
  await ann.type("Hello, Bob!\n");
  assertEquals(await bob.nextLine(), "Ann: Hello, Bob!");
  await ann.endInput();
  assertEquals(await ann.end(), { code: 0, stdout: "", stderr: "" });
  assertEquals(await bob.nextLine(), "* Ann has left");
  await stopServer(server);
  // A client that waits for input receives it, too
  if (Deno.build.os === "windows") return;
  assertEquals(await bob.end(), {
    code: 0,
    stdout: "* The chat closes\n",
    stderr: "",
  });
});
