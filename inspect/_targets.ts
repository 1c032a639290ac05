// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Client, connect } from "./_client.ts";
import { socketDirectories } from "./_directory.ts";
import { connectThroughDebugger } from "./_debugger.ts";
import { removeStale } from "./_endpoint.ts";
import type { Program } from "./_protocol.ts";

/** A program that can be inspected. */
export interface Target {
  readonly path: string;
  readonly program: Program;
}

/** Finds the programs of this user that called `inspect()` without a path. */
export async function findTargets(): Promise<Target[]> {
  const found: Target[] = [];
  for (const path of await socketPaths()) {
    try {
      await using client = await connect(path);
      found.push({ path, program: client.program });
    } catch (error) {
      // What a program left behind that was killed.
      if (error instanceof Deno.errors.ConnectionRefused) {
        await removeStale(path).catch(() => {});
      }
    }
  }
  return found.toSorted((a, b) => a.program.started - b.program.started);
}

async function socketPaths(): Promise<string[]> {
  const paths: string[] = [];
  for (const directory of socketDirectories()) {
    try {
      for await (const { name } of Deno.readDir(directory)) {
        if (name.endsWith(".sock")) paths.push(`${directory}/${name}`);
      }
    } catch {
      // There is none, or it is of another user.
    }
  }
  return paths;
}

/** Connects to the program that a process id or path names; without one, to the only program that there is. */
export async function connectToTarget(
  target: string | undefined,
): Promise<Client> {
  if (target !== undefined && !/^\d+$/.test(target)) {
    return await connect(target);
  }
  const targets = await findTargets();
  if (target === undefined) {
    const [only] = targets;
    if (targets.length === 1) return await connect(only!.path);
    throw new Error(
      targets.length === 0
        ? "No program can be inspected: call inspect() in it, or give its process id"
        : "Several programs can be inspected: give the process id of one",
    );
  }
  const pid = Number(target);
  const found = targets.find(({ program }) => program.pid === pid);
  return found === undefined
    ? await connectThroughDebugger(pid)
    : await connect(found.path);
}
