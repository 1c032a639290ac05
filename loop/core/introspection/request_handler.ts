// Copyright 2026 the asyncio for Deno authors. MIT license.

import { keepCreation, noteAwait } from "./source_stacks.ts";
import { openSchedulers, watchSchedulers } from "../scheduler.ts";
import { Task } from "../task.ts";
import type { SiteWatch } from "../inspection.ts";
import { cancelWith } from "../_relay.ts";
import type { Future } from "../future.ts";
import { textAt } from "../unknown_value.ts";
import { printable, snapshotParts } from "./snapshot.ts";
import {
  type Program,
  PROTOCOL_VERSION,
  type Reply,
  type Request,
} from "./protocol.ts";
import { StepMonitor, traceParts } from "./tracer.ts";

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

/** The maximum time that a viewer can ask for, in seconds. */
const MAX_SECONDS = 600;
/** A debugger does not tell when its viewer was killed: after this time without a request, in milliseconds, it was. */
const MAX_SILENCE = 30_000;

/** Answers the requests of one viewer. Its measurements end with it. */
export class RequestHandler {
  readonly #allowCancel: boolean;
  #monitor: StepMonitor | null = null;
  #endSites: (() => void) | null = null;

  constructor(allowCancel: boolean) {
    this.#allowCancel = allowCancel;
  }

  close(): void {
    this.#monitor?.close();
    this.#endSites?.();
    this.#monitor = this.#endSites = null;
  }

  /** Answers a request. Never rejects: the last reply is a result or an error. */
  async *answer(request: Request): AsyncGenerator<Reply, void> {
    try {
      yield* this.#handle(request);
    } catch (error) {
      yield { id: request.id, error: printable(textAt(error, "message")) };
    }
  }

  async *#handle(request: Request): AsyncGenerator<Reply, void> {
    const { id } = request;
    let result: unknown = null;
    switch (request.method) {
      case "hello":
        result = describeProgram(this.#allowCancel);
        break;
      case "snapshot":
        for await (const part of snapshotParts(limitOf(request))) {
          yield { id, part };
        }
        break;
      case "statistics":
        this.#monitor ??= new StepMonitor();
        result = this.#monitor.read();
        break;
      case "trace":
        for await (const part of traceParts(secondsOf(request))) {
          yield { id, part };
        }
        break;
      case "sites": {
        const end = recordSites(secondsOf(request));
        this.#endSites?.();
        this.#endSites = end;
        break;
      }
      case "cancel":
        result = this.#cancel(request.task);
        break;
      default:
        throw new RangeError("There is no such method");
    }
    yield { id, result };
  }

  #cancel(id: number | undefined): boolean {
    if (!this.#allowCancel) {
      throw new Error(
        "Cannot cancel tasks as the program does not allow it: inspect({ allowCancel: true })",
      );
    }
    const state = openSchedulers().flatMap((each) => each.unfinished())
      .find((each) => each.order === id);
    if (state === undefined) throw new RangeError("The task has ended");
    return cancelWith(state.task as Future<unknown>, "cancelled by a viewer");
  }
}

/** A viewer that asks through Deno's debugger, one reply at a time. */
export class DebuggerSession {
  readonly #handler = new RequestHandler(false);
  readonly #onSilence: () => void;
  #replies: AsyncGenerator<Reply, void> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onSilence: () => void) {
    this.#onSilence = onSilence;
    this.#listen();
  }

  /** Begins to answer a request; its replies are taken one by one. */
  ask(request: Request): Promise<string> {
    this.#abandon();
    this.#replies = this.#handler.answer(request);
    return this.next();
  }

  /** Returns the next reply as JSON. */
  async next(): Promise<string> {
    this.#listen();
    const { value } = await this.#replies!.next();
    return JSON.stringify(value);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#abandon();
    this.#handler.close();
  }

  #abandon(): void {
    this.#replies?.return();
    this.#replies = null;
  }

  #listen(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.close();
      this.#onSilence();
    }, MAX_SILENCE);
    Deno.unrefTimer(this.#timer);
  }
}

function limitOf({ limit }: Request): { limit?: number } {
  return typeof limit === "number" ? { limit } : {};
}

function secondsOf({ seconds }: Request): number {
  if (typeof seconds === "number" && seconds > 0 && seconds <= MAX_SECONDS) {
    return seconds;
  }
  throw new RangeError(`The seconds must be more than 0, up to ${MAX_SECONDS}`);
}

/** Returns the number of tasks that are not done. */
export function countTasks(): number {
  return openSchedulers().flatMap((each) => each.unfinished())
    .filter((each) => each.caller == null).length;
}

function describeProgram(allowCancel: boolean): Program {
  return {
    protocol: PROTOCOL_VERSION,
    pid: Deno.pid,
    main: mainModule(),
    started: Math.round(performance.timeOrigin),
    deno: Deno.version.deno,
    allowCancel,
    tasks: countTasks(),
  };
}

function mainModule(): string | null {
  try {
    return printable(Deno.mainModule);
  } catch {
    // That takes a permission to read.
    return null;
  }
}
