// Copyright 2026 the asyncio for Deno authors. MIT license.

// Connects to several servers concurrently, prints each result as soon as it is
// there, and at the end the first server that answered:
//
//   deno run --allow-net examples/as_completed.ts [host:port ...]

import {
  asCompleted,
  CancelledError,
  createTask,
  openConnection,
  run,
} from "@asyncio/asyncio";

const servers = Deno.args.length > 0 ? Deno.args : ["127.0.0.1:80", "[::1]:80"];

/** Connects, and closes the connection. */
async function visit(server: string): Promise<string> {
  const { hostname, port } = new URL(`tcp://${server}`);
  const host = hostname.replace(/^\[(.*)\]$/, "$1"); // of an IPv6 address
  const [, writer] = await openConnection(host, Number(port));
  writer.close();
  await writer.waitClosed();
  return server;
}

async function main(): Promise<void> {
  const visits = servers.map((server) => createTask(() => visit(server)));

  // `for await` gives the tasks themselves, which shows to which server it belongs
  for await (const done of asCompleted(visits)) {
    const server = servers[visits.findIndex((visit) => visit === done)];
    console.log(`${server}: ${done.exception()?.message ?? "connected"}`);
  }

  // `for` gives futures for the first result, the second, and so on
  for (
    const next of asCompleted(servers.map((server) => () => visit(server)))
  ) {
    try {
      console.log("The first:", await next);
      break;
    } catch (error) {
      if (error instanceof CancelledError) throw error;
    }
  }
}

await run(main);
