// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../mod.ts";
import { schedulerOf } from "../../loop/core/scheduler.ts";

/** How a program is at a moment. */
export interface Vitals {
  /** Bytes of the heap in use, after a collection of garbage. */
  readonly heap: number;
  /** Bytes of memory that the process has. */
  readonly rss: number;
  /** Bytes outside the heap. */
  readonly external: number;
  /** Tasks that are not done. */
  readonly tasks: number;
  /** Transports, servers, processes and the like that are open. */
  readonly resources: number;
  /** Open file descriptors; 0 where the system does not tell. */
  readonly descriptors: number;
  /** The number of zombie processes; 0 on systems that do not report it. */
  readonly zombies: number;
}

declare global {
  /** There with `--v8-flags=--expose-gc`. */
  function gc(): void;
}

/** Looks how the program is. */
export function vitalsOf(loop: EventLoop): Vitals {
  globalThis.gc();
  const { heapUsed, rss, external } = Deno.memoryUsage();
  const scheduler = schedulerOf(loop);
  return {
    heap: heapUsed,
    rss,
    external,
    tasks: scheduler.unfinished().length,
    resources: scheduler.resources.size,
    descriptors: countOf("/proc/self/fd"),
    zombies: zombies(),
  };
}

function countOf(directory: string): number {
  try {
    return [...Deno.readDirSync(directory)].length;
  } catch {
    return 0;
  }
}

function zombies(): number {
  try {
    return [...Deno.readDirSync("/proc")].filter(({ name }) => isZombie(name))
      .length;
  } catch {
    return 0;
  }
}

function isZombie(pid: string): boolean {
  if (!/^\d+$/.test(pid)) return false;
  try {
    // The name of the program, in parentheses, may have spaces in it.
    const [state, parent] = Deno.readTextFileSync(`/proc/${pid}/stat`)
      .replace(/^.*\)/s, "").trim().split(" ");
    return state === "Z" && Number(parent) === Deno.pid;
  } catch {
    return false;
  }
}
