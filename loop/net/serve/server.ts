// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Task } from "../../core/task.ts";
import type { Closable } from "../stream/types.ts";
import { CancelledError } from "../../core/cancelled_error.ts";
import { RuntimeError } from "../../core/errors.ts";
import type { EventLoop } from "../../event_loop.ts";
import { fulfilled, Future } from "../../core/future.ts";
import { inspectAsText } from "../../core/inspection.ts";
import { callInline } from "../../core/inline_call.ts";
import { type Delay, secondsOf } from "../../core/validate.ts";
import { schedulerOf } from "../../core/scheduler.ts";
import { currentTaskState } from "../../core/task_state.ts";
// Type-only imports, so that importing the class loads no network code.
import type { Acceptor } from "./_acceptor.ts";

/** The server of a connection. */
interface Owner {
  ended(connection: ServerConnection): void;
  handledBy(handler: Task<unknown>): void;
}

const connections = new WeakMap<object, ServerConnection>();

/** Registers the task that handles the connection of a transport, if a server accepted it. */
export function setHandler(transport: object, handler: Task<unknown>): void {
  connections.get(transport)?.setHandler(handler);
}

/**
 * A connection of a server, from accept to its end. It is represented by a handshake, then by a transport, then by
 * the transport after an upgrade to TLS.
 */
export class ServerConnection implements Closable {
  /** The task that handles the connection; `null` if it has none of its own. */
  handler: Task<unknown> | null = null;
  readonly #owner: Owner;
  #current: Closable | null = null;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** Sets what represents the connection from now on. */
  replaceCurrent(current: Closable): void {
    this.#current = current;
    connections.set(current, this);
  }

  setHandler(handler: Task<unknown>): void {
    this.handler = handler;
    this.#owner.handledBy(handler);
  }

  /** Removes the connection from the server. */
  end(): void {
    this.#owner.ended(this);
  }

  close(): void {
    this.#current?.close();
  }

  abort(): void {
    this.#current?.abort();
  }
}

/** Starts an accepted connection. If it throws, the connection is closed. */
type OnAccepted = (conn: Deno.Conn, connection: ServerConnection) => void;

/** Creates a server. */
export let makeServer: <A extends Deno.Addr>(
  loop: EventLoop,
  acceptors: readonly Acceptor<A>[],
  onAccepted: OnAccepted,
) => Server<A>;

/**
 * A server, which accepts connections until it is closed and creates a protocol for each.
 *
 * `await using` closes the server at the end of the scope and waits for its connections to end. Clients that stay
 * connected delay it forever, and likewise the cancellation of {@linkcode Server.serveForever}. Call
 * {@linkcode Server.closeClients} or {@linkcode Server.abortClients} before the end of the scope, as in the second
 * example.
 *
 * @typeParam A The type of the addresses that the server listens at.
 *
 * @example Usage
 * ```ts
 * import { run, startServer } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   const server = await startServer((_reader, writer) => writer.close(), "127.0.0.1", 0);
 *   assertEquals(server.isServing(), true);
 *   server.close();
 *   await server.waitClosed();
 *   assertEquals(server.sockets, []);
 * });
 * ```
 *
 * @example Stop a server with connected clients
 * ```ts
 * import { createTask, Future, openConnection, run, startServer, wait } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * async function serve(address: Future<Deno.NetAddr>): Promise<void> {
 *   await using server = await startServer((_, writer) => {
 *     writer.write("welcome\n");
 *   }, "127.0.0.1", 0);
 *   address.setResult(server.sockets[0]!.addr);
 *   try {
 *     await new Future<never>(); // until the task is cancelled, by Ctrl-C for instance
 *   } finally {
 *     server.close();
 *     server.closeClients(); // what was written is still sent
 *     await wait([server.waitClosed()], { timeout: 5 });
 *     server.abortClients(); // those that do not take it
 *   }
 * }
 *
 * await run(async () => {
 *   const address = new Future<Deno.NetAddr>();
 *   const task = createTask(() => serve(address));
 *   const { hostname, port } = await address;
 *   const [reader, writer] = await openConnection(hostname, port);
 *   await reader.readLine();
 *   task.cancel();
 *   await wait([task]);
 *   assertEquals(task.cancelled(), true);
 *   assertEquals((await reader.read()).length, 0);
 *   writer.close();
 * });
 * ```
 *
 * @category Servers
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.Server}
 */
export class Server<A extends Deno.Addr = Deno.Addr>
  implements AsyncDisposable {
  readonly #loop: EventLoop;
  readonly #acceptors: readonly Acceptor<A>[];
  readonly #onAccepted: OnAccepted;
  readonly #connections = new Set<ServerConnection>();
  /** The tasks that handle connections, some of which may have ended. */
  readonly #handlers = new Set<Task<unknown>>();
  /** The handlers that a drain has cancelled. */
  readonly #cancelled = new WeakSet<Task<unknown>>();
  /** Called when a handler or a connection ends. */
  readonly #drains = new Set<() => void>();
  #isServing = false;
  #isClosed = false;
  #forever: Future<never> | null = null;
  /** The number of listeners that have not released their port. */
  #holding: number;
  readonly #waiters = new Set<Future<void>>();

  static {
    makeServer = (...args) => new Server(...args);
    inspectAsText(this);
  }

  /**
   * Use `loop.createServer()` to create a server.
   *
   * @ignore
   */
  private constructor(
    loop: EventLoop,
    acceptors: readonly Acceptor<A>[],
    onAccepted: OnAccepted,
  ) {
    this.#loop = loop;
    this.#acceptors = acceptors;
    this.#onAccepted = onAccepted;
    this.#holding = acceptors.length;
  }

  /** The listeners; empty once the server is closed. */
  get sockets(): readonly Deno.Listener<Deno.Conn, A>[] {
    if (this.#isClosed) return [];
    return this.#acceptors.map(({ listener }) => listener);
  }

  /**
   * Returns the loop that the server belongs to.
   *
   * @returns The loop.
   */
  getLoop(): EventLoop {
    return this.#loop;
  }

  /**
   * Describes the server: its addresses, and its state.
   *
   * @returns The description.
   */
  toString(): string {
    if (this.#isClosed) return "<Server closed>";
    const places = this.#acceptors.map(({ place }) => place);
    return `<Server ${places.join(" ")} ${
      this.#isServing ? "serving" : "idle"
    }>`;
  }

  /**
   * Returns whether the server accepts connections.
   *
   * @returns `true` if it accepts connections.
   */
  isServing(): boolean {
    return this.#isServing;
  }

  /**
   * Starts accepting connections, unless the server does already. Never waits, so it cannot be cancelled.
   *
   * @returns A completed future.
   * @throws {RuntimeError} If the server is closed.
   */
  startServing(): Future<void> {
    this.#assertOpen();
    this.#startServing();
    return fulfilled(schedulerOf(this.#loop), undefined);
  }

  /**
   * Accepts connections until the awaiting task is cancelled, which closes the server.
   *
   * On cancellation, it waits until every connection has ended before the `CancelledError` is thrown. A `finally`
   * around it is therefore too late for {@linkcode Server.closeClients}. If clients may stay connected, call that
   * elsewhere, or wait for something else, as in the second example of the class.
   *
   * @returns A future that never succeeds. It fails with a `CancelledError`, also when the server is closed.
   * @throws {RuntimeError} If the server is closed, or `serveForever()` is running already.
   */
  serveForever(): Future<never> {
    if (this.#forever !== null) {
      throw new RuntimeError(
        "Cannot serve forever as another serveForever() is awaited",
      );
    }
    this.#assertOpen();
    this.#startServing();
    const forever = new Future<never>({ loop: this.#loop });
    this.#forever = forever;
    return this.#call("serveForever()", async () => {
      try {
        return await forever;
      } catch (error) {
        if (error instanceof CancelledError) {
          this.close();
          await this.waitClosed();
        }
        throw error;
      } finally {
        this.#forever = null;
      }
    });
  }

  /** Stops accepting connections and releases the port. Open connections stay open. A second call is a no-op. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isServing = false;
    for (const acceptor of this.#acceptors) {
      acceptor.close(() => this.#released());
    }
    this.#forever?.cancel();
  }

  /**
   * Shuts the server down in an orderly way: closes it to new connections, as {@linkcode Server.close} does, and waits
   * until the handlers of the open ones have ended, which it cancels when the time is up. It ends as soon as the last
   * handler has, and then closes the connections that are still open after sending their buffered data.
   *
   * A handler is the task that `startServer()` runs for a connection. The protocols of `loop.createServer()` have none:
   * it waits for the end of their connections, and aborts those that are open when the time is up. A handler may
   * call it: it does not wait for the task that calls it.
   *
   * If it is cancelled, it cancels the handlers at once and waits for them. It may be called again, with another delay:
   * the shortest counts, and no handler is cancelled twice.
   *
   * @param delay The time for the handlers to finish, in seconds or as a `Temporal.Duration`; `null` for any time.
   * @returns A future that is done when the last handler has ended.
   * @throws {TypeError} If the delay is not a number, a duration or `null`.
   *
   * @example Usage
   * ```ts
   * import { openConnection, run, startServer } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const server = await startServer(async (reader, writer) => {
   *     writer.write(await reader.readLine());
   *     writer.close();
   *   }, "127.0.0.1", 0);
   *   const { hostname, port } = server.sockets[0]!.addr;
   *   const [reader, writer] = await openConnection(hostname, port);
   *   writer.write("last order\n");
   *   await server.drain(5);
   *   assertEquals(await reader.readText(), "last order\n");
   *   writer.close();
   * });
   * ```
   */
  drain(delay: Delay | null): Future<void> {
    const seconds = delay === null
      ? Infinity
      : secondsOf("drain", "delay", delay);
    this.close();
    const caller = currentTaskState()?.owner.task ?? null;
    return this.#call("drain()", () => this.#drain(seconds, caller));
  }

  /** Closes every open connection after sending its buffered data. */
  closeClients(): void {
    for (const connection of [...this.#connections]) connection.close();
  }

  /** Closes every open connection immediately. */
  abortClients(): void {
    for (const connection of [...this.#connections]) connection.abort();
  }

  /**
   * Waits until the server is closed, its port is free again, and all its connections have ended.
   *
   * Cancellation ends only the wait.
   *
   * @returns A future that completes then.
   */
  waitClosed(): Future<void> {
    const future = new Future<void>({ loop: this.#loop });
    if (this.#isOver()) {
      future.setResult();
    } else {
      this.#waiters.add(future);
      future.addDoneCallback(() => this.#waiters.delete(future));
    }
    return future;
  }

  /** Closes the server and waits as {@linkcode Server.waitClosed} does. */
  [Symbol.asyncDispose](): Future<void> {
    this.close();
    return this.waitClosed();
  }

  #call<T>(method: string, fn: () => Promise<T>): Future<T> {
    return callInline(schedulerOf(this.#loop), `Server.${method}`, fn);
  }

  #assertOpen(): void {
    if (this.#isClosed) {
      throw new RuntimeError("Cannot serve as the server is closed");
    }
  }

  #startServing(): void {
    if (this.#isServing) return;
    this.#isServing = true;
    for (const acceptor of this.#acceptors) {
      acceptor.start((conn) => this.#serveConnection(conn));
    }
  }

  /** Starts an accepted connection, in a step and in the callback context. */
  #serveConnection(conn: Deno.Conn): void {
    const connection = new ServerConnection({
      ended: (connection) => this.#onConnectionEnded(connection),
      handledBy: (handler) => this.#onHandler(handler),
    });
    this.#connections.add(connection);
    try {
      this.#onAccepted(conn, connection);
    } catch (exception) {
      conn.close();
      this.#onConnectionEnded(connection);
      schedulerOf(this.#loop).report({
        message: "The protocol factory of a server failed",
        exception,
      });
    }
  }

  #onConnectionEnded(connection: ServerConnection): void {
    this.#connections.delete(connection);
    this.#wakeIfOver();
    this.#wakeDrains();
  }

  #onHandler(handler: Task<unknown>): void {
    this.#handlers.add(handler);
    handler.addDoneCallback(() => {
      this.#handlers.delete(handler);
      this.#wakeDrains();
    });
  }

  #wakeDrains(): void {
    for (const wake of this.#drains) wake();
  }

  async #drain(seconds: number, caller: object | null): Promise<void> {
    const timer = seconds === Infinity
      ? null
      : this.#loop.callLater(seconds, () => this.#cancelHandlers(caller));
    let cancellation: CancelledError | null = null;
    while (this.#isHandling(caller)) {
      try {
        await this.#handlingChanged();
      } catch (error) {
        if (!(error instanceof CancelledError)) throw error;
        cancellation ??= error;
        this.#cancelHandlers(caller);
      }
    }
    timer?.cancel();
    for (const connection of [...this.#connections]) {
      if (connection.handler !== caller) connection.close();
    }
    if (cancellation !== null) throw cancellation;
  }

  /** Whether a task other than the caller, or a protocol, still handles a connection. */
  #isHandling(caller: object | null): boolean {
    for (const handler of this.#handlers) if (handler !== caller) return true;
    for (const { handler } of this.#connections) {
      if (handler === null) return true;
    }
    return false;
  }

  #handlingChanged(): Future<void> {
    const changed = new Future<void>({ loop: this.#loop });
    const wake = () => changed.done() || changed.setResult();
    this.#drains.add(wake);
    changed.addDoneCallback(() => this.#drains.delete(wake));
    return changed;
  }

  /** Cancels the handlers, each once, and aborts the connections that have none. */
  #cancelHandlers(caller: object | null): void {
    for (const handler of [...this.#handlers]) {
      if (handler === caller || this.#cancelled.has(handler)) continue;
      this.#cancelled.add(handler);
      handler.cancel();
    }
    for (const connection of [...this.#connections]) {
      if (connection.handler === null) connection.abort();
    }
  }

  #released(): void {
    this.#holding--;
    this.#wakeIfOver();
  }

  #isOver(): boolean {
    return this.#isClosed && this.#holding === 0 &&
      this.#connections.size === 0;
  }

  #wakeIfOver(): void {
    if (!this.#isOver()) return;
    for (const waiter of this.#waiters) {
      if (!waiter.done()) waiter.setResult();
    }
    this.#waiters.clear();
  }
}
