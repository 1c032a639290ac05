// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  CancelledError,
  CancelScope,
  ExceptionGroup,
  getRunningLoop,
  Queue,
  shielded,
  sleep,
  type TaskGroup,
  taskGroup,
} from "../../mod.ts";
import { inVirtualTime } from "../../testing/mod.ts";
import type { Step } from "./program.ts";

/** How long a program may take: not all of them end by themselves. */
const LIMIT = 1000;

/** Runs a program with this library. Returns what happened, and when. */
export async function interpret(program: readonly Step[]): Promise<string[]> {
  const trace: string[] = [];
  await inVirtualTime(() => new Interpreter(trace).run(program))();
  return trace;
}

class Interpreter {
  readonly #trace: string[];
  readonly #begin = getRunningLoop().time();
  readonly #scopes = new Map<number, CancelScope>();
  readonly #queue = new Queue<number>(2);

  constructor(trace: string[]) {
    this.#trace = trace;
  }

  async run(program: readonly Step[]): Promise<void> {
    const scope = new CancelScope({
      deadline: this.#begin + LIMIT,
      persistent: true,
    });
    try {
      await scope.run(() => this.#all(program, null));
    } catch (error) {
      this.#log(`failed: ${namesIn(error)}`);
    }
    this.#log(`end, ${scope.caught}`);
  }

  #log(what: string): void {
    const time = getRunningLoop().time() - this.#begin;
    this.#trace.push(`${time.toFixed(6)} ${what}`);
  }

  async #all(steps: readonly Step[], group: TaskGroup | null): Promise<void> {
    for (const step of steps) await this.#one(step, group);
  }

  async #one(step: Step, group: TaskGroup | null): Promise<void> {
    switch (step.do) {
      case "sleep":
        return await sleep(step.for);
      case "log":
        return this.#log(`log ${step.id}`);
      case "fail":
        throw new Error(`error ${step.id}`);
      // Trio looks for a cancellation at every call that may wait; this library, where it does wait.
      case "put":
        await sleep(0);
        await this.#queue.put(step.id);
        this.#log(`put ${step.id}`);
        return await sleep(step.for);
      case "get":
        await sleep(0);
        this.#log(`got ${await this.#queue.get()}`);
        return await sleep(step.for);
      case "scope":
        return await this.#scope(step, group);
      case "cancel":
        this.#scopes.get(step.scope)?.cancel();
        return await sleep(step.for);
      case "cleaned":
        try {
          await this.#all(step.steps, group);
        } finally {
          await shielded(() => sleep(step.for));
          this.#log(`cleaned ${step.id}`);
        }
        return;
      case "group":
        return await this.#group(step);
      case "start":
        return await this.#start(step, group!);
    }
  }

  async #scope(
    { id, after, shield, steps }: Step & { do: "scope" },
    group: TaskGroup | null,
  ): Promise<void> {
    const scope = new CancelScope({
      deadline: after === null ? null : getRunningLoop().time() + after,
      shield,
      persistent: true,
    });
    this.#scopes.set(id, scope);
    await scope.run(() => this.#all(steps, group));
    this.#log(`scope ${id} ${scope.cancelled} ${scope.caught}`);
  }

  async #group({ id, tasks, steps }: Step & { do: "group" }): Promise<void> {
    try {
      await taskGroup(async (group) => {
        for (const each of tasks) group.createTask(() => this.#all(each, null));
        await this.#all(steps, group);
        await sleep(0);
      });
    } catch (error) {
      if (error instanceof CancelledError) throw error;
      this.#log(`group ${id} failed: ${namesIn(error)}`);
      // A cancellation that the errors displaced is thrown here.
      await sleep(0);
    }
    this.#log(`group ${id}`);
  }

  async #start(
    { id, before, after, says }: Step & { do: "start" },
    group: TaskGroup,
  ): Promise<void> {
    // A group that is shutting down starts nothing here, as in asyncio.
    await sleep(0);
    try {
      const value = await group.start<number>(async (started) => {
        await this.#all(before, null);
        if (!says) return;
        started(id);
        await this.#all(after, null);
        this.#log(`task ${id} ends`);
      });
      this.#log(`started ${value}`);
    } catch (error) {
      if (error instanceof CancelledError) throw error;
      this.#log(`start ${id} failed: ${namesIn(error)}`);
      await sleep(0);
    }
  }
}

/** The messages of the errors of a group; of this library's own errors, the names. */
function namesIn(error: unknown): string {
  return leavesOf(error)
    .map((each) => each.name === "Error" ? each.message : each.name)
    .sort().join(", ");
}

function leavesOf(error: unknown): Error[] {
  return error instanceof ExceptionGroup
    ? error.exceptions.flatMap(leavesOf)
    : [error as Error];
}
