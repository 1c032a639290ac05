// Copyright 2026 the asyncio for Deno authors. MIT license.

import { AsyncLocalStorage } from "node:async_hooks";
import { Future } from "../../loop/future.ts";
import { type Scheduler, schedulerOf } from "../../loop/scheduler.ts";
import type { EventLoop } from "../../loop/event_loop.ts";
import type { HostAddress } from "../../loop/net/host_address.ts";
import { Random } from "../_random.ts";
import { callAt } from "./_appointment.ts";
import { connectionReset, MemoryConn } from "./_memory_conn.ts";
import { MemoryDatagramConn } from "./_memory_datagram_conn.ts";
import { MemoryListener } from "./_memory_listener.ts";
import { getRunningLoop } from "../../loop/loops.ts";
import { Trouble, type TroubleOptions } from "./_trouble.ts";
import type { Route } from "./_route.ts";

/** How a {@linkcode MemoryNetwork} is. */
export interface MemoryNetworkOptions {
  /** What decides everything that is left to chance, an integer; 0 by default. */
  seed?: number | undefined;
  /**
   * How long, in seconds, something takes from one host to another: a number, or the least and the most of a
   * random one; 0.001 by default.
   */
  latency?: number | readonly [least: number, most: number] | undefined;
  /** How many bytes a connection carries in a second, in each direction; any number by default. */
  bandwidth?: number | undefined;
  /** How probable it is that a datagram is lost, from 0 to 1; 0 by default. */
  loss?: number | undefined;
  /** How probable it is that a datagram arrives twice, from 0 to 1; 0 by default. */
  duplication?: number | undefined;
  /** Is told of everything that happens. */
  observe?: ((event: NetworkEvent) => void) | undefined;
}

/** Something that happened in a {@linkcode MemoryNetwork}. */
export interface NetworkEvent {
  /** When, in seconds, on the clock of the loop. */
  readonly time: number;
  /** From which host. */
  readonly from: string;
  /** To which host. */
  readonly to: string;
  /** What arrived: `"connect"`, `"5 bytes"`, `"end"`, `"reset"`, `"datagram of 5 bytes"`, … */
  readonly what: string;
}

/** For how long, in seconds, it is tried to connect to a host that nothing gets through to. */
const CONNECT_TIMEOUT = 127;

const FIRST_EPHEMERAL_PORT = 49_152;
const LAST_PORT = 65_535;

/** The host whose code runs, where somebody said so. */
const currentHost = new AsyncLocalStorage<string>();
const DEFAULT_HOST = "localhost";

/** Two ends of one connection. */
interface Connection {
  readonly hosts: readonly [string, string];
  readonly ends: readonly [MemoryConn, MemoryConn];
  open: number;
}

/**
 * A network inside the program: given to a `VirtualTimeLoop`, it takes the place of the real one for everything
 * that code on this loop connects or serves. It has hosts, by whatever names; delays; and faults, when you
 * want them. A seed decides what is left to chance, so that every run goes the same way.
 *
 * TCP as far as programs can tell: bytes arrive in order or not at all, at most 64 KiB wait, a cut stalls a
 * connection until it is mended or 15 minutes are over. UDP: datagrams may be lost, doubled, and overtake each
 * other. There is no TLS.
 *
 * @example A client and a server, without a socket
 * ```ts
 * import { openConnection, run, startServer } from "@asyncio/asyncio";
 * import { MemoryNetwork, VirtualTimeLoop } from "@asyncio/asyncio/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const network = new MemoryNetwork({ latency: 60 });
 * await run(async () => {
 *   await using server = await startServer(async (reader, writer) => {
 *     writer.write(await reader.readLine());
 *     writer.close();
 *   }, "mars", 7);
 *   const [reader, writer] = await openConnection("mars", 7);
 *   writer.write("hello\n");
 *   assertEquals(new TextDecoder().decode(await reader.read()), "hello\n");
 *   writer.close();
 * }, { loopFactory: () => new VirtualTimeLoop({ network }) });
 * ```
 */
export class MemoryNetwork {
  readonly #random: Random;
  readonly #latency: readonly [number, number];
  readonly #bandwidth: number;
  readonly #loss: number;
  readonly #duplication: number;
  readonly #observe: ((event: NetworkEvent) => void) | null;
  readonly #listeners = new Map<string, MemoryListener>();
  readonly #sockets = new Map<string, MemoryDatagramConn>();
  readonly #connections = new Set<Connection>();
  readonly #cuts = new Set<(from: string, to: string) => boolean>();
  readonly #waiting = new Set<{ isCut(): boolean; mended(): void }>();
  /** Everybody who has connected, or listened. */
  readonly #hosts = new Set<string>();
  readonly #slowness = new Map<string, number>();
  #nextPort = FIRST_EPHEMERAL_PORT;

  /**
   * Constructs a new instance.
   *
   * @param options How the network is.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: MemoryNetworkOptions = {}) {
    const {
      seed = 0,
      latency = 0.001,
      bandwidth = Infinity,
      loss = 0,
      duplication = 0,
      observe = null,
    } = options;
    this.#random = new Random(seed);
    this.#latency = typeof latency === "number" ? [latency, latency] : latency;
    assertLatency(this.#latency);
    assertPositive("bandwidth", bandwidth);
    assertProbability("loss", loss);
    assertProbability("duplication", duplication);
    this.#bandwidth = bandwidth;
    this.#loss = loss;
    this.#duplication = duplication;
    this.#observe = observe;
  }

  /** How many connections are open, at both ends or at one. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Runs a function as code of a host: what it, and what it starts, connects or serves is at that host. Other
   * code is at the host `"localhost"`.
   *
   * @typeParam T The type of the result.
   * @param host The name of the host.
   * @param body The function.
   * @returns What the function returns.
   *
   * @example Usage
   * ```ts
   * import { openConnection, run, startServer } from "@asyncio/asyncio";
   * import { MemoryNetwork, VirtualTimeLoop } from "@asyncio/asyncio/testing";
   * import { assertEquals } from "@std/assert";
   *
   * const network = new MemoryNetwork();
   * await run(async () => {
   *   await using server = await startServer((_, writer) => {
   *     const peer = writer.getExtraInfo("peername") as Deno.NetAddr;
   *     writer.write(peer.hostname);
   *     writer.close();
   *   }, "server", 7);
   *   const [reader, writer] = await network.at("client", () => openConnection("server", 7));
   *   assertEquals(new TextDecoder().decode(await reader.read()), "client");
   *   writer.close();
   * }, { loopFactory: () => new VirtualTimeLoop({ network }) });
   * ```
   */
  at<T>(host: string, body: () => T): T {
    return currentHost.run(host, body);
  }

  /**
   * Cuts the network in two: nothing gets through between some hosts and all others. Connections stall, and
   * datagrams are lost.
   *
   * @param hosts The hosts on one side.
   * @returns What mends the cut when it is disposed.
   *
   * @example A connection stalls, and goes on
   * ```ts
   * import { openConnection, run, startServer, TimeoutError, waitFor } from "@asyncio/asyncio";
   * import { MemoryNetwork, VirtualTimeLoop } from "@asyncio/asyncio/testing";
   * import { assertEquals, assertRejects } from "@std/assert";
   *
   * const network = new MemoryNetwork();
   * await run(async () => {
   *   await using server = await startServer(async (reader, writer) => {
   *     writer.write(await reader.readLine());
   *     writer.close();
   *   }, "server", 7);
   *   const [reader, writer] = await openConnection("server", 7);
   *   {
   *     using _ = network.cut("server");
   *     writer.write("hello\n");
   *     await assertRejects(() => waitFor(reader.readLine(), 60), TimeoutError);
   *   }
   *   assertEquals(new TextDecoder().decode(await reader.readLine()), "hello\n");
   *   writer.close();
   * }, { loopFactory: () => new VirtualTimeLoop({ network }) });
   * ```
   */
  cut(...hosts: string[]): Disposable {
    const side = new Set(hosts);
    return this.#addCut((from, to) => side.has(from) !== side.has(to));
  }

  /**
   * Makes the way between a host and all others slower.
   *
   * @param host The host.
   * @param factor How many times as long everything takes.
   * @returns What ends that when it is disposed.
   * @throws {RangeError} If the factor is not greater than 0.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, openConnection, run, startServer } from "@asyncio/asyncio";
   * import { MemoryNetwork, VirtualTimeLoop } from "@asyncio/asyncio/testing";
   * import { assertEquals } from "@std/assert";
   *
   * const network = new MemoryNetwork({ latency: 1 });
   * await run(async () => {
   *   await using server = await startServer((_, writer) => writer.close(), "server", 7);
   *   using _ = network.slow("server", 10);
   *   const [, writer] = await openConnection("server", 7);
   *   assertEquals(getRunningLoop().time(), 20);
   *   writer.close();
   * }, { loopFactory: () => new VirtualTimeLoop({ network }) });
   * ```
   */
  slow(host: string, factor: number): Disposable {
    assertPositive("factor", factor);
    const before = this.#slowness.get(host) ?? 1;
    this.#slowness.set(host, before * factor);
    let isOver = false;
    return {
      [Symbol.dispose]: () => {
        if (isOver) return;
        isOver = true;
        this.#slowness.set(host, (this.#slowness.get(host) ?? 1) / factor);
      },
    };
  }

  /**
   * Resets connections: both ends fail with `Deno.errors.ConnectionReset`.
   *
   * @param host Whose connections; all if it is left out.
   * @returns How many there were.
   *
   * @example Usage
   * ```ts
   * import { openConnection, run, startServer } from "@asyncio/asyncio";
   * import { MemoryNetwork, VirtualTimeLoop } from "@asyncio/asyncio/testing";
   * import { assertRejects } from "@std/assert";
   *
   * const network = new MemoryNetwork();
   * await run(async () => {
   *   const server = await startServer(() => {}, "server", 7);
   *   const [reader, writer] = await openConnection("server", 7);
   *   network.reset("server");
   *   await assertRejects(() => reader.read(), Deno.errors.ConnectionReset);
   *   writer.close();
   *   server.close();
   * }, { loopFactory: () => new VirtualTimeLoop({ network }) });
   * ```
   */
  reset(host?: string): number {
    const connections = this.#of(host);
    for (const { ends } of connections) {
      for (const end of ends) end.fail(connectionReset());
    }
    return connections.length;
  }

  /**
   * Has a host go down and come up again: its ends of all connections are gone without a word. Who waits for it
   * to say something waits for ever; who writes to it is told that the connection is reset.
   *
   * @param host The host.
   * @returns How many connections it had.
   *
   * @example A peer that is gone, which only who writes finds out
   * ```ts
   * import { openConnection, run, sleep, startServer } from "@asyncio/asyncio";
   * import { MemoryNetwork, VirtualTimeLoop } from "@asyncio/asyncio/testing";
   * import { assertRejects } from "@std/assert";
   *
   * const network = new MemoryNetwork();
   * await run(async () => {
   *   const server = await startServer(() => {}, "server", 7);
   *   const [reader, writer] = await openConnection("server", 7);
   *   network.crash("server");
   *   await sleep(3600);
   *   writer.write("are you there?");
   *   await assertRejects(() => reader.read(), Deno.errors.ConnectionReset);
   *   writer.close();
   *   server.close();
   * }, { loopFactory: () => new VirtualTimeLoop({ network }) });
   * ```
   */
  crash(host: string): number {
    const connections = this.#of(host);
    for (const { hosts, ends } of connections) {
      for (const [i, end] of ends.entries()) {
        if (hosts[i] === host) end.vanish();
      }
    }
    return connections.length;
  }

  /**
   * Has faults happen at random times, decided by the network's seed, on the loop that runs the caller.
   *
   * @param options How much of it.
   * @returns What ends it, and mends everything, when it is disposed.
   * @throws {RangeError} If an option is out of its range.
   * @throws {RuntimeError} If no loop runs the caller.
   *
   * @example A client that notices, and goes on
   * ```ts
   * import { openConnection, run, sleep, startServer, TimeoutError, waitFor } from "@asyncio/asyncio";
   * import { MemoryNetwork, VirtualTimeLoop } from "@asyncio/asyncio/testing";
   *
   * const network = new MemoryNetwork({ seed: 1 });
   * await run(async () => {
   *   await using server = await startServer(async (reader, writer) => {
   *     for await (const line of reader) writer.write(line);
   *     writer.close();
   *   }, "server", 7);
   *   using _ = network.trouble({ every: 60, lasting: 20, kinds: ["cut"] });
   *   const [reader, writer] = await openConnection("server", 7);
   *   let late = 0;
   *   for (let i = 0; i < 1000; i++) {
   *     writer.write("hello\n");
   *     try {
   *       await waitFor(() => reader.readExactly(6), 5);
   *     } catch (error) {
   *       if (!(error instanceof TimeoutError)) throw error;
   *       late++;
   *       await reader.readExactly(6);
   *     }
   *     await sleep(1);
   *   }
   *   console.log(`${late} of 1000 answers were late`);
   *   writer.close();
   * }, { loopFactory: () => new VirtualTimeLoop({ network }) });
   * ```
   */
  trouble(options: TroubleOptions): Disposable {
    assertPositive("every", options.every);
    if (options.lasting !== undefined) {
      assertPositive("lasting", options.lasting);
    }
    const scheduler = schedulerOf(getRunningLoop());
    const hosts = () => [...this.#hosts];
    return new Trouble(
      this,
      { scheduler, random: this.#random, hosts },
      options,
    );
  }

  /** @ignore */
  listen(loop: EventLoop, at: HostAddress): MemoryListener {
    this.#hosts.add(at.hostname);
    const addr = this.#addressFor(at, this.#listeners);
    const key = keyOf(addr);
    const listener = new MemoryListener(
      schedulerOf(loop),
      addr,
      () => this.#listeners.delete(key),
    );
    this.#listeners.set(key, listener);
    return listener;
  }

  /** @ignore */
  connect(
    loop: EventLoop,
    { hostname, port }: HostAddress,
  ): Future<Deno.Conn> {
    const scheduler = schedulerOf(loop);
    const connected = new Future<Deno.Conn>({ loop });
    const from = this.#here();
    const to = hostname;
    this.#hosts.add(from);
    const there = this.#route(scheduler, from, to);
    const back = this.#route(scheduler, to, from);
    const giveUp = callAt(scheduler, scheduler.time() + CONNECT_TIMEOUT, () => {
      if (!connected.done()) {
        connected.setException(
          new Deno.errors.TimedOut(`Cannot connect to ${hostname}: timed out`),
        );
      }
    });
    const answer = (settle: () => void) =>
      overcome(scheduler, back, () => {
        giveUp();
        settle();
      });
    overcome(scheduler, there, () => {
      if (connected.done()) return;
      there.note("connect");
      const listener = this.#listeners.get(keyOf({ hostname, port })) ??
        this.#listeners.get(keyOf({ hostname: EVERYWHERE, port }));
      if (listener === undefined) {
        answer(() => {
          if (!connected.done()) {
            connected.setException(
              new Deno.errors.ConnectionRefused(
                `Cannot connect to ${hostname}:${port}: connection refused`,
              ),
            );
          }
        });
        return;
      }
      const remoteAddr = netAddr(hostname, port);
      const [near, far] = this.#join(scheduler, [from, to], remoteAddr);
      listener.push(far);
      answer(() => {
        if (connected.done()) near.close();
        else connected.setResult(near);
      });
    });
    return connected;
  }

  /** @ignore */
  bindDatagrams(loop: EventLoop, at: HostAddress | null): MemoryDatagramConn {
    const scheduler = schedulerOf(loop);
    const addr: Deno.NetAddr = {
      ...this.#addressFor(
        at ?? { hostname: this.#here(), port: 0 },
        this.#sockets,
      ),
      transport: "udp",
    };
    const key = keyOf(addr);
    const socket = new MemoryDatagramConn(scheduler, addr, {
      post: (data, to) => this.#post(scheduler, addr, to, data),
      onClosed: () => this.#sockets.delete(key),
    });
    this.#sockets.set(key, socket);
    return socket;
  }

  #here(): string {
    return currentHost.getStore() ?? DEFAULT_HOST;
  }

  #of(host: string | undefined): Connection[] {
    return [...this.#connections].filter(({ hosts }) =>
      host === undefined || hosts.includes(host)
    );
  }

  #join(
    scheduler: Scheduler,
    hosts: readonly [string, string],
    far: Deno.NetAddr,
  ): [MemoryConn, MemoryConn] {
    const near = netAddr(hosts[0], this.#ephemeralPort());
    const onClosed = () => {
      if (--connection.open === 0) this.#connections.delete(connection);
    };
    const ends = MemoryConn.pair(
      scheduler,
      {
        localAddr: near,
        remoteAddr: far,
        route: this.#route(scheduler, hosts[0], hosts[1]),
        onClosed,
      },
      {
        localAddr: far,
        remoteAddr: near,
        route: this.#route(scheduler, hosts[1], hosts[0]),
        onClosed,
      },
    );
    const connection: Connection = { hosts, ends, open: 2 };
    this.#connections.add(connection);
    return ends;
  }

  #post(
    scheduler: Scheduler,
    from: Deno.NetAddr,
    to: Deno.NetAddr,
    data: Uint8Array<ArrayBuffer>,
  ): void {
    const route = this.#route(scheduler, from.hostname, to.hostname);
    const copies = this.#happens(this.#duplication) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      if (this.#happens(this.#loss)) continue;
      const copy = i === 0 ? data : data.slice();
      callAt(scheduler, scheduler.time() + route.latency(), () => {
        if (route.isCut()) return;
        route.note(`datagram of ${data.length} bytes`);
        this.#sockets.get(keyOf(to))?.push(copy, from);
      });
    }
  }

  #happens(probability: number): boolean {
    return probability > 0 && this.#random.next() < probability;
  }

  #route(scheduler: Scheduler, from: string, to: string): Route {
    const isCut = () => this.#isCut(from, to);
    return {
      isCut,
      latency: () => this.#latencyBetween(from, to),
      transmission: (size) => size / this.#bandwidth,
      whenMended: (mended) => this.#waiting.add({ isCut, mended }),
      note: (what) =>
        this.#observe?.({ time: scheduler.time(), from, to, what }),
    };
  }

  #latencyBetween(from: string, to: string): number {
    const [least, most] = this.#latency;
    const slowness = (this.#slowness.get(from) ?? 1) *
      (this.#slowness.get(to) ?? 1);
    const latency = least === most
      ? least
      : least + (most - least) * this.#random.next();
    return latency * slowness;
  }

  #isCut(from: string, to: string): boolean {
    for (const separates of this.#cuts) if (separates(from, to)) return true;
    return false;
  }

  #addCut(separates: (from: string, to: string) => boolean): Disposable {
    this.#cuts.add(separates);
    return {
      [Symbol.dispose]: () => {
        if (this.#cuts.delete(separates)) this.#tellWaiting();
      },
    };
  }

  #tellWaiting(): void {
    for (const waiting of [...this.#waiting]) {
      if (waiting.isCut()) continue;
      this.#waiting.delete(waiting);
      waiting.mended();
    }
  }

  #addressFor(
    { hostname, port }: HostAddress,
    used: ReadonlyMap<string, unknown>,
  ): Deno.NetAddr {
    const addr = netAddr(hostname, port || this.#ephemeralPort());
    if (!used.has(keyOf(addr))) return addr;
    throw new Deno.errors.AddrInUse(
      `Cannot listen at ${keyOf(addr)}: the address is in use`,
    );
  }

  #ephemeralPort(): number {
    const port = this.#nextPort;
    this.#nextPort = port === LAST_PORT ? FIRST_EPHEMERAL_PORT : port + 1;
    return port;
  }
}

/** What a server that listens at every address of its host has for a name. */
export const EVERYWHERE = "0.0.0.0";

/** Calls back when something has got from one host to another, however long that takes. */
function overcome(
  scheduler: Scheduler,
  route: Route,
  arrived: () => void,
): void {
  callAt(scheduler, scheduler.time() + route.latency(), () => {
    if (route.isCut()) {
      route.whenMended(() => overcome(scheduler, route, arrived));
    } else arrived();
  });
}

function netAddr(hostname: string, port: number): Deno.NetAddr {
  return { transport: "tcp", hostname, port };
}

function keyOf({ hostname, port }: { hostname: string; port: number }): string {
  return `${hostname}:${port}`;
}

function assertLatency([least, most]: readonly [number, number]): void {
  if (least >= 0 && most >= least) return;
  throw new RangeError(
    `Expected a number of seconds, or the least and the most, as latency: received ${least}, ${most}`,
  );
}

function assertPositive(name: string, value: number): void {
  if (value > 0) return;
  throw new RangeError(
    `Expected a number greater than 0 as ${name}: received ${value}`,
  );
}

function assertProbability(name: string, value: number): void {
  if (value >= 0 && value <= 1) return;
  throw new RangeError(
    `Expected a number from 0 to 1 as ${name}: received ${value}`,
  );
}
