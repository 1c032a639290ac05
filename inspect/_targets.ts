// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Client, connect } from "./_client.ts";
import { assertPrivate, socketDirectories } from "./_directory.ts";
import { connectThroughDebugger } from "./_debugger.ts";
import { removeStale } from "./_endpoint.ts";
import type { Program } from "../loop/core/introspection/protocol.ts";

/** How long each program may take to say what it is, in milliseconds. */
const PATIENCE = 1000;

/** A program that can be inspected. */
export interface Target {
  readonly pid: number;
  readonly path: string;
  /** Its answer to `hello`; `null` if it does not answer, because a step computes or it is stopped. */
  readonly program: Program | null;
}

/** Finds the programs of this user that called `inspect()` without a path, or that with a process id. */
export async function findTargets(pid?: number): Promise<Target[]> {
  const paths = (await socketPaths())
    .filter((each) => pid === undefined || each.pid === pid);
  const found = await Promise.all(paths.map(targetAt));
  return found.filter((each) => each !== null)
    .toSorted((a, b) =>
      (a.program?.started ?? 0) - (b.program?.started ?? 0) || a.pid - b.pid
    );
}

/** A path that names a process. */
interface SocketPath {
  readonly pid: number;
  readonly path: string;
}

async function targetAt({ pid, path }: SocketPath): Promise<Target | null> {
  try {
    await using client = await connect(path, PATIENCE);
    return { pid, path, program: client.program };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    if (!(error instanceof Deno.errors.ConnectionRefused)) {
      return { pid, path, program: null };
    }
    // What a program left behind that was killed.
    await removeStale(path).catch(() => {});
    return null;
  }
}

async function socketPaths(): Promise<SocketPath[]> {
  const paths: SocketPath[] = [];
  for (const directory of socketDirectories()) {
    try {
      // What another user put there could be anything.
      assertPrivate(directory);
      for await (const { name } of Deno.readDir(directory)) {
        const [, pid] = /^(\d+)(?:-[\w-]+)?\.sock$/.exec(name) ?? [];
        if (pid === undefined) continue;
        paths.push({ pid: Number(pid), path: `${directory}/${name}` });
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
  const pid = target === undefined ? undefined : Number(target);
  const found = await findTargets(pid);
  if (pid === undefined && found.length !== 1) {
    throw new Error(
      found.length === 0
        ? "No program can be inspected: call inspect() in it, or give its process id"
        : `Several programs can be inspected: give the process id of one (${
          found.map((each) => each.pid).join(", ")
        })`,
    );
  }
  return found.length === 0
    ? await connectThroughDebugger(pid!)
    : await connect(found[0]!.path);
}
