// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import {
  type AddrInfo,
  assertFamily,
  assertHost,
  type IpFamily,
} from "../dns/names.ts";
import {
  hostAndPort,
  ipLiteralOf,
  isSameHost,
  mayUseAllNet,
  unresolved,
} from "../dns/host.ts";
import {
  interrupted,
  messageOf,
  osErrorOf,
  rephrase,
} from "../stream/failures.ts";
import {
  connectTcp,
  NodeConn,
  setNoDelay,
  type UnderlyingConn,
} from "../stream/sockets.ts";
import type { HostAddress } from "../options.ts";
import { CancelledError } from "../../core/cancelled_error.ts";
import type { Future } from "../../core/future.ts";
import type { Outcome } from "../../core/outcome.ts";
import {
  type Resource,
  type Scheduler,
  schedulerOf,
} from "../../core/scheduler.ts";
import type { TimerHandle } from "../../core/handle.ts";
import {
  assertCanEncrypt,
  assertReachable,
  CallbackContext,
  networkCompletionOf,
  networkOf,
  startTransport,
} from "../stream/callbacks.ts";
import { isUnresolvedHost } from "../../core/deno_workarounds.ts";
import type { EventLoop } from "../../event_loop.ts";
import { ExceptionGroup } from "../../core/exception_group.ts";
import { propertyOf } from "../../core/unknown_value.ts";
import {
  assertAtLeast,
  assertFlags,
  assertInteger,
  wrongType,
} from "../../core/validate.ts";
import {
  assertConn,
  assertEither,
  assertFactory,
  assertPort,
  assertUnix,
  makeProtocol,
} from "../stream/assertions.ts";
import { ConnTransport } from "../stream/conn_transport.ts";
import type { StreamProtocol } from "../stream/types.ts";
import { assertNodeTls } from "../tls/native_tls.ts";
import { encrypt } from "../tls/handshaker.ts";
import {
  assertTlsOptions,
  type ClientTls,
  clientTlsOf,
  type ServerTls,
  serverTlsOf,
} from "../tls/tls_settings.ts";
import type { TlsOptions } from "../tls_options.ts";
import type { Transport } from "../transports.ts";
import { assertUnixPath, pathOf, unixError } from "./unix.ts";

/**
 * Connects from a local address, which `Deno.connect()` does not support. Uses the first of the addresses that
 * matches the target's IP version and is free.
 */
async function connectFrom(
  locals: readonly AddrInfo[],
  remote: HostAddress,
  signal: AbortSignal,
): Promise<Deno.Conn> {
  const family = ipLiteralOf(remote.hostname)?.family;
  const fitting = locals.filter((local) => local.family === family);
  if (fitting.length === 0) {
    throw new Deno.errors.AddrNotAvailable(
      `The local address must be an IPv${family} address`,
    );
  }
  let lastError: unknown;
  for (const local of fitting) {
    try {
      return await connectBound(local, remote, signal);
    } catch (error) {
      if (!isOfBinding(error)) throw osErrorOf(error);
      const message = `Cannot bind to ${
        hostAndPort(local.hostname, local.port)
      }`;
      lastError = rephrase(osErrorOf(error), `${message}: ${messageOf(error)}`);
    }
  }
  throw lastError;
}

async function connectBound(
  local: HostAddress,
  remote: HostAddress,
  signal: AbortSignal,
): Promise<Deno.Conn> {
  // Checked first, because `node:net` reports missing permissions as an uncaught exception.
  await assertPermitted(local);
  await assertPermitted(remote);
  const { connect } = await import("node:net");
  signal.throwIfAborted();
  const socket = connect({
    host: remote.hostname,
    port: remote.port,
    localAddress: local.hostname,
    localPort: local.port,
    noDelay: true,
    allowHalfOpen: true,
  });
  const abort = () => socket.destroy();
  signal.addEventListener("abort", abort);
  try {
    await connected(socket);
    return connOf(socket, local, remote);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.on("error", reject);
    socket.once("close", () => reject(new Deno.errors.Interrupted("Aborted")));
  });
}

function connOf(
  socket: Socket,
  local: HostAddress,
  remote: HostAddress,
): Deno.Conn {
  if (!isBoundTo(socket, local)) {
    socket.destroy();
    throw new Deno.errors.NotSupported(
      `localAddr is not supported by Deno ${Deno.version.deno}`,
    );
  }
  const { hostname, port } = remote;
  return new DuplexConn(socket, {
    localAddr: {
      transport: "tcp",
      hostname: socket.localAddress ?? local.hostname,
      port: socket.localPort ?? local.port,
    },
    remoteAddr: { transport: "tcp", hostname, port },
    close: () => {},
    ref: () => socket.ref(),
    unref: () => socket.unref(),
  });
}

/** Deno 2.5 ignores the local address. */
function isBoundTo(socket: Socket, { hostname, port }: HostAddress): boolean {
  if (port !== 0 && socket.localPort !== port) return false;
  if (hostname === "0.0.0.0" || hostname === "::") return true;
  return isSameHost(socket.localAddress ?? "", hostname);
}

function isOfBinding(error: unknown): boolean {
  return error instanceof Error && "syscall" in error &&
    error.syscall === "bind";
}

async function assertPermitted({ hostname, port }: HostAddress): Promise<void> {
  if (mayUseAllNet()) return;
  const host = hostAndPort(hostname, port);
  const { state } = await Deno.permissions.request({ name: "net", host });
  if (state === "granted") return;
  throw new Deno.errors.NotCapable(
    `Requires net access to "${host}", run again with the --allow-net flag`,
  );
}

const NOTHING = new Uint8Array(0);

/** A Node stream that is read directly. */
export class DuplexConn extends NodeConn {
  readonly #duplex: Duplex;
  #unread: Uint8Array = NOTHING;
  #error: Error | null = null;
  #isOver = false;
  #wake: (() => void) | null = null;

  /** The connection below is closed together with the stream. */
  constructor(duplex: Duplex, underlying: UnderlyingConn) {
    super(duplex, underlying);
    this.#duplex = duplex;
    const wake = () => this.#wake?.();
    const end = () => {
      this.#isOver = true;
      wake();
    };
    duplex.on("readable", wake);
    duplex.on("end", end);
    duplex.on("close", () => {
      if (!this.#isOver) this.#error ??= interrupted();
      end();
    });
    duplex.on("error", (error) => {
      this.#error ??= osErrorOf(error);
      wake();
    });
  }

  override write(data: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#duplex.write(data, (error) => {
        if (error) reject(this.#error ?? osErrorOf(error));
        else resolve(data.length);
      });
    });
  }

  override closeWrite(): Promise<void> {
    return new Promise((resolve, reject) => {
      const callback = (error?: Error | null) => {
        if (error) reject(this.#error ?? osErrorOf(error));
        else resolve();
      };
      this.#duplex.end(callback);
    });
  }

  protected override async readAlone(
    memory: Uint8Array,
  ): Promise<number | null> {
    while (this.#unread.length === 0) {
      const chunk: Uint8Array | null = this.#duplex.read();
      if (chunk !== null) this.#unread = chunk;
      else if (this.#error !== null) throw this.#error;
      else if (this.#isOver) return null;
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const count = Math.min(this.#unread.length, memory.length);
    memory.set(this.#unread.subarray(0, count));
    this.#unread = this.#unread.subarray(count);
    return count;
  }
}

/** Starts an attempt. The signal aborts it. */
export type Attempt<T> = (signal: AbortSignal) => Promise<T>;

/** The first success, or the error of each attempt. */
export type RaceOutcome<T> = Outcome<T, readonly unknown[]>;

/** The options of a race. */
interface RaceOptions<T> {
  /** The attempts, at least one. */
  readonly attempts: readonly Attempt<T>[];
  /** The delay in seconds after which the next attempt starts concurrently; `null` for never. */
  readonly delay: number | null;
  /** Called with the results that are not used. */
  readonly discard: (loser: T) => void;
}

/**
 * Starts the attempts in order until one succeeds. The next starts when the one before has failed or has taken too
 * long. Aborts pending attempts on cancellation.
 */
export function race<T>(
  scheduler: Scheduler,
  options: RaceOptions<T>,
): Promise<RaceOutcome<T>> {
  const { attempts, discard } = options;
  return attempts.length === 1
    ? runAlone(scheduler, attempts[0]!, discard)
    : new Race(scheduler, options).run();
}

/** Runs a single attempt, the most frequent case, at less cost. */
async function runAlone<T>(
  scheduler: Scheduler,
  attempt: Attempt<T>,
  discard: (loser: T) => void,
): Promise<RaceOutcome<T>> {
  const abortion = new AbortController();
  const operation = attempt(abortion.signal);
  const future = networkCompletionOf(scheduler, operation, discard);
  const resource = { abandon: () => giveUp(future, abortion, discard) };
  scheduler.resources.add(resource);
  try {
    return { value: await future };
  } catch (error) {
    if (!(error instanceof CancelledError)) return { error: [error] };
    giveUp(future, abortion, discard);
    throw error;
  } finally {
    scheduler.resources.delete(resource);
  }
}

/** Aborts an attempt and discards its result, which may just have arrived. */
function giveUp<T>(
  future: Future<T>,
  abortion: AbortController,
  discard: (loser: T) => void,
): void {
  abortion.abort();
  future.cancel();
  if (!future.cancelled() && future.exception() === null) {
    discard(future.result());
  }
}

class Race<T> implements Resource {
  readonly #scheduler: Scheduler;
  readonly #options: RaceOptions<T>;
  readonly #outcome: Future<RaceOutcome<T>>;
  /** The pending attempts. */
  readonly #running = new Map<Future<T>, AbortController>();
  readonly #errors: unknown[] = [];
  #begun = 0;
  #timer: TimerHandle | null = null;

  constructor(scheduler: Scheduler, options: RaceOptions<T>) {
    this.#scheduler = scheduler;
    this.#options = options;
    this.#outcome = scheduler.loop.createFuture();
  }

  async run(): Promise<RaceOutcome<T>> {
    this.#scheduler.resources.add(this);
    this.#beginNext();
    try {
      return await this.#outcome;
    } catch (error) {
      // An attempt may have succeeded in the step of the cancellation.
      if (!this.#outcome.cancelled()) this.#discardWinner();
      throw error;
    } finally {
      this.#scheduler.resources.delete(this);
      this.#stop();
    }
  }

  /** Discards the results, as the loop is closed. */
  abandon(): void {
    this.#timer?.cancel();
    for (const [future, abortion] of this.#running) {
      giveUp(future, abortion, this.#options.discard);
    }
    this.#running.clear();
    if (this.#outcome.done() && !this.#outcome.cancelled()) {
      this.#discardWinner();
    }
  }

  #beginNext(): void {
    const { attempts, delay, discard } = this.#options;
    const index = this.#begun++;
    const abortion = new AbortController();
    const operation = attempts[index]!(abortion.signal);
    const future = networkCompletionOf(this.#scheduler, operation, discard);
    this.#running.set(future, abortion);
    future.addDoneCallback(() => this.#ended(index, future));
    if (delay === null || this.#isExhausted()) return;
    this.#timer = this.#scheduler.loop
      .callLater(delay, () => this.#beginNext());
  }

  #ended(index: number, future: Future<T>): void {
    const isOver = !this.#running.delete(future);
    if (future.cancelled()) return;
    const error = future.exception();
    if (isOver || this.#outcome.done()) {
      if (error === null) this.#options.discard(future.result());
    } else if (error === null) {
      this.#outcome.setResult({ value: future.result() });
    } else {
      this.#errors[index] = error;
      this.#continueAfter(index);
    }
  }

  #continueAfter(index: number): void {
    if (index === this.#begun - 1 && !this.#isExhausted()) {
      this.#timer?.cancel();
      this.#beginNext();
    } else if (this.#running.size === 0) {
      this.#outcome.setResult({ error: this.#errors });
    }
  }

  #isExhausted(): boolean {
    return this.#begun === this.#options.attempts.length;
  }

  #discardWinner(): void {
    const outcome = this.#outcome.result();
    if ("value" in outcome) this.#options.discard(outcome.value);
  }

  #stop(): void {
    this.#timer?.cancel();
    for (const [future, abortion] of this.#running) {
      abortion.abort();
      future.cancel();
    }
    this.#running.clear();
  }
}

/** The target of a connection, and how to connect. */
interface DialOptions {
  readonly host: string | null;
  readonly port: number;
  readonly family: IpFamily;
  readonly localAddr: HostAddress | null;
  readonly happyEyeballsDelay: number | null;
  /** The number of addresses of the first IP version to put first; 0 keeps the system's order. */
  readonly interleave: number;
  readonly allErrors: boolean;
}

/** Connects by TCP. Aborts the attempts on cancellation, and closes any connection that was established. */
async function dial(
  loop: EventLoop,
  options: DialOptions,
): Promise<Deno.Conn> {
  assertReachable("createConnection", schedulerOf(loop));
  const targets = await targetsOf(loop, options);
  const connect = await connectorOf(loop, options);
  const outcome = await race<Deno.Conn>(schedulerOf(loop), {
    attempts: targets.map((target) => (signal) => connect(target, signal)),
    delay: options.happyEyeballsDelay,
    discard: (conn) => conn.close(),
  });
  if ("value" in outcome) return outcome.value;
  throw dialError(options, targets, outcome.error);
}

async function targetsOf(
  loop: EventLoop,
  { host, port, family, localAddr, interleave: count }: DialOptions,
): Promise<HostAddress[]> {
  const literal = host === null ? null : ipLiteralOf(host);
  if (family === 0) {
    if (literal !== null) return [{ hostname: literal.hostname, port }];
    // Only Deno may resolve the host then.
    if (localAddr === null && !mayUseAllNet()) {
      return [{ hostname: host ?? "localhost", port }];
    }
  }
  const infos = await loop.getAddrInfo(host, port, { family });
  return count > 0 ? interleave(infos, count) : infos;
}

/**
 * Interleaves the addresses of the two IP versions, starting with `count` of the version that comes first (RFC
 * 8305).
 */
export function interleave(
  infos: readonly AddrInfo[],
  count: number,
): AddrInfo[] {
  const first = infos.filter(({ family }) => family === infos[0]?.family);
  const second = infos.filter(({ family }) => family !== infos[0]?.family);
  const result = first.splice(0, count - 1);
  while (first.length > 0 || second.length > 0) {
    result.push(...first.splice(0, 1), ...second.splice(0, 1));
  }
  return result;
}

type Connector = (
  target: HostAddress,
  signal: AbortSignal,
) => Promise<Deno.Conn>;

async function connectorOf(
  loop: EventLoop,
  { localAddr, family, happyEyeballsDelay }: DialOptions,
): Promise<Connector> {
  const network = networkOf(schedulerOf(loop));
  if (network !== null) {
    return (target, signal) => network.connect(target, localAddr, signal);
  }
  if (localAddr !== null) {
    const { hostname, port } = localAddr;
    const locals = await loop.getAddrInfo(hostname, port, { family });
    return (target, signal) => connectFrom(locals, target, signal);
  }
  // Applies to hosts that Deno resolves.
  const own = happyEyeballsDelay === null
    ? {}
    : { autoSelectFamilyAttemptDelay: happyEyeballsDelay * 1000 };
  return ({ hostname, port }, signal) =>
    connectTcp({ hostname, port, ...own }, signal);
}

/** Returns an error of the class of the last one, as Deno would, with the messages of all. */
function dialError(
  { host, port, allErrors }: DialOptions,
  targets: readonly HostAddress[],
  errors: readonly unknown[],
): Error {
  const where = hostAndPort(host, port);
  const what = `Cannot connect to ${where}`;
  const tried = targets.map((target, i) => ({
    where: hostAndPort(target.hostname, target.port),
    error: errors[i],
  }));
  if (allErrors) {
    return new ExceptionGroup(
      what,
      tried.map(({ where, error }) => attemptError(where, error)),
    );
  }
  const last = tried.at(-1)!;
  if (last.where === where) {
    return isUnresolvedHost(last.error)
      ? unresolved(host, port, last.error)
      : attemptError(where, last.error);
  }
  const list = tried.map(({ where, error }) => `${where}: ${messageOf(error)}`);
  return rephrase(
    last.error,
    `${what} (tried ${list.join("; ")})`,
    errors.length === 1 ? last.error : new ExceptionGroup(what, errors),
  );
}

function attemptError(where: string, error: unknown): Error {
  return rephrase(error, `Cannot connect to ${where}: ${messageOf(error)}`);
}

/**
 * The options of `loop.createConnection()`.
 *
 * @category Transports and protocols
 */
export interface ConnectionOptions {
  /** The IP version: 4, 6, or 0 for either, which is the default. */
  family?: IpFamily | undefined;
  /**
   * The delay in seconds after which the next address is tried concurrently (RFC 8305, which recommends 0.25).
   * Without it, the next address is tried when the one before has failed.
   */
  happyEyeballsDelay?: number | null | undefined;
  /**
   * The number of addresses of the first IP version to try before alternating between the versions; 0 keeps the
   * system's order. By default 1 if there is a `happyEyeballsDelay`, otherwise 0.
   */
  interleave?: number | null | undefined;
  /** The local address to connect from; port 0 for any free one. */
  localAddr?: HostAddress | null | undefined;
  /** Whether to throw an `ExceptionGroup` of all errors if connecting fails for every address. */
  allErrors?: boolean | undefined;
  /** An existing connection to use instead of a host and a port. The transport closes it. */
  sock?: Deno.Conn | undefined;
  /** The TLS options. Without them, the connection is not encrypted. */
  tls?: boolean | TlsOptions | undefined;
}

/** Implements `loop.createConnection()`. */
export async function connect<P extends StreamProtocol>(
  loop: EventLoop,
  protocolFactory: () => P,
  host: string | null,
  port: number | null = null,
  options: ConnectionOptions = {},
): Promise<[Transport, P]> {
  assertFactory("createConnection", protocolFactory);
  assertConnectionOptions(host, port, options);
  const scheduler = schedulerOf(loop);
  if (options.tls) assertCanEncrypt("createConnection", scheduler);
  const name = options.sock === undefined ? host || "localhost" : null;
  const tls = options.tls
    ? await clientTlsOf("createConnection", options.tls, name)
    : null;
  const { happyEyeballsDelay = null, interleave } = options;
  const conn = options.sock ?? await dial(loop, {
    host: host || null,
    port: port!,
    family: options.family ?? 0,
    localAddr: options.localAddr ?? null,
    happyEyeballsDelay,
    interleave: interleave ?? (happyEyeballsDelay === null ? 0 : 1),
    allErrors: options.allErrors ?? false,
  });
  setNoDelay(conn);
  return await establish(scheduler, conn, protocolFactory, tls);
}

function assertConnectionOptions(
  host: string | null,
  port: number | null,
  options: ConnectionOptions,
): void {
  assertTlsOptions("createConnection", options);
  assertFlags("createConnection", options, "allErrors");
  const { sock } = options;
  assertEither("a host and a port", host !== null || port !== null, sock);
  if (sock !== undefined) {
    assertConn("sock", sock);
    return;
  }
  assertHost(host);
  assertPort(port);
  assertDialOptions(options);
}

function assertDialOptions(
  { family, happyEyeballsDelay, interleave, localAddr }: ConnectionOptions,
): void {
  assertFamily(family ?? 0);
  if (happyEyeballsDelay != null) {
    assertAtLeast("The happyEyeballsDelay option", happyEyeballsDelay, 0);
  }
  if (interleave != null) {
    assertInteger("The interleave option", interleave, 0);
  }
  if (localAddr == null) return;
  if (typeof propertyOf(localAddr, "hostname") !== "string") {
    throw wrongType(
      "The localAddr option",
      "an object with a hostname and a port",
      localAddr,
    );
  }
  assertPort(localAddr.port);
}

/**
 * The options of `loop.createUnixConnection()`.
 *
 * @category Transports and protocols
 */
export interface UnixConnectionOptions {
  /** An existing connection to use instead of a path. The transport closes it. */
  sock?: Deno.UnixConn | undefined;
  /** The TLS options, which must include `serverName`. Without them, the connection is not encrypted. */
  tls?: boolean | TlsOptions | undefined;
}

/** Implements `loop.createUnixConnection()`. */
export async function connectUnix<P extends StreamProtocol>(
  loop: EventLoop,
  protocolFactory: () => P,
  path: string | URL | null,
  options: UnixConnectionOptions = {},
): Promise<[Transport, P]> {
  assertFactory("createUnixConnection", protocolFactory);
  assertUnixPath("createUnixConnection", path);
  assertUnixConnectionOptions(path, options);
  const scheduler = schedulerOf(loop);
  assertReachable("createUnixConnection", scheduler);
  if (options.tls) assertCanEncrypt("createUnixConnection", scheduler);
  const tls = options.tls
    ? await clientTlsOf("createUnixConnection", options.tls, null)
    : null;
  if (tls !== null) assertNodeTls();
  const conn = options.sock ?? await dialUnix(scheduler, pathOf(path!));
  return await establish(scheduler, conn, protocolFactory, tls);
}

/** Connects to a Unix socket. Closes the connection if it is established after a cancellation. */
async function dialUnix(
  scheduler: Scheduler,
  path: string,
): Promise<Deno.Conn> {
  const network = networkOf(scheduler);
  const connect: Attempt<Deno.Conn> = network === null
    ? () => Deno.connect({ transport: "unix", path })
    : (signal) => network.connectUnix(path, signal);
  const outcome = await race<Deno.Conn>(scheduler, {
    attempts: [connect],
    delay: null,
    discard: (conn) => conn.close(),
  });
  if ("value" in outcome) return outcome.value;
  throw unixError(
    "Cannot connect to the Unix socket",
    path,
    outcome.error[0],
  );
}

function assertUnixConnectionOptions(
  path: string | URL | null,
  options: UnixConnectionOptions,
): void {
  assertTlsOptions("createUnixConnection", options);
  const { sock } = options;
  assertEither("a path", path !== null, sock);
  if (sock === undefined) return;
  assertConn("sock", sock);
  assertUnix("sock", sock.localAddr);
}

/**
 * The options of `loop.connectAcceptedSocket()`.
 *
 * @category Transports and protocols
 */
export interface AcceptedSocketOptions {
  /** The TLS options of a server. Without them, the connection is not encrypted. */
  tls?: TlsOptions | undefined;
}

/** Implements `loop.connectAcceptedSocket()`. */
export async function connectAccepted<P extends StreamProtocol>(
  loop: EventLoop,
  protocolFactory: () => P,
  conn: Deno.Conn,
  options: AcceptedSocketOptions,
): Promise<[Transport, P]> {
  assertFactory("connectAcceptedSocket", protocolFactory);
  assertConn("conn", conn);
  assertTlsOptions("connectAcceptedSocket", options);
  const { tls } = options;
  const scheduler = schedulerOf(loop);
  if (tls) assertCanEncrypt("connectAcceptedSocket", scheduler);
  const settings = tls ? await serverTlsOf("connectAcceptedSocket", tls) : null;
  if (settings !== null) assertNodeTls();
  setNoDelay(conn);
  return await establish(scheduler, conn, protocolFactory, settings);
}

/**
 * Creates the protocol and the transport of a connection, encrypts it if there is `tls`, and waits until
 * `connectionMade()` has been called. Closes the connection on failure and on cancellation.
 */
async function establish<P extends StreamProtocol>(
  scheduler: Scheduler,
  conn: Deno.Conn,
  protocolFactory: () => P,
  tls: ClientTls | ServerTls | null,
): Promise<[Transport, P]> {
  let protocol;
  try {
    protocol = makeProtocol(protocolFactory);
  } catch (error) {
    conn.close();
    throw error;
  }
  const context = new CallbackContext(scheduler);
  const link = tls === null ? { conn } : await encrypt(context, conn, tls);
  const transport = new ConnTransport(link, protocol, context);
  await startTransport(context, transport);
  return [transport, protocol];
}
