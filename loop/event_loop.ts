// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  adoptScheduler,
  assertCallback,
  assertNotAsync,
  assertOpen,
} from "./base_event_loop.ts";
import { lazy } from "./lazy.ts";
// Of types only: the code is loaded by the first method that needs it.
import type { SubprocessOptions } from "./net/process/subprocess_options.ts";
import type { SubprocessProtocol } from "./net/subprocess_protocol.ts";
import type { SubprocessTransport } from "./net/subprocess_transport.ts";
import { NetworkEventLoop } from "./network_event_loop.ts";
import { presentSchedulers, Scheduler, schedulerOf } from "./scheduler.ts";
import {
  assertSignal,
  handleSignal,
  unhandleSignal,
} from "./signal_handlers.ts";

const loadSpawn = lazy(() => import("./net/process/spawn.ts"));

/**
 * An event loop: it runs tasks and callbacks, one at a time, in the order in which they became ready.
 *
 * A program seldom makes one: `run()` does, and outside `run()` the process's default loop always
 * turns. Times are in seconds. Unlike asyncio's, running a loop returns to the host at once: the
 * methods that run it return a promise, and several loops can run side by side.
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
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html}
 */
export class EventLoop extends NetworkEventLoop {
  static {
    presentSchedulers((scheduler) => {
      const loop = new EventLoop();
      // The constructor gave it one that nobody knows.
      loop.setDebug(false);
      adoptScheduler(loop, scheduler);
      return loop;
    });
  }

  /** Constructs a new instance, which does not run yet. */
  constructor() {
    super();
    adoptScheduler(this, new Scheduler());
  }

  /**
   * Has a function called at each signal of a kind, in place of the one before and of what the signal does
   * by default.
   *
   * The function runs as other callbacks of the loop do, in its turn, and may use the loop. Signals of one
   * kind that come while the program is busy count as one. A handler for `"SIGINT"` takes the place of what
   * `run()` does at Ctrl-C. The loop's handlers end when it is closed. They do not keep the program from
   * exiting when nothing else is left to wait for.
   *
   * @typeParam A The types of the arguments.
   * @param signal The signal.
   * @param callback The function.
   * @param args What it is called with.
   * @throws {TypeError} If `signal` is not a string, or `callback` is not a function or an async one.
   * @throws {RangeError} If there is no signal of that name.
   * @throws {RuntimeError} If the signal cannot be caught, in a worker, or if the loop is closed.
   * @throws {Deno.errors.NotSupported} If the system does not have the signal.
   *
   * @example Usage
   * ```ts
   * import { Event, getRunningLoop, run, timeout } from "@asyncio/asyncio";
   *
   * await run(async () => {
   *   const stop = new Event();
   *   getRunningLoop().addSignalHandler("SIGTERM", () => stop.set());
   *   Deno.kill(Deno.pid, "SIGTERM"); // as another program would
   *   await timeout(3600, () => stop.wait());
   *   console.log("told to end");
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.add_signal_handler}
   */
  addSignalHandler<A extends unknown[]>(
    signal: Deno.Signal,
    callback: (...args: A) => unknown,
    ...args: A
  ): void {
    assertSignal("addSignalHandler", signal);
    assertCallback(this, "addSignalHandler", callback);
    assertNotAsync("addSignalHandler", callback);
    handleSignal(
      schedulerOf(this),
      signal,
      callback as (...args: unknown[]) => unknown,
      args,
    );
  }

  /**
   * Takes back what {@linkcode EventLoop.addSignalHandler} asked for, also a call that waits for its turn:
   * the signal does again what it does by default.
   *
   * @param signal The signal.
   * @returns Whether there was something to take back.
   * @throws {TypeError} If `signal` is not a string.
   * @throws {RangeError} If there is no signal of that name.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(() => {
   *   const loop = getRunningLoop();
   *   loop.addSignalHandler("SIGINT", () => console.log("not now"));
   *   assertEquals(loop.removeSignalHandler("SIGINT"), true);
   *   assertEquals(loop.removeSignalHandler("SIGINT"), false);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.remove_signal_handler}
   */
  removeSignalHandler(signal: Deno.Signal): boolean {
    assertSignal("removeSignalHandler", signal);
    return unhandleSignal(schedulerOf(this), signal);
  }

  /**
   * Starts a program. Its standard streams are pipes unless the options say otherwise; `null` is for what this
   * program has itself.
   *
   * Needs `--allow-run` for the program, and nothing else. With `stderr: STDOUT` it is the shell that runs the
   * program, so that it needs `--allow-run=sh` as well; what the shell cannot start, which for a path is only
   * known beforehand with `--allow-read`, exits with 126 or 127 then.
   *
   * Cancelled, it leaves no process behind.
   *
   * @typeParam P The type of the protocol.
   * @param protocolFactory Makes the protocol.
   * @param program The name of the program, looked for as the shell does, or its path.
   * @param args Its arguments.
   * @param options Its standard streams, its directory, its environment.
   * @returns The transport and the protocol, whose `connectionMade()` has been called.
   * @throws {Deno.errors.NotFound} If there is no such program, or no such directory.
   * @throws {Deno.errors.PermissionDenied} If the file must not be run.
   * @throws {Deno.errors.NotCapable} If this program lacks a permission.
   * @throws {Deno.errors.NotSupported} If `stderr` is `STDOUT` on Windows.
   *
   * @example Usage
   * ```ts
   * import { Future, getRunningLoop, run, SubprocessProtocol } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * class Collector extends SubprocessProtocol {
   *   output = "";
   *   readonly end = new Future<void>();
   *
   *   override pipeDataReceived(_fd: number, data: Uint8Array): void {
   *     this.output += new TextDecoder().decode(data);
   *   }
   *
   *   override connectionLost(): void {
   *     this.end.setResult();
   *   }
   * }
   *
   * await run(async () => {
   *   const [transport, collector] = await getRunningLoop()
   *     .subprocessExec(() => new Collector(), "echo", ["hello"], { stdin: null });
   *   await collector.end;
   *   assertEquals(collector.output, "hello\n");
   *   assertEquals(transport.getReturnCode(), 0);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.subprocess_exec}
   */
  async subprocessExec<P extends SubprocessProtocol>(
    protocolFactory: () => P,
    program: string | URL,
    args: readonly string[] = [],
    options: SubprocessOptions = {},
  ): Promise<[transport: SubprocessTransport, protocol: P]> {
    assertOpen(this);
    const { subprocessExec } = await loadSpawn();
    return subprocessExec(this, protocolFactory, program, args, options);
  }

  /**
   * Has the shell run a command: `/bin/sh`, or `cmd` on Windows. What of the command comes from elsewhere
   * must be quoted for the shell. For the rest it is as {@linkcode EventLoop.subprocessExec}; it needs
   * `--allow-run` for `/bin/sh` or `sh`.
   *
   * Cancelled, it leaves no process behind.
   *
   * @typeParam P The type of the protocol.
   * @param protocolFactory Makes the protocol.
   * @param command The command.
   * @param options Its standard streams, its directory, its environment.
   * @returns The transport and the protocol, whose `connectionMade()` has been called.
   * @throws {Deno.errors.NotFound} If there is no such directory.
   * @throws {Deno.errors.NotCapable} If this program lacks a permission.
   *
   * @example Usage
   * ```ts
   * import { Future, getRunningLoop, run, SubprocessProtocol } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * class Watcher extends SubprocessProtocol {
   *   readonly exited = new Future<void>();
   *
   *   override processExited(): void {
   *     this.exited.setResult();
   *   }
   * }
   *
   * await run(async () => {
   *   const [transport, watcher] = await getRunningLoop()
   *     .subprocessShell(() => new Watcher(), "test 1 -gt 2");
   *   await watcher.exited;
   *   assertEquals(transport.getReturnCode(), 1);
   *   transport.close();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.subprocess_shell}
   */
  async subprocessShell<P extends SubprocessProtocol>(
    protocolFactory: () => P,
    command: string,
    options: SubprocessOptions = {},
  ): Promise<[transport: SubprocessTransport, protocol: P]> {
    assertOpen(this);
    const { subprocessShell } = await loadSpawn();
    return subprocessShell(this, protocolFactory, command, options);
  }
}
