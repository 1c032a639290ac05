// Copyright 2026 the asyncio for Deno authors. MIT license.

import { cancelWith } from "../loop/core/_relay.ts";
import type { Future } from "../loop/core/future.ts";
import { printable } from "../loop/core/introspection/printable.ts";
import { snapshotParts } from "../loop/core/introspection/snapshot.ts";
import { openSchedulers } from "../loop/core/scheduler.ts";
import type { TaskState } from "../loop/core/task_state.ts";
import { textAt } from "../loop/core/unknown_value.ts";
import { isSameToken, keepAlive } from "./_endpoint.ts";
import {
  MAX_REQUEST,
  type Program,
  PROTOCOL_VERSION,
  type Reply,
  type Request,
} from "./_protocol.ts";
import { recordSites } from "./_sites.ts";
import { StepMonitor } from "./_step_monitor.ts";
import { traceParts } from "./_tracer.ts";

/** How long, in milliseconds, a viewer may take to read a reply. */
const MAX_STALL = 10_000;
/** The maximum time that a viewer can ask for, in seconds. */
const MAX_SECONDS = 600;

/** The parts of the program that a session needs. */
export interface SessionOptions {
  readonly token: string | null;
  readonly allowCancel: boolean;
}

/** A viewer that is connected. Whatever it does, or fails to do, ends this session alone. */
export class ViewerSession {
  readonly #conn: Deno.Conn;
  readonly #options: SessionOptions;
  readonly #encoder = new TextEncoder();
  readonly #ending: (() => void)[] = [];
  #monitor: StepMonitor | null = null;
  #isTrusted: boolean;
  #isClosed = false;

  constructor(conn: Deno.Conn, options: SessionOptions) {
    this.#conn = conn;
    this.#options = options;
    this.#isTrusted = options.token === null;
  }

  /** Answers requests until the viewer leaves. Never rejects. */
  async run(): Promise<void> {
    try {
      for await (const line of this.#lines()) {
        if (!await this.#answer(line)) break;
      }
    } catch {
      // The connection broke, or the viewer does not read.
    } finally {
      this.close();
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#monitor?.close();
    for (const end of this.#ending) end();
    try {
      keepAlive(this.#conn, true);
      this.#conn.close();
    } catch {
      // It is closed.
    }
  }

  async *#lines(): AsyncGenerator<string, void> {
    const decoder = new TextDecoder();
    const memory = new Uint8Array(MAX_REQUEST);
    let text = "";
    for (let count; (count = await this.#conn.read(memory)) !== null;) {
      text += decoder.decode(memory.subarray(0, count), { stream: true });
      const lines = text.split("\n");
      text = lines.pop()!;
      yield* lines;
      if (text.length > MAX_REQUEST) return;
    }
  }

  /** Answers a request; returns whether the viewer may ask more. */
  async #answer(line: string): Promise<boolean> {
    const request = requestIn(line);
    if (request === null) return false;
    const { token } = this.#options;
    this.#isTrusted ||= isSameToken(request.token, token!);
    if (!this.#isTrusted) return false;
    let result: unknown;
    try {
      result = await this.#handle(request);
    } catch (error) {
      if (this.#isClosed) return false;
      const message = printable(textAt(error, "message"));
      await this.#send({ id: request.id, error: message });
      return true;
    }
    await this.#send({ id: request.id, result });
    return true;
  }

  async #handle(request: Request): Promise<unknown> {
    switch (request.method) {
      case "hello":
        return program(this.#options);
      case "snapshot":
        for await (const part of snapshotParts(limitOf(request))) {
          await this.#send({ id: request.id, part });
        }
        return null;
      case "statistics":
        this.#monitor ??= new StepMonitor();
        return this.#monitor.read();
      case "trace":
        for await (const part of traceParts(secondsOf(request))) {
          if (this.#isClosed) return null;
          await this.#send({ id: request.id, part });
        }
        return null;
      case "sites":
        this.#ending.push(recordSites(secondsOf(request)));
        return null;
      case "cancel":
        return this.#cancel(request.task);
      default:
        throw new RangeError("There is no such method");
    }
  }

  #cancel(id: number | undefined): boolean {
    if (!this.#options.allowCancel) {
      throw new Deno.errors.PermissionDenied(
        "Cannot cancel tasks as the program does not allow it: inspect({ allowCancel: true })",
      );
    }
    const state = openSchedulers().flatMap((each) => each.unfinished())
      .find((each) => each.order === id);
    if (state === undefined) throw new RangeError("The task has ended");
    return cancelWith(state.task as Future<unknown>, "cancelled by a viewer");
  }

  /** Writes a reply. A viewer that does not read it is cut off: what is to be sent must not pile up. */
  async #send(reply: Reply): Promise<void> {
    const bytes = this.#encoder.encode(`${JSON.stringify(reply)}\n`);
    const timer = setTimeout(() => this.close(), MAX_STALL);
    Deno.unrefTimer(timer);
    try {
      for (let sent = 0; sent < bytes.length;) {
        sent += await this.#conn.write(bytes.subarray(sent));
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

function requestIn(line: string): Request | null {
  let request: unknown;
  try {
    request = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof request !== "object" || request === null) return null;
  const { id, method } = request as Partial<Request>;
  return Number.isInteger(id) && typeof method === "string"
    ? request as Request
    : null;
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

function program({ allowCancel }: SessionOptions): Program {
  const states = openSchedulers().flatMap((each): TaskState[] =>
    each.unfinished()
  );
  return {
    protocol: PROTOCOL_VERSION,
    pid: Deno.pid,
    main: mainModule(),
    started: Math.round(performance.timeOrigin),
    deno: Deno.version.deno,
    allowCancel,
    tasks: states.filter((each) => each.caller == null).length,
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
