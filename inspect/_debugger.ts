// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Reply, Request } from "../loop/core/introspection/protocol.ts";
import { OS } from "../loop/core/runtime.ts";
import { Client, type Link, replyIn } from "./_client.ts";
import { ENDING } from "./_ending_signals.ts";

/** The first of the ports that Deno's debugger may have. */
const FIRST_PORT = 9229;
const PORTS = 10;
/** How often it is looked for the debugger, and how long, in milliseconds. */
const POLL = 50;
const PATIENCE = 5000;
/** Deno handles SIGUSR1 half a second after it has started; its debugger closes at once. */
const GRACE = 1000;
/** How long the program may take to answer. */
const MAX_SECONDS = 30;

/** A value of the program, as the debugger describes it. */
interface RemoteValue {
  readonly value?: unknown;
  readonly objectId?: string;
}

/** A debugger that listens. */
interface Listing {
  readonly title: string;
  readonly webSocketDebuggerUrl: string;
}

/** Connects to a program that did not call `inspect()`, through Deno's debugger, which is closed again at the end. */
export async function connectThroughDebugger(pid: number): Promise<Client> {
  const present = await debuggerOf(pid);
  if (present === null) {
    await assertCanOpen(pid);
    Deno.kill(pid, "SIGUSR1");
  }
  const address = present ?? await untilOpen(pid);
  if (!hasSaid) {
    hasSaid = true;
    console.error(
      present === null
        ? `Process ${pid} did not call inspect(): Deno's debugger is opened in it, which gives all users of this machine full access to the program until this viewer ends`
        : `Process ${pid} did not call inspect(): its debugger, which is open, is used`,
    );
  }
  const session = await DebuggerSocket.open(address);
  const link = new DebuggerLink(session, pid, present === null);
  try {
    await link.begin();
  } catch (error) {
    await link[Symbol.asyncDispose]();
    throw error;
  }
  return await Client.begin(link, null);
}

/** Whether it was said that a debugger is used: `top` may connect again. */
let hasSaid = false;

async function untilOpen(pid: number): Promise<string> {
  for (let waited = 0; waited < PATIENCE; waited += POLL) {
    await new Promise((resolve) => setTimeout(resolve, POLL));
    const address = await debuggerOf(pid);
    if (address !== null) return address;
  }
  throw new Error(
    `The debugger of process ${pid} does not open: a step may be computing, or port ${FIRST_PORT} is in use`,
  );
}

/** Returns the address of the debugger of a process, if that is open. */
async function debuggerOf(pid: number): Promise<string | null> {
  const ports = Array.from({ length: PORTS }, (_, i) => FIRST_PORT + i);
  const all = await Promise.all(ports.map(listingsAt));
  const found = all.flat().find(({ title }) => title.includes(`[pid: ${pid}]`));
  return found?.webSocketDebuggerUrl ?? null;
}

async function listingsAt(port: number): Promise<Listing[]> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/json/list`);
    const listings: unknown = await response.json();
    return Array.isArray(listings)
      ? listings.filter((each) =>
        typeof each?.title === "string" &&
        // Another server may be there.
        /^ws:\/\/127\.0\.0\.1:\d+\//.test(each.webSocketDebuggerUrl)
      )
      : [];
  } catch {
    return [];
  }
}

/** Throws unless SIGUSR1 opens the debugger of a process: others would be killed by it. */
async function assertCanOpen(pid: number): Promise<void> {
  const refused = (why: string) =>
    new Error(
      `Process ${pid} cannot be inspected: it did not call inspect(), and ${why}`,
    );
  if (OS === "windows") {
    throw refused("Deno's debugger cannot be opened from outside on Windows");
  }
  const command = await commandOf(pid);
  if (command === null) throw new Error(`There is no process ${pid}`);
  if (!/(^|\/)deno( \(deleted\))?$/.test(command)) {
    throw refused("it is not Deno");
  }
  if (OS !== "linux") return;
  for (let waited = 0; !await handlesSignal(pid); waited += POLL) {
    if (waited >= GRACE) {
      throw refused("it does not handle SIGUSR1: is it Deno 2.9.2 or later?");
    }
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
}

/** Returns the path or name of the program that a process runs; `null` if there is no such process. */
async function commandOf(pid: number): Promise<string | null> {
  if (OS === "linux") {
    try {
      return await Deno.readLink(`/proc/${pid}/exe`);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
  }
  const { stdout } = await new Deno.Command("ps", {
    args: ["-o", "comm=", "-p", String(pid)],
  }).output();
  return new TextDecoder().decode(stdout).trim() || null;
}

async function handlesSignal(pid: number): Promise<boolean> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const [, caught = "0"] = /^SigCgt:\s*([0-9a-f]+)/m.exec(status) ?? [];
  return ((BigInt(`0x${caught}`) >> 9n) & 1n) === 1n; // SIGUSR1 is 10
}

/** A connection to a debugger. */
class DebuggerSocket {
  readonly #socket: WebSocket;
  readonly #pending = new Map<
    number,
    PromiseWithResolvers<Record<string, unknown>>
  >();
  #requests = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#onMessage(data);
    socket.onclose = () => this.#fail();
    socket.onerror = () => this.#fail();
  }

  static async open(address: string): Promise<DebuggerSocket> {
    const socket = new WebSocket(address);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () =>
        reject(new Error("The debugger refuses the connection"));
    });
    return new DebuggerSocket(socket);
  }

  /** Evaluates an expression in the program, and returns the id of the object that it gives. */
  async open(expression: string): Promise<string> {
    const { objectId } = await this.evaluate(expression);
    if (objectId === undefined) throw new Error("The debugger gives no object");
    return objectId;
  }

  /** Calls a method of an object in the program, and returns the text that it gives. */
  async call(
    objectId: string,
    method: string,
    argument?: unknown,
  ): Promise<string> {
    const { value } = await this.#run("Runtime.callFunctionOn", {
      objectId,
      functionDeclaration:
        "function (method, argument) { return this[method](argument); }",
      arguments: [{ value: method }, { value: argument }],
      returnByValue: true,
    });
    return String(value);
  }

  evaluate(expression: string): Promise<RemoteValue> {
    return this.#run("Runtime.evaluate", { expression });
  }

  async #run(
    method: string,
    params: Record<string, unknown>,
  ): Promise<RemoteValue> {
    const { result, exceptionDetails } = await this.#request(method, {
      ...params,
      awaitPromise: true,
    }) as {
      result: RemoteValue;
      exceptionDetails?: {
        exception?: { value?: unknown; description?: string };
      };
    };
    if (exceptionDetails === undefined) return result;
    const { value, description = "it failed" } = exceptionDetails.exception ??
      {};
    throw new Error(
      typeof value === "string"
        ? value
        : `In the program: ${description.split("\n")[0]}`,
    );
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.onclose = () => resolve();
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    this.#socket.close();
    await promise;
  }

  async #request(
    method: string,
    params: Record<string, unknown>,
  ): Promise<Record<string, unknown>> {
    // It drops what is sent after its end.
    if (this.#socket.readyState !== WebSocket.OPEN) {
      throw new Error("The program is gone");
    }
    const id = ++this.#requests;
    const answer = Promise.withResolvers<Record<string, unknown>>();
    this.#pending.set(id, answer);
    this.#socket.send(JSON.stringify({ id, method, params }));
    const timer = setTimeout(
      () => answer.reject(new Error("The program does not answer")),
      MAX_SECONDS * 1000,
    );
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      this.#pending.delete(id);
    }
  }

  #onMessage(data: unknown): void {
    const { id, result, error } = JSON.parse(String(data));
    const answer = this.#pending.get(id);
    if (error === undefined) answer?.resolve(result);
    else answer?.reject(new Error(String(error.message)));
  }

  #fail(): void {
    for (const { reject } of this.#pending.values()) {
      reject(new Error("The program is gone"));
    }
  }
}

/** Runs in the program: opens a session with the copy of the library that has the most tasks. */
const OPEN = `(async (closesDebugger) => {
  const copies = globalThis[Symbol.for("asyncio.inspection")] ?? [];
  const modules = await Promise.all(copies.map((load) => load()));
  const [best] = modules.toSorted((a, b) => b.countTasks() - a.countTasks());
  if (best === undefined) throw "The program does not use the library";
  const close = () => process.getBuiltinModule("node:inspector").close();
  return new best.DebuggerSession(closesDebugger ? close : () => {});
})`;

/** Asks a program through its debugger. */
class DebuggerLink implements Link {
  readonly #session: DebuggerSocket;
  readonly #pid: number;
  readonly #closesDebugger: boolean;
  /** The session in the program, by its id in the debugger. */
  #remote = "";
  #closing: Promise<void> | null = null;
  /** Closes the debugger before a signal ends the viewer. */
  readonly #end = async () => {
    await this[Symbol.asyncDispose]();
    Deno.exit(1);
  };

  constructor(session: DebuggerSocket, pid: number, closesDebugger: boolean) {
    this.#session = session;
    this.#pid = pid;
    this.#closesDebugger = closesDebugger;
    for (const signal of ENDING) Deno.addSignalListener(signal, this.#end);
  }

  async begin(): Promise<void> {
    this.#remote = await this.#session.open(
      `${OPEN}(${this.#closesDebugger})`,
    );
  }

  async *replies(request: Request): AsyncGenerator<Reply, void> {
    let method = "ask";
    while (true) {
      const text = await this.#session.call(this.#remote, method, request);
      yield replyIn(text);
      method = "next";
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    for (const signal of ENDING) Deno.removeSignalListener(signal, this.#end);
    try {
      if (this.#remote !== "") await this.#session.call(this.#remote, "close");
      if (this.#closesDebugger) await this.#session.evaluate(CLOSE);
    } catch {
      // The program has ended.
    }
    await this.#session.close();
    if (!this.#closesDebugger) return;
    for (let waited = 0; waited < GRACE; waited += POLL) {
      if (await debuggerOf(this.#pid) === null) return;
      await new Promise((resolve) => setTimeout(resolve, POLL));
    }
    console.error(`The debugger of process ${this.#pid} does not close`);
  }
}

/** Runs in the program: closes its debugger after the answer has left. */
const CLOSE = `(() => {
  setTimeout(() => process.getBuiltinModule("node:inspector").close(), 50);
})()`;
