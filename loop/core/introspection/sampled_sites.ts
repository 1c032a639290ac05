// Copyright 2026 the asyncio for Deno authors. MIT license.

import { keepCreation, noteAwait } from "./source_stacks.ts";
import { openSchedulers, watchSchedulers } from "../scheduler.ts";
import { Task } from "../task.ts";
import type { SiteWatch } from "../watch.ts";

/**
 * How many places of each kind are recorded a second in any case, and of the others every how many: a stack takes five
 * times as long as creating a task.
 */
const A_SECOND = 200;
const EVERY_TASK = 256;
const EVERY_AWAIT = 512;

/** Chooses what is recorded: all where little happens, a sample where much does. */
class Sampler {
  #left = A_SECOND;
  #passed = 0;

  constructor(readonly every: number) {}

  take(): boolean {
    if (this.#left > 0) {
      this.#left--;
      return true;
    }
    return ++this.#passed % this.every === 0;
  }

  refill(): void {
    this.#left = A_SECOND;
  }
}

const tasks = new Sampler(EVERY_TASK);
const awaits = new Sampler(EVERY_AWAIT);

/** Records where tasks are created and where they wait, at a rate that a busy program can afford. */
const SAMPLED_SITES: SiteWatch = {
  created(object, constructor) {
    // Not futures: each operation of the library is one.
    if (constructor === Task && tasks.take()) keepCreation(object, constructor);
  },
  awaiting(future) {
    if (awaits.take()) noteAwait(future);
  },
};

let users = 0;
let stopWatching: () => void;
let refilling: ReturnType<typeof setInterval>;

/** Records places in all loops, for a time in seconds or until the returned function is called. */
export function recordSites(seconds: number): () => void {
  if (users++ === 0) {
    refilling = setInterval(() => {
      tasks.refill();
      awaits.refill();
    }, 1000);
    Deno.unrefTimer(refilling);
    stopWatching = watchSchedulers((scheduler) => {
      // Debug mode records all of them.
      scheduler.sites ??= SAMPLED_SITES;
    });
  }
  let isOver = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    if (--users > 0) return;
    clearInterval(refilling);
    stopWatching();
    for (const scheduler of openSchedulers()) {
      if (scheduler.sites === SAMPLED_SITES) scheduler.sites = null;
    }
  };
  const timer = setTimeout(end, Math.min(seconds * 1000, 2 ** 31 - 1));
  Deno.unrefTimer(timer);
  return end;
}
