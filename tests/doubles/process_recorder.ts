// Copyright 2026 the asyncio for Deno authors. MIT license.

import { kill } from "node:process";
import {
  currentTask,
  type EventLoop,
  Future,
  getRunningLoop,
  sleep,
  SubprocessProtocol,
  type SubprocessTransport,
} from "../../mod.ts";
import { textOf } from "./text.ts";

/** Writes down what the transport of a process calls, chunks of data but for the first of each pipe aside. */
export class ProcessRecorder extends SubprocessProtocol {
  readonly events: string[] = [];
  /** The output of each pipe. */
  readonly output: string[] = ["", "", ""];
  readonly exited: Future<void>;
  readonly lost: Future<Error | null>;
  /** A method that must not be called in a task was called in one. */
  isInTask = false;
  readonly #waiters = new Map<string, Future<void>>();

  constructor(options: { loop?: EventLoop } = {}) {
    super();
    this.exited = new Future(options);
    this.lost = new Future(options);
  }

  override connectionMade(_transport: SubprocessTransport): void {
    this.#happened("made");
  }

  override pipeDataReceived(fd: number, data: Uint8Array): void {
    const isFirst = this.output[fd] === "";
    this.output[fd] += textOf(data);
    if (isFirst) this.#happened(`data ${fd}`);
  }

  override pipeConnectionLost(fd: number, error: Error | null): void {
    this.#happened(`lost ${fd}${error === null ? "" : ` ${error.name}`}`);
  }

  override pauseWriting(): void {
    this.#happened("pause");
  }

  override resumeWriting(): void {
    this.#happened("resume");
  }

  override processExited(): void {
    if (!this.exited.done()) this.exited.setResult();
    this.#happened("exited");
  }

  override connectionLost(error: Error | null): void {
    this.lost.setResult(error);
    this.#happened("lost");
  }

  /** Waits until something was written down. */
  async happened(event: string): Promise<void> {
    if (this.events.includes(event)) return;
    const waiter = new Future<void>();
    this.#waiters.set(event, waiter);
    await waiter;
  }

  #happened(event: string): void {
    this.events.push(event);
    if (currentTask(getRunningLoop()) !== null) this.isInTask = true;
    this.#waiters.get(event)?.setResult();
    this.#waiters.delete(event);
  }
}

/** Whether there is such a process; one that has ended is there until its parent knows. */
export function isThere(pid: number): boolean {
  try {
    return kill(pid, 0);
  } catch {
    return false;
  }
}

/** Waits until there is no such process. */
export async function gone(pid: number): Promise<void> {
  while (isThere(pid)) await sleep(0.001);
}
