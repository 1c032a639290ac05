// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError } from "../../core/cancelled_error.ts";
import { RuntimeError } from "../../core/errors.ts";
import type { EventLoop } from "../../event_loop.ts";
import { fulfilled, Future } from "../../core/future.ts";
import { callInline } from "../../core/inline_call.ts";
import { schedulerOf } from "../../core/scheduler.ts";
import { ServerConnection } from "../stream/server_connection.ts";
// Of types only, so that whoever imports the class loads no network code.
import type { Acceptor } from "./_acceptor.ts";

/** Has what was accepted become a connection that the program sees; on throwing it is closed. */
type OnAccepted = (conn: Deno.Conn, connection: ServerConnection) => void;

/** Makes a server: `loop.createServer()` does. */
export let makeServer: <A extends Deno.Addr>(
  loop: EventLoop,
  acceptors: readonly Acceptor<A>[],
  onAccepted: OnAccepted,
) => Server<A>;

/**
 * A server: it accepts connections until it is closed, and gives each a protocol of its own.
 *
 * `await using` closes it at the end of the scope and waits for its end, which includes the end of
 * its connections: it may wait for ever for a client that stays, and so may
 * {@linkcode Server.serveForever} when it is cancelled. {@linkcode Server.closeClients} and
 * {@linkcode Server.abortClients} before the end of the scope see to that, as in the second example.
 *
 * @typeParam A The type of the addresses that it listens at.
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
 * @example A server that stops although clients would stay
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
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.Server}
 */
export class Server<A extends Deno.Addr = Deno.Addr>
  implements AsyncDisposable {
  readonly #loop: EventLoop;
  readonly #acceptors: readonly Acceptor<A>[];
  readonly #onAccepted: OnAccepted;
  readonly #connections = new Set<ServerConnection>();
  #isServing = false;
  #isClosed = false;
  #forever: Future<never> | null = null;
  /** How many listeners still hold their port. */
  #holding: number;
  readonly #waiters = new Set<Future<void>>();

  static {
    makeServer = (...args) => new Server(...args);
  }

  /**
   * Loops make servers.
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

  /** The listeners; none once the server is closed. */
  get sockets(): readonly Deno.Listener<Deno.Conn, A>[] {
    if (this.#isClosed) return [];
    return this.#acceptors.map(({ listener }) => listener);
  }

  /**
   * The loop that the server belongs to.
   *
   * @returns The loop.
   */
  getLoop(): EventLoop {
    return this.#loop;
  }

  /**
   * Whether the server accepts connections.
   *
   * @returns `true` if it is receiving.
   */
  isServing(): boolean {
    return this.#isServing;
  }

  /**
   * Begins to accept connections, if the server does not yet. Nothing is awaited, so nothing can be
   * cancelled.
   *
   * @returns A future that is done.
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
   * Cancelled, it waits until every connection has ended before the `CancelledError` goes on. So a
   * `finally` around it comes too late for {@linkcode Server.closeClients}: where clients may stay, call
   * that from elsewhere, or wait for something else, as in the second example of the class.
   *
   * @returns A future that only fails: with a `CancelledError`, also when the server is closed.
   * @throws {RuntimeError} If the server is closed, or does so already.
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

  /**
   * Stops accepting connections and lets go of the port. Those that are open stay open. Closing twice
   * does nothing.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isServing = false;
    for (const acceptor of this.#acceptors) {
      acceptor.close(() => this.#released());
    }
    this.#forever?.cancel();
  }

  /** Closes every open connection: what is buffered is sent first. */
  closeClients(): void {
    for (const connection of [...this.#connections]) connection.close();
  }

  /** Closes every open connection at once. */
  abortClients(): void {
    for (const connection of [...this.#connections]) connection.abort();
  }

  /**
   * Waits until the server is closed, its port is free again, and all of its connections have ended.
   *
   * Cancelled, only the waiting ends.
   *
   * @returns A future that is done then.
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

  /** A connection was accepted: its entry runs, in the async context of callbacks. */
  #serveConnection(conn: Deno.Conn): void {
    const connection = new ServerConnection((connection) =>
      this.#onConnectionEnded(connection)
    );
    this.#connections.add(connection);
    try {
      this.#onAccepted(conn, connection);
    } catch (exception) {
      conn.close();
      this.#onConnectionEnded(connection);
      schedulerOf(this.#loop).reportThrown({
        message: "The protocol factory of a server failed",
        exception,
      });
    }
  }

  #onConnectionEnded(connection: ServerConnection): void {
    this.#connections.delete(connection);
    this.#wakeIfOver();
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
