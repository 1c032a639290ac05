// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  captureCancellationStacks,
  letOutOfTasks,
} from "./core/cancelled_error.ts";
import {
  areOptions,
  assertBoolean,
  assertFunctionOrNull,
  assertNumber,
  assertOptions,
  type Delay,
  secondsOf,
  wrongType,
} from "./core/validate.ts";
import { RuntimeError } from "./core/errors.ts";
import { type Awaitable, fulfilled, Future, isFuture } from "./core/future.ts";
import { type Callback, Handle, TimerHandle } from "./core/handle.ts";
import { callInline } from "./core/inline_call.ts";
import {
  assertContext,
  callHandler,
  type ExceptionContext,
  type ExceptionHandler,
  printReport,
  SlowWorkReporter,
} from "./core/introspection/reports.ts";
import "./core/introspection/reports.ts";
import {
  ALL_SITES,
  reportFailures,
} from "./core/introspection/source_stacks.ts";
import {
  type CoroutineFunction,
  isCoroutineFunction,
  Task,
  type TaskFactory,
  type TaskOptions,
  unfinishedTasks,
} from "./core/task.ts";
import { lazy, loadEverything } from "./core/async_context.ts";
import { isDebugModeAskedFor } from "./core/runtime.ts";
import {
  defaultScheduler,
  registerLoopFactory,
  runningScheduler,
  Scheduler,
} from "./core/scheduler.ts";
import { inspectAsText } from "./core/inspection.ts";
import { isInstance, propertyOf } from "./core/unknown_value.ts";
import { futureIn, wrapFuture } from "./core/wrap_future.ts";
import {
  defaultExecutorOf,
  type JobArguments,
  type JobName,
  type JobResult,
  WorkerExecutor,
} from "./executor/worker_executor.ts";
import { assertExecutor, type Executor } from "./executor/executor.ts";
// Type-only imports: the first method that needs network code loads it.
import type {
  AcceptedSocketOptions,
  AddrInfo,
  AddrInfoOptions,
  BaseProtocol,
  BufferedProtocol,
  ConnectionOptions,
  DatagramEndpointOptions,
  DatagramProtocol,
  DatagramSocket,
  DatagramTransport,
  HostAddress,
  Protocol,
  ReadablePipe,
  ReadTransport,
  SendFileOptions,
  Server,
  ServerOptions,
  StartTlsOptions,
  SubprocessOptions,
  SubprocessProtocol,
  SubprocessTransport,
  TlsOptions,
  Transport,
  UnixConnectionOptions,
  UnixServerOptions,
  WithSock,
  WritablePipe,
  WriteTransport,
} from "./net/mod.ts";
import {
  assertDescriptor,
  type Direction,
  unwatch,
  watch,
} from "./selector.ts";
import { assertSignal, handleSignal, unhandleSignal } from "./signals.ts";

/** Deno 2.9 panics when it loads a module while no file descriptor is free: what a connection may need comes with it. */
const loadConnect = lazy(async () => {
  const module = await import("./net/connect/connect.ts");
  await Promise.all([loadNames(), loadStartTls(), loadSendFile()]);
  return module;
});
const loadServe = lazy(() => import("./net/serve/serve.ts"));
const loadNames = lazy(() => import("./net/dns/names.ts"));
const loadServeUnix = lazy(() => import("./net/serve/serve_unix.ts"));
const loadStartTls = lazy(() => import("./net/tls/start_tls.ts"));
const loadCreateDatagramEndpoint = lazy(() =>
  import("./net/datagram/create_datagram_endpoint.ts")
);
const loadConnectPipe = lazy(() => import("./net/pipe/connect_pipe.ts"));
const loadSendFile = lazy(() => import("./net/file/send_file.ts"));
const loadSock = lazy(() => import("./net/sock/sock.ts"));
const loadSpawn = lazy(() => import("./net/process/spawn.ts"));

/**
 * Runs tasks and callbacks, one at a time, in the order in which they became ready, and is where connections,
 * servers, processes, signals and threads start.
 *
 * A program seldom creates one: `run()` does, and outside `run()` the default loop always runs. Times are in
 * seconds. Unlike in asyncio, the methods that run a loop return a promise, and several loops can run in one
 * thread.
 *
 * Methods that do I/O return a future. Cancelling that future stops the operation and leaves nothing behind,
 * unless the method says otherwise. They throw a {@linkcode RuntimeError} if the loop is closed,
 * `Deno.errors.NotCapable` if a permission is missing, and a `TypeError` or `RangeError` if an argument is wrong.
 *
 * @example Usage
 * ```ts
 * import { newEventLoop, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const loop = newEventLoop();
 * assertEquals(await loop.runUntilComplete(() => sleep(0.001, "done")), "done");
 * loop.close();
 * ```
 *
 * @category Event loop
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html}
 */
export class EventLoop {
  readonly #scheduler: Scheduler;
  /** Ends the reports of slow callbacks. */
  #stopReporting: (() => void) | null = null;
  #closed = false;
  #exceptionHandler: ExceptionHandler | null = null;
  #taskFactory: TaskFactory | null = null;

  /** The duration, in seconds, from which debug mode reports a callback or a step as slow. */
  slowCallbackDuration = 0.1;

  static {
    inspectAsText(this);
  }

  /** Constructs a new instance, which does not run yet. */
  constructor();
  /** @ignore */
  constructor(scheduler: Scheduler);
  constructor(scheduler?: unknown) {
    // Schedulers are internal, so only the library itself can pass one.
    this.#scheduler = scheduler instanceof Scheduler
      ? scheduler
      : new Scheduler();
    this.#scheduler.loop = this;
    if (isDebugModeAskedFor()) this.setDebug(true);
  }

  // Running and stopping

  /**
   * Runs the loop until an awaitable is done.
   *
   * @param aw The awaitable; a function becomes a task of this loop.
   * @returns The result.
   * @throws {KeyboardInterrupt} If a callback, or a task that is not awaited, threw one.
   * @throws {RuntimeError} If the loop is running or closed, or was stopped before `aw` was done.
   * @throws {RangeError} If `aw` is a future of another loop.
   * @throws {TypeError} If `aw` is not awaitable.
   */
  async runUntilComplete<T>(aw: Awaitable<T>): Promise<T> {
    this.#assertCanRun();
    const future = this.#futureOf(aw);
    const stop = () => this.stop();
    future.addDoneCallback(stop);
    try {
      await this.#scheduler.start();
    } finally {
      future.removeDoneCallback(stop);
    }
    if (!future.done()) {
      throw new RuntimeError(
        "The event loop stopped before the future was done",
      );
    }
    try {
      return future.result();
    } catch (error) {
      letOutOfTasks(error);
      throw error;
    }
  }

  /**
   * Runs the loop until it is stopped.
   *
   * @returns A promise that resolves after {@linkcode EventLoop.stop}.
   * @throws {KeyboardInterrupt} If a callback, or a task that is not awaited, threw one.
   * @throws {RuntimeError} If the loop is running or closed.
   */
  async runForever(): Promise<void> {
    this.#assertCanRun();
    await this.#scheduler.start();
  }

  /**
   * Stops the loop at the end of the current batch of callbacks. It can be run again.
   *
   * @throws {RuntimeError} If this is the default loop.
   */
  stop(): void {
    this.#assertNotDefault("stop");
    this.#scheduler.stop();
  }

  /** Returns whether the loop is running. The default loop always is. */
  isRunning(): boolean {
    return this.#scheduler.running;
  }

  /** Returns whether the loop is closed. */
  isClosed(): boolean {
    return this.#closed;
  }

  /**
   * Closes the loop for good. Drops queued callbacks, aborts connections and servers, reports exceptions that
   * were never retrieved and tasks that are pending. Closing a closed loop is a no-op.
   *
   * @throws {RuntimeError} If the loop is running.
   */
  close(): void {
    this.#assertNotDefault("close");
    if (this.#scheduler.running) {
      throw new RuntimeError("Cannot close an event loop that runs");
    }
    if (this.#closed) return;
    this.#closed = true;
    reportFailures(this.#scheduler);
    for (const task of unfinishedTasks(this.#scheduler)) {
      this.callExceptionHandler({
        message: "Task was destroyed but it is pending",
        task,
      });
    }
    this.#scheduler.close();
    this.setDebug(false);
  }

  /** Does nothing, as JavaScript does not track asynchronous generators. Exists for programs that call it. */
  shutdownAsyncGens(): Future<void> {
    return fulfilled(this.#scheduler, undefined);
  }

  // Callbacks and timers

  /** Returns the time of the loop's monotonic clock, in seconds. */
  time(): number {
    return this.#scheduler.time();
  }

  /**
   * Calls a function in the next batch. Callbacks run in FIFO order, each in the async context that called this
   * method.
   *
   * @param callback The function.
   * @param args The arguments of the call.
   * @returns A handle that can cancel the call.
   * @throws {RuntimeError} If the loop is closed.
   */
  callSoon<A extends unknown[]>(
    callback: (...args: A) => unknown,
    ...args: A
  ): Handle {
    this.#assertCallback("callSoon", callback);
    const handle = new Handle(this.#scheduler, callback as Callback, args);
    this.#scheduler.enqueue(handle);
    return handle;
  }

  /**
   * Calls a function like {@linkcode EventLoop.callSoon}, from a job in a worker that received this loop as an
   * argument.
   *
   * @param callback The function.
   * @param args The arguments of the call.
   * @returns A handle that can cancel the call.
   * @throws {RuntimeError} If the loop is closed.
   */
  callSoonThreadsafe<A extends unknown[]>(
    callback: (...args: A) => unknown,
    ...args: A
  ): Handle {
    this.#assertCallback("callSoonThreadsafe", callback);
    return this.callSoon(callback, ...args);
  }

  /**
   * Calls a function after a delay.
   *
   * @param delay The delay in seconds, or a duration.
   * @param callback The function.
   * @param args The arguments of the call.
   * @returns A handle that can cancel the call.
   * @throws {RuntimeError} If the loop is closed.
   * @throws {TypeError} If `delay` is not a length of time.
   * @throws {RangeError} If `delay` is `NaN`, or a duration of variable length.
   */
  callLater<A extends unknown[]>(
    delay: Delay,
    callback: (...args: A) => unknown,
    ...args: A
  ): TimerHandle {
    const seconds = secondsOf("callLater", "delay", delay);
    return this.callAt(this.time() + seconds, callback, ...args);
  }

  /**
   * Calls a function at a time.
   *
   * @param when The time in seconds, on the clock of {@linkcode EventLoop.time}.
   * @param callback The function.
   * @param args The arguments of the call.
   * @returns A handle that can cancel the call.
   * @throws {RuntimeError} If the loop is closed.
   * @throws {TypeError} If `when` is not a number.
   * @throws {RangeError} If `when` is `NaN`.
   */
  callAt<A extends unknown[]>(
    when: number,
    callback: (...args: A) => unknown,
    ...args: A
  ): TimerHandle {
    assertNumber("The when of callAt()", when);
    this.#assertCallback("callAt", callback);
    return new TimerHandle(
      this.#scheduler,
      when,
      callback as Callback,
      args,
    );
  }

  // Futures and tasks

  /** Creates a future of this loop. */
  createFuture<T = unknown>(): Future<T> {
    return new Future<T>({ loop: this });
  }

  /**
   * Creates a task of this loop, through its task factory if it has one.
   *
   * @param coro The function that the task runs.
   * @param options The task's name, context and start.
   * @returns The task.
   * @throws {RuntimeError} If the loop is closed.
   * @throws {TypeError} If `coro` is not a function, or `options` is not an object.
   */
  createTask<T>(coro: CoroutineFunction<T>, options?: TaskOptions): Task<T> {
    this.#assertOpen();
    assertOptions("createTask", options);
    if (this.#taskFactory !== null) {
      const task = this.#taskFactory(this, coro, options);
      if (isFuture(task)) return task;
      throw wrongType("What the task factory returns", "a task", task);
    }
    return new Task(
      coro,
      // A scheduler names its loop too, and needs no allocation.
      options === undefined ? this.#scheduler : { ...options, loop: this },
    );
  }

  /**
   * Sets the function that creates the loop's tasks.
   *
   * @param factory The factory, or `null` for ordinary tasks.
   * @throws {TypeError} If `factory` is neither.
   */
  setTaskFactory(factory: TaskFactory | null): void {
    assertFunctionOrNull("The task factory", factory);
    this.#taskFactory = factory;
  }

  /** Returns the function that creates the loop's tasks. */
  getTaskFactory(): TaskFactory | null {
    return this.#taskFactory;
  }

  // Exceptions and debug mode

  /**
   * Sets the function that handles exceptions which user code did not handle.
   *
   * @param handler The handler, or `null` for {@linkcode EventLoop.defaultExceptionHandler}.
   * @throws {TypeError} If `handler` is neither.
   */
  setExceptionHandler(handler: ExceptionHandler | null): void {
    assertFunctionOrNull("The exception handler", handler);
    this.#exceptionHandler = handler;
  }

  /** Returns the function that handles exceptions which user code did not handle. */
  getExceptionHandler(): ExceptionHandler | null {
    return this.#exceptionHandler;
  }

  /**
   * Prints the context of an exception to standard error.
   *
   * @param context The context.
   */
  defaultExceptionHandler(context: ExceptionContext): void {
    assertContext("defaultExceptionHandler", context);
    printReport(context);
  }

  /**
   * Calls the exception handler.
   *
   * @param context The context of the exception.
   */
  callExceptionHandler(context: ExceptionContext): void {
    assertContext("callExceptionHandler", context);
    callHandler(this, this.#scheduler, this.#exceptionHandler, context);
  }

  /** Returns whether the loop is in debug mode. */
  getDebug(): boolean {
    return this.#scheduler.debug;
  }

  /**
   * Turns debug mode on or off. It starts on if the environment variable `ASYNCIO_DEBUG` is `1` and the program
   * may read it already.
   *
   * Debug mode reports callbacks and steps that take longer than {@linkcode EventLoop.slowCallbackDuration} and
   * tasks that swallow a cancellation, refuses async functions as callbacks, and keeps the stacks that created
   * tasks, futures, handles and `CancelledError`s for reports and the call graph. Objects created before lack
   * them. It costs time and memory.
   *
   * @param enabled Whether debug mode is on.
   * @throws {TypeError} If `enabled` is not a boolean.
   */
  setDebug(enabled: boolean): void {
    assertBoolean("The enabled of setDebug()", enabled);
    if (enabled === this.getDebug()) return;
    const scheduler = this.#scheduler;
    scheduler.debug = enabled;
    scheduler.sites = enabled ? ALL_SITES : null;
    if (enabled) {
      this.#stopReporting = scheduler.watchSteps(
        new SlowWorkReporter(scheduler),
      );
    } else {
      this.#stopReporting?.();
    }
    captureCancellationStacks(enabled);
  }

  /** Returns a description for messages, such as `<EventLoop running=false closed=false debug=false>`. */
  toString(): string {
    return `<${this.constructor.name} running=${this.isRunning()} closed=${this.isClosed()} debug=${this.getDebug()}>`;
  }

  // Connections and servers

  /**
   * Connects to a TCP server.
   *
   * Tries the addresses of a host name one after the other, or as `happyEyeballsDelay` and `interleave` say. A
   * program without all of `--allow-net` leaves that to Deno, and needs permission for the name and port alone.
   *
   * Cancel safe: no connection is left behind.
   *
   * @param protocolFactory Creates the protocol once the connection is open.
   * @param host A host name or address; `null` for this machine; or options alone, with a `sock`.
   * @param port The port.
   * @param options How to connect, or an open connection to use instead of host and port.
   * @returns The transport and the protocol, after its `connectionMade()`.
   * @throws {RangeError} If the port is out of range, or if neither an address nor a connection is given.
   * @throws {Deno.errors.NotFound} If the host has no address.
   * @throws {Deno.errors.ConnectionRefused} If the port is closed. Other failures have the class of the last
   * error, and a message about all addresses.
   * @throws {Deno.errors.InvalidData} If the certificate is not accepted.
   */
  createConnection<P extends Protocol | BufferedProtocol>(
    protocolFactory: () => P,
    host: string | null | WithSock<ConnectionOptions> = null,
    port?: number | null,
    options?: ConnectionOptions,
  ): Future<[transport: Transport, protocol: P]> {
    return this.#call("createConnection()", async () => {
      const { connect } = await loadConnect();
      return areOptions(host, port, options)
        ? connect(this, protocolFactory, null, null, host)
        : connect(this, protocolFactory, host, port, options);
    });
  }

  /**
   * Listens for TCP connections.
   *
   * Cancel safe: no listener is left behind.
   *
   * @param protocolFactory Creates a protocol for each connection.
   * @param host A host name or address, or several; `null` for all interfaces; or options alone, with a `sock`.
   * @param port The port; 0, or `null` with a host, for a free one. `server.sockets` has its number.
   * @param options How to listen, or an open listener to use instead of host and port.
   * @returns The server, which is already accepting connections unless `startServing` is `false`.
   * @throws {RangeError} If the port is out of range, or if neither an address nor a listener is given.
   * @throws {Deno.errors.AddrInUse} If the port is in use; other failures likewise.
   * @throws {Deno.errors.NotFound} If a host has no address.
   */
  createServer(
    protocolFactory: () => Protocol | BufferedProtocol,
    host: string | readonly string[] | null | WithSock<ServerOptions> = null,
    port?: number | null,
    options?: ServerOptions,
  ): Future<Server<Deno.NetAddr>> {
    return this.#call("createServer()", async () => {
      await loadEverything();
      const { serve } = await loadServe();
      return areOptions(host, port, options)
        ? serve(this, protocolFactory, null, null, host)
        : serve(this, protocolFactory, host, port, options);
    });
  }

  /**
   * Connects to a Unix socket. Requires `--allow-read` and `--allow-write` for its path, and
   * `--allow-net=unix:<path>`.
   *
   * Cancel safe: no connection is left behind.
   *
   * @param protocolFactory Creates the protocol once the connection is open.
   * @param path The socket's path, which may begin with `"\0"` (abstract namespace); or options alone, with a `sock`.
   * @param options An open connection to use instead of the path.
   * @returns The transport and the protocol, after its `connectionMade()`.
   * @throws {RangeError} Unless either a path or a connection is given.
   * @throws {Deno.errors.NotFound} If the path does not exist; other failures likewise.
   * @throws {Deno.errors.NotSupported} On Windows.
   */
  createUnixConnection<P extends Protocol | BufferedProtocol>(
    protocolFactory: () => P,
    path: string | URL | null | WithSock<UnixConnectionOptions> = null,
    options?: UnixConnectionOptions,
  ): Future<[transport: Transport, protocol: P]> {
    return this.#call("createUnixConnection()", async () => {
      const { connectUnix } = await loadConnect();
      return areOptions(path, options)
        ? connectUnix(this, protocolFactory, null, path)
        : connectUnix(this, protocolFactory, path, options);
    });
  }

  /**
   * Listens on a Unix socket. Requires `--allow-read` and `--allow-write` for its path, and
   * `--allow-net=unix:<path>`.
   *
   * A socket at the path is removed first, even if another server is still using it. Closing the server removes
   * the socket, unless another file has taken its place.
   *
   * Cancel safe: no listener is left behind.
   *
   * @param protocolFactory Creates a protocol for each connection.
   * @param path The socket's path, which may begin with `"\0"` (abstract namespace); or options alone, with a `sock`.
   * @param options How to listen, or an open listener to use instead of the path.
   * @returns The server, which is already accepting connections unless `startServing` is `false`.
   * @throws {RangeError} Unless either a path or a listener is given.
   * @throws {Deno.errors.AddrInUse} If the path is a file of another kind; other failures likewise.
   * @throws {Deno.errors.NotSupported} On Windows.
   */
  createUnixServer(
    protocolFactory: () => Protocol | BufferedProtocol,
    path: string | URL | null | WithSock<UnixServerOptions> = null,
    options?: UnixServerOptions,
  ): Future<Server<Deno.UnixAddr>> {
    return this.#call("createUnixServer()", async () => {
      await loadEverything();
      const { serveUnix } = await loadServeUnix();
      return areOptions(path, options)
        ? serveUnix(this, protocolFactory, null, path)
        : serveUnix(this, protocolFactory, path, options);
    });
  }

  /**
   * Creates a transport and a protocol for a connection that the program accepted itself. Closes the connection
   * if it is cancelled.
   *
   * @param protocolFactory Creates the protocol.
   * @param conn The connection, which the transport closes.
   * @param options How the connection is served.
   * @returns The transport and the protocol, after its `connectionMade()`.
   * @throws {TypeError} If `conn` is not a connection.
   */
  connectAcceptedSocket<P extends Protocol | BufferedProtocol>(
    protocolFactory: () => P,
    conn: Deno.Conn,
    options: AcceptedSocketOptions = {},
  ): Future<[transport: Transport, protocol: P]> {
    return this.#call("connectAcceptedSocket()", async () => {
      const { connectAccepted } = await loadConnect();
      return connectAccepted(this, protocolFactory, conn, options);
    });
  }

  /**
   * Upgrades the connection of a transport to TLS, after sending what has been written before. The old transport
   * cannot be used any more, and `connectionMade()` is not called again.
   *
   * Closes the connection if the handshake fails or is cancelled; `connectionLost()` follows.
   *
   * @param transport The transport of a TCP or Unix connection.
   * @param protocol The protocol of the encrypted connection, usually that of the transport.
   * @param tls How to encrypt. A client must set `serverName`.
   * @param options Which side this is.
   * @returns The new transport.
   * @throws {TypeError} If the transport is not one of a connection, or the protocol is missing.
   * @throws {RangeError} If an option is out of range, or `serverName` is missing.
   * @throws {RuntimeError} If the transport is closing or closed.
   * @throws {Deno.errors.InvalidData} If the certificate is not accepted, or the peer does not support TLS.
   * @throws {Deno.errors.ConnectionAborted} If the handshake times out.
   * @throws {Deno.errors.ConnectionReset} If the peer closes the connection.
   * @throws {Deno.errors.NotSupported} Before Deno 2.9.
   */
  startTls(
    transport: Transport,
    protocol: Protocol | BufferedProtocol,
    tls: TlsOptions | true,
    options: StartTlsOptions = {},
  ): Future<Transport> {
    return this.#call("startTls()", async () => {
      const { startTls } = await loadStartTls();
      return await startTls(transport, protocol, tls, options);
    });
  }

  /**
   * Opens a UDP socket, or uses an open one given as `sock`.
   *
   * With `remoteAddr` the endpoint only sends to and receives from that address. Unlike in asyncio, refused
   * datagrams are not reported, as Deno does not connect the socket itself.
   * `transport.getExtraInfo("socket")` is the `node:dgram` socket, which can join multicast groups.
   *
   * Cancel safe: no socket is left behind.
   *
   * @param protocolFactory Creates the protocol once the socket is open.
   * @param options The addresses, or an open socket to use instead of them.
   * @returns The transport and the protocol, after its `connectionMade()`.
   * @throws {RangeError} If an address, a family and a socket are all missing.
   * @throws {Deno.errors.AddrInUse} If the local port is in use; other failures likewise.
   */
  createDatagramEndpoint<P extends DatagramProtocol>(
    protocolFactory: () => P,
    options: DatagramEndpointOptions = {},
  ): Future<[transport: DatagramTransport, protocol: P]> {
    return this.#call("createDatagramEndpoint()", async () => {
      const { createDatagramEndpoint } = await loadCreateDatagramEndpoint();
      return createDatagramEndpoint(this, protocolFactory, options);
    });
  }

  /**
   * Sends a file, or a part of it, through the transport of a connection, after what was written before and in the
   * same step. Until it is sent, other writes throw and nothing is received.
   *
   * Deno has no `sendfile()`, so the program reads the file itself. Afterwards the file's position is behind
   * what was sent; after a failure, behind the last chunk of 256 KiB that was sent completely. If it is
   * cancelled, the current chunk is still sent.
   *
   * @param transport The transport, encrypted or not.
   * @param file The file, open for reading. It stays open.
   * @param options Which part of the file.
   * @returns The number of bytes sent.
   * @throws {RuntimeError} If the transport is closing, is already sending a file, or is not one of a connection.
   * @throws {SendfileNotAvailableError} If `fallback` is `false`.
   * @throws {Deno.errors.ConnectionReset} If the connection is lost in the meantime.
   */
  sendFile(
    transport: WriteTransport,
    file: Deno.FsFile,
    options: SendFileOptions = {},
  ): Future<number> {
    return this.#call("sendFile()", async () => {
      const { sendFile } = await loadSendFile();
      return sendFile(this, transport, file, options);
    });
  }

  // Names

  /**
   * Looks up the addresses of a host, as the operating system does. A name requires `--allow-net` for it; an
   * address is returned as it is.
   *
   * Cancelling only ends the waiting: a look-up cannot be stopped.
   *
   * @param host The name or address of a host; `null` for this machine.
   * @param port The port of the results; 0 if it is `null`.
   * @param options Which addresses.
   * @returns The addresses, at least one, the best first.
   * @throws {Deno.errors.NotFound} If there is no address. Its `code` is the system's, `"ENOTFOUND"`.
   * @throws {Deno.errors.NotCapable} If the program may not look the name up.
   */
  getAddrInfo(
    host: string | null,
    port: number | null,
    options: AddrInfoOptions = {},
  ): Future<AddrInfo[]> {
    return this.#call("getAddrInfo()", async () => {
      const { getAddrInfo } = await loadNames();
      return getAddrInfo(this, host, port, options);
    });
  }

  /**
   * Looks up the names of a host and a service by their address and port. Requires `--allow-net` for the address.
   *
   * The flags are the sum of POSIX's: 1 returns the address instead of a name (`NI_NUMERICHOST`), 2 the port
   * (`NI_NUMERICSERV`), 8 throws if the host has no name (`NI_NAMEREQD`); 4 and 16 have no effect. With 3 nothing
   * is looked up, and no permission is needed.
   *
   * Cancelling only ends the waiting: a look-up cannot be stopped.
   *
   * @param addr The address, not a name, and the port.
   * @param flags How to look up.
   * @returns The names.
   * @throws {RangeError} If `addr` is not an IPv4 or IPv6 address.
   * @throws {Deno.errors.NotFound} If the host must have a name and has none.
   */
  getNameInfo(
    addr: HostAddress,
    flags = 0,
  ): Future<[host: string, service: string]> {
    return this.#call("getNameInfo()", async () => {
      const { getNameInfo } = await loadNames();
      return getNameInfo(this, addr, flags);
    });
  }

  // Pipes

  /**
   * Connects a protocol to the reading end of a pipe: a file, standard input, or a web stream.
   *
   * The transport closes the pipe, or cancels the stream, when it closes. It always closes at the end of the
   * pipe, whatever `eofReceived()` returns, and passes the pipe's error to `connectionLost()`. The data of a file
   * read that is pending when the transport closes is lost.
   *
   * Closes the pipe if it is cancelled, but not if the factory throws.
   *
   * @param protocolFactory Creates the protocol.
   * @param pipe A `Deno.FsFile`, `Deno.stdin`, or a `ReadableStream` of `Uint8Array`s.
   * @returns The transport and the protocol, after its `connectionMade()`.
   * @throws {TypeError} If `pipe` is none of these, or a locked stream.
   */
  connectReadPipe<P extends Protocol | BufferedProtocol>(
    protocolFactory: () => P,
    pipe: ReadablePipe,
  ): Future<[transport: ReadTransport, protocol: P]> {
    return this.#call("connectReadPipe()", async () => {
      const { connectReadPipe } = await loadConnectPipe();
      return connectReadPipe(this, protocolFactory, pipe);
    });
  }

  /**
   * Connects a protocol to the writing end of a pipe: a file, standard output, or a web stream.
   *
   * The methods of the transport that concern receiving throw `Deno.errors.NotSupported`. `writeEof()` is
   * `close()`, which closes the pipe once everything is written; `abort()` closes a file at once, and aborts a
   * stream. A write that blocks on a full pipe cannot be cancelled: even after `abort()` it keeps the process
   * alive until the other end reads or closes. If the other end of a file is closed, the next write fails with
   * `Deno.errors.BrokenPipe`.
   *
   * Closes the pipe if it is cancelled, but not if the factory throws.
   *
   * @param protocolFactory Creates the protocol.
   * @param pipe A `Deno.FsFile`, `Deno.stdout`, or a `WritableStream` of `Uint8Array`s.
   * @returns The transport and the protocol, after its `connectionMade()`.
   * @throws {TypeError} If `pipe` is none of these, or a locked stream.
   */
  connectWritePipe<P extends BaseProtocol>(
    protocolFactory: () => P,
    pipe: WritablePipe,
  ): Future<[transport: Transport, protocol: P]> {
    return this.#call("connectWritePipe()", async () => {
      const { connectWritePipe } = await loadConnectPipe();
      return connectWritePipe(this, protocolFactory, pipe);
    });
  }

  // Sockets without a transport

  /**
   * Receives bytes from a connection as soon as there are any. If it is cancelled, no byte is lost: the next
   * `sockRecv()` or `sockRecvInto()` receives them.
   *
   * @param conn The connection, which no transport uses.
   * @param n The maximum number of bytes.
   * @returns The bytes; empty at the end of the stream.
   * @throws {RuntimeError} If a transport uses the connection.
   */
  sockRecv(conn: Deno.Conn, n: number): Future<Uint8Array<ArrayBuffer>> {
    return this.#call("sockRecv()", async () => {
      const { sockRecv } = await loadSock();
      return sockRecv(this, conn, n);
    });
  }

  /**
   * Receives bytes from a connection into a buffer as soon as there are any. If it is cancelled, the buffer is
   * unchanged and no byte is lost: the next `sockRecv()` or `sockRecvInto()` receives them.
   *
   * @param conn The connection, which no transport uses.
   * @param buf The buffer.
   * @returns The number of bytes; 0 at the end of the stream.
   * @throws {RuntimeError} If a transport uses the connection.
   */
  sockRecvInto(conn: Deno.Conn, buf: Uint8Array): Future<number> {
    return this.#call("sockRecvInto()", async () => {
      const { sockRecvInto } = await loadSock();
      return sockRecvInto(this, conn, buf);
    });
  }

  /**
   * Receives a datagram. From the first call on, a `node:dgram` socket keeps datagrams for this method. If it is
   * cancelled, no datagram is lost: the next call receives it.
   *
   * @param sock A bound `node:dgram` socket, or the result of `Deno.listenDatagram()`.
   * @param bufSize The maximum number of bytes; the rest of a longer datagram is dropped.
   * @returns The bytes and their source address.
   * @throws {RuntimeError} If a transport uses the socket.
   */
  sockRecvFrom(
    sock: DatagramSocket,
    bufSize: number,
  ): Future<[data: Uint8Array<ArrayBuffer>, addr: Deno.Addr]> {
    return this.#call("sockRecvFrom()", async () => {
      const { sockRecvFrom } = await loadSock();
      return sockRecvFrom(this, sock, bufSize);
    });
  }

  /**
   * Receives a datagram into a buffer. If it is cancelled, the buffer is unchanged and no datagram is lost: the
   * next call receives it.
   *
   * @param sock A bound `node:dgram` socket, or the result of `Deno.listenDatagram()`.
   * @param buf The buffer.
   * @param nbytes The maximum number of bytes; 0 for the length of the buffer.
   * @returns The number of bytes and their source address.
   * @throws {RuntimeError} If a transport uses the socket.
   */
  sockRecvFromInto(
    sock: DatagramSocket,
    buf: Uint8Array,
    nbytes = 0,
  ): Future<[count: number, addr: Deno.Addr]> {
    return this.#call("sockRecvFromInto()", async () => {
      const { sockRecvFromInto } = await loadSock();
      return sockRecvFromInto(this, sock, buf, nbytes);
    });
  }

  /**
   * Sends bytes to a connection. They must not change until all of them are sent. After a cancellation or a
   * failure, an unknown part of them has been sent.
   *
   * @param conn The connection, which no transport uses.
   * @param data The bytes, or a string that is sent as UTF-8.
   * @returns A future that is done when all bytes are sent.
   * @throws {RuntimeError} If a transport uses the connection.
   */
  sockSendAll(conn: Deno.Conn, data: Uint8Array | string): Future<void> {
    return this.#call("sockSendAll()", async () => {
      const { sockSendAll } = await loadSock();
      return sockSendAll(this, conn, data);
    });
  }

  /**
   * Sends a datagram. Its bytes must not change until it is sent. If it is cancelled, the datagram may be sent
   * all the same.
   *
   * @param sock A bound `node:dgram` socket, or the result of `Deno.listenDatagram()`.
   * @param data The bytes, or a string that is sent as UTF-8.
   * @param addr The destination.
   * @returns The number of bytes sent: all of them.
   * @throws {RuntimeError} If a transport uses the socket.
   */
  sockSendTo(
    sock: DatagramSocket,
    data: Uint8Array | string,
    addr: HostAddress | Deno.UnixAddr,
  ): Future<number> {
    return this.#call("sockSendTo()", async () => {
      const { sockSendTo } = await loadSock();
      return sockSendTo(this, sock, data, addr);
    });
  }

  /**
   * Connects to a TCP server or a Unix socket. Unlike in asyncio it also creates the socket, as JavaScript has no
   * unconnected ones. If it is cancelled, no connection is left behind.
   *
   * @param address The address to connect to.
   * @returns The connection.
   * @throws {Deno.errors.ConnectionRefused} If the port is closed; other failures likewise.
   */
  sockConnect(address: HostAddress | Deno.UnixAddr): Future<Deno.Conn>;
  /**
   * Connects a datagram socket, which then receives only from that address. If it is cancelled, the socket is
   * unchanged.
   *
   * @param sock A bound `node:dgram` socket, or the result of `Deno.listenDatagram()`.
   * @param address The address to connect to.
   * @returns A future that is done when the address of a host name is known.
   * @throws {RuntimeError} If a transport uses the socket.
   */
  sockConnect(
    sock: DatagramSocket,
    address: HostAddress | Deno.UnixAddr,
  ): Future<void>;
  sockConnect(
    ...args:
      | [address: HostAddress | Deno.UnixAddr]
      | [sock: DatagramSocket, address: HostAddress | Deno.UnixAddr]
  ): Future<Deno.Conn | void> {
    return this.#call<Deno.Conn | void>("sockConnect()", async () => {
      const { connectDatagrams, connectStream } = await loadSock();
      return args.length === 1
        ? connectStream(this, ...args)
        : connectDatagrams(this, ...args);
    });
  }

  /**
   * Accepts a connection. If it is cancelled, no connection is lost: the next `sockAccept()` of that listener
   * returns it, or the loop closes it at its end.
   *
   * @param listener The listener.
   * @returns The connection and the address of its peer.
   */
  sockAccept(
    listener: Deno.Listener,
  ): Future<[conn: Deno.Conn, addr: Deno.Addr]> {
    return this.#call("sockAccept()", async () => {
      const { sockAccept } = await loadSock();
      return sockAccept(this, listener);
    });
  }

  /**
   * Sends a file, or a part of it, to a connection. The position of the file, failures and cancellation are as
   * in {@linkcode EventLoop.sendFile}; later sends wait for the chunk that is under way.
   *
   * @param conn The connection, which no transport uses.
   * @param file The file.
   * @param options Which part, and whether the program may read the file itself.
   * @returns The number of bytes sent.
   * @throws {SendfileNotAvailableError} If `fallback` is `false`.
   * @throws {RuntimeError} If a transport uses the connection.
   */
  sockSendFile(
    conn: Deno.Conn,
    file: Deno.FsFile,
    options: SendFileOptions = {},
  ): Future<number> {
    return this.#call("sockSendFile()", async () => {
      const { sockSendFile } = await loadSock();
      return sockSendFile(this, conn, file, options);
    });
  }

  // File descriptors

  /**
   * Calls a function whenever a file descriptor is readable, in place of the previous one. It is called again
   * while the descriptor stays readable, so it must read, without blocking.
   *
   * The loop uses `poll(2)` on another thread. That requires `--allow-ffi`, and is not supported on Windows. Deno
   * does not reveal the descriptors of its connections and files: use `sockRecv()` and `connectReadPipe()` for
   * those. The descriptor must stay open until {@linkcode EventLoop.removeReader}.
   *
   * @param fd The number of the descriptor; 0 is standard input.
   * @param callback The function, which runs like other callbacks of the loop.
   * @param args The arguments of each call.
   * @throws {Deno.errors.NotSupported} On Windows, and without `--allow-ffi`.
   * @throws {Deno.errors.BadResource} If the descriptor is not open.
   */
  addReader<A extends unknown[]>(
    fd: number,
    callback: (...args: A) => unknown,
    ...args: A
  ): void {
    this.#watch("reader", fd, callback, args);
  }

  /**
   * Removes the function of {@linkcode EventLoop.addReader}, and cancels a call that is queued.
   *
   * @param fd The number of the descriptor.
   * @returns `false` if there was none.
   */
  removeReader(fd: number): boolean {
    assertDescriptor("removeReader", fd);
    return unwatch(this.#scheduler, "reader", fd);
  }

  /**
   * Calls a function whenever a file descriptor is writable, in place of the previous one. The rest is as in
   * {@linkcode EventLoop.addReader}.
   *
   * @param fd The number of the descriptor.
   * @param callback The function, which runs like other callbacks of the loop.
   * @param args The arguments of each call.
   * @throws {Deno.errors.NotSupported} On Windows, and without `--allow-ffi`.
   * @throws {Deno.errors.BadResource} If the descriptor is not open.
   */
  addWriter<A extends unknown[]>(
    fd: number,
    callback: (...args: A) => unknown,
    ...args: A
  ): void {
    this.#watch("writer", fd, callback, args);
  }

  /**
   * Removes the function of {@linkcode EventLoop.addWriter}, and cancels a call that is queued.
   *
   * @param fd The number of the descriptor.
   * @returns `false` if there was none.
   */
  removeWriter(fd: number): boolean {
    assertDescriptor("removeWriter", fd);
    return unwatch(this.#scheduler, "writer", fd);
  }

  // Signals

  /**
   * Calls a function at each signal, in place of the previous one and of the signal's default action.
   *
   * The function runs like other callbacks of the loop. Signals of one kind that arrive while the program is busy
   * count as one. A handler of `"SIGINT"` replaces what `run()` does at Ctrl-C. Handlers are removed when the
   * loop closes, and keep the program alive until then; those of the default loop do not.
   *
   * @param signal The signal.
   * @param callback The function.
   * @param args The arguments of each call.
   * @throws {TypeError} If `signal` is not a string, or `callback` is not a function or is async.
   * @throws {RangeError} If `signal` is not the name of a signal.
   * @throws {RuntimeError} If the signal cannot be caught, in a worker, or if the loop is closed.
   * @throws {Deno.errors.NotSupported} If the system does not have the signal.
   */
  addSignalHandler<A extends unknown[]>(
    signal: Deno.Signal,
    callback: (...args: A) => unknown,
    ...args: A
  ): void {
    assertSignal("addSignalHandler", signal);
    this.#assertCallback("addSignalHandler", callback, true);
    handleSignal(this.#scheduler, signal, callback as Callback, args);
  }

  /**
   * Removes the function of {@linkcode EventLoop.addSignalHandler}, cancels a call that is queued, and restores
   * the signal's default action.
   *
   * @param signal The signal.
   * @returns `false` if there was none.
   * @throws {TypeError} If `signal` is not a string.
   * @throws {RangeError} If `signal` is not the name of a signal.
   */
  removeSignalHandler(signal: Deno.Signal): boolean {
    assertSignal("removeSignalHandler", signal);
    return unhandleSignal(this.#scheduler, signal);
  }

  // Processes

  /**
   * Starts a program. Its standard streams are pipes unless the options say otherwise; `null` inherits those of
   * this program. If it is cancelled, the process is killed.
   *
   * Requires `--allow-run` for the program. With `stderr: STDOUT` the shell runs the program, which also requires
   * `--allow-run=sh`; a program that the shell cannot start then exits with 126 or 127, except that a missing path
   * throws if the program has `--allow-read`.
   *
   * @param protocolFactory Creates the protocol.
   * @param program The path of the program, or a name that is looked up in `PATH`.
   * @param args The arguments of the program.
   * @param options Its standard streams, directory and environment.
   * @returns The transport and the protocol, after its `connectionMade()`.
   * @throws {Deno.errors.NotFound} If the program or the directory does not exist.
   * @throws {Deno.errors.PermissionDenied} If the file is not executable.
   * @throws {Deno.errors.NotSupported} If `stderr` is `STDOUT` on Windows, or if the program has `=` in its path
   * and an environment variable has a name that the shell drops.
   */
  subprocessExec<P extends SubprocessProtocol>(
    protocolFactory: () => P,
    program: string | URL,
    args: readonly string[] = [],
    options: SubprocessOptions = {},
  ): Future<[transport: SubprocessTransport, protocol: P]> {
    return this.#call("subprocessExec()", async () => {
      const { subprocessExec } = await loadSpawn();
      return subprocessExec(this, protocolFactory, program, args, options);
    });
  }

  /**
   * Runs a command in the shell, `/bin/sh` or `cmd` on Windows. Foreign parts of the command must be quoted for
   * the shell. Requires `--allow-run` for `/bin/sh` or `sh`. If it is cancelled, the process is killed.
   *
   * @param protocolFactory Creates the protocol.
   * @param command The command.
   * @param options Its standard streams, directory and environment.
   * @returns The transport and the protocol, after its `connectionMade()`.
   * @throws {Deno.errors.NotFound} If the directory does not exist.
   */
  subprocessShell<P extends SubprocessProtocol>(
    protocolFactory: () => P,
    command: string,
    options: SubprocessOptions = {},
  ): Future<[transport: SubprocessTransport, protocol: P]> {
    return this.#call("subprocessShell()", async () => {
      const { subprocessShell } = await loadSpawn();
      return subprocessShell(this, protocolFactory, command, options);
    });
  }

  // Threads

  /**
   * Calls a self-contained function in another thread; see {@linkcode WorkerExecutor} for the rules of functions,
   * arguments and results. If it is cancelled, a job that has not begun is dropped; one that runs continues,
   * unless the executor's options say otherwise.
   *
   * @param executor The executor; `null` for the loop's default executor.
   * @param fn The function.
   * @param args The arguments of the call.
   * @returns A future of the function's result.
   * @throws {RuntimeError} If the executor is shut down, or the loop is closed.
   * @throws {TypeError} If the function cannot be sent to a worker, or an argument cannot be cloned.
   */
  runInExecutor<A extends unknown[], T>(
    executor: Executor | null,
    fn: (...args: A) => T | PromiseLike<T>,
    ...args: A
  ): Future<T>;
  /**
   * Calls a function of an executor's module in another thread.
   *
   * @param executor An executor of the module.
   * @param name The name by which the module exports the function.
   * @param args The arguments of the call.
   * @returns A future of the function's result.
   * @throws {RuntimeError} If the executor is shut down, or the loop is closed.
   * @throws {TypeError} If an argument cannot be cloned.
   */
  runInExecutor<M extends object, K extends JobName<M>>(
    executor: WorkerExecutor<M>,
    name: K,
    ...args: JobArguments<M, K>
  ): Future<JobResult<M, K>>;
  runInExecutor(
    executor: Executor | null,
    fn: Callback | string,
    ...args: unknown[]
  ): Future<unknown> {
    this.#assertOpen();
    const chosen = executor === null
      ? defaultExecutorOf(this.#scheduler).get()
      : executor;
    assertExecutor("runInExecutor", chosen);
    if (typeof fn === "function") {
      return futureIn(this, chosen.submit(fn, ...args));
    }
    if (!isInstance(chosen, WorkerExecutor)) {
      throw wrongType(
        "The function of runInExecutor()",
        "a function, as only a WorkerExecutor has a module",
        fn,
      );
    }
    return futureIn(this, chosen.submit(fn as never, ...args as never));
  }

  /**
   * Sets the executor of {@linkcode EventLoop.runInExecutor} without one, and of `toThread()`. It is shut down
   * with the loop; the previous one is not.
   *
   * @param executor The executor.
   * @throws {TypeError} If `executor` is not an `Executor`.
   */
  setDefaultExecutor(executor: Executor): void {
    assertExecutor("setDefaultExecutor", executor);
    defaultExecutorOf(this.#scheduler).set(executor);
  }

  /**
   * Shuts the default executor down, for good, and waits for its jobs. `run()` does so at its end. Cancelling
   * only ends the waiting.
   *
   * @param timeout The number of seconds, or a duration, after which it warns and terminates the workers; `null`
   * for no limit.
   * @returns A future that is done when the executor has ended.
   * @throws {TypeError} If `timeout` is not a length of time.
   * @throws {RangeError} If `timeout` is `NaN`, or a duration of variable length.
   */
  shutdownDefaultExecutor(timeout: Delay | null = null): Future<void> {
    const seconds = timeout === null
      ? null
      : secondsOf("shutdownDefaultExecutor", "timeout", timeout);
    return callInline(
      this.#scheduler,
      "shutdownDefaultExecutor()",
      () => defaultExecutorOf(this.#scheduler).shutdown(seconds),
    );
  }

  // Shared by the methods above

  /** Runs an async function of the library as a future of this loop. */
  #call<T>(name: string, fn: () => Promise<T>): Future<T> {
    this.#assertOpen();
    return callInline(this.#scheduler, name, fn);
  }

  #watch<A extends unknown[]>(
    direction: Direction,
    fd: number,
    callback: (...args: A) => unknown,
    args: A,
  ): void {
    const method = direction === "reader" ? "addReader" : "addWriter";
    this.#assertCallback(method, callback);
    assertDescriptor(method, fd);
    watch(this.#scheduler, direction, fd, callback as Callback, args);
  }

  #futureOf<T>(aw: Awaitable<T>): Future<T> {
    if (isInstance<Future<T>>(aw, Future)) {
      if (aw.getLoop() !== this) {
        throw new RangeError(
          "The future belongs to another event loop than the one that is to run",
        );
      }
      return aw;
    }
    if (typeof aw === "function") return this.createTask(aw);
    if (typeof propertyOf(aw, "then") === "function") {
      return wrapFuture(aw, { loop: this });
    }
    throw wrongType(
      "The awaitable of runUntilComplete()",
      "a future, a promise or a function",
      aw,
    );
  }

  #assertOpen(): void {
    if (this.#closed) {
      throw new RuntimeError("Cannot use the event loop as it is closed");
    }
  }

  #assertCallback(
    method: string,
    callback: unknown,
    isSync = this.getDebug(),
  ): void {
    this.#assertOpen();
    if (typeof callback !== "function") {
      throw wrongType(`The callback of ${method}()`, "a function", callback);
    }
    if (isSync && isCoroutineFunction(callback)) {
      throw new TypeError(
        `${method}() takes a function that is not async: createTask() starts those`,
      );
    }
  }

  #assertCanRun(): void {
    this.#assertOpen();
    if (this.isRunning()) {
      throw new RuntimeError("The event loop is running already");
    }
    if (runningScheduler()?.running) {
      throw new RuntimeError(
        "Cannot run an event loop while another one runs the caller",
      );
    }
  }

  #assertNotDefault(verb: string): void {
    if (this.#scheduler === defaultScheduler()) {
      throw new RuntimeError(
        `Cannot ${verb} the default event loop: it turns with the process`,
      );
    }
  }
}

registerLoopFactory((scheduler) => new EventLoop(scheduler));
