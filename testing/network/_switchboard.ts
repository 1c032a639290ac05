// Copyright 2026 the asyncio for Deno authors. MIT license.

import { TimedCall } from "../../loop/core/call.ts";
import { AsyncLocalStorage } from "node:async_hooks";
import { RuntimeError } from "../../loop/core/errors.ts";
import type { Network } from "../../loop/net/stream/callbacks.ts";
import type { HostAddress } from "../../loop/net/options.ts";
import { failed } from "../../loop/core/primitive_future.ts";
import { errors } from "../../loop/core/runtime.ts";
import type { Scheduler } from "../../loop/core/scheduler.ts";
import type { Random } from "../_random.ts";
import { dial } from "./_dial.ts";
import { connectionReset, MemoryConn } from "./_memory_conn.ts";
import { MemoryDatagramConn } from "./_memory_datagram_conn.ts";
import { MemoryListener } from "./_memory_listener.ts";
import type { Links } from "./_links.ts";

/** The probabilities of faults of datagrams. */
export interface DatagramChances {
  readonly loss: number;
  readonly duplication: number;
}

/** Names of the calling code's own host: its loopback and wildcard addresses. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  "",
  "localhost",
  "127.0.0.1",
  "::1",
  "0.0.0.0",
  "::",
]);

/** Any port of the calling code's own host. */
const ANYWHERE: HostAddress = { hostname: "", port: 0 };

const DEFAULT_HOST = "localhost";
const FIRST_EPHEMERAL_PORT = 49_152;
const LAST_PORT = 65_535;

/** The host of the running code, if {@linkcode runAt} has set one. */
const currentHost = new AsyncLocalStorage<string>();

/** Runs a function as code of a host. */
export function runAt<T>(host: string, body: () => T): T {
  return currentHost.run(host, body);
}

/** A connection and its two ends. */
interface Connection {
  readonly hosts: readonly [string, string];
  readonly ends: readonly [MemoryConn, MemoryConn];
  open: number;
}

/** A request for a connection. */
interface Call {
  readonly hosts: readonly [from: string, to: string];
  readonly addrs: readonly [local: Deno.Addr, remote: Deno.Addr];
  readonly signal: AbortSignal;
  readonly listener: () => MemoryListener<Deno.Addr> | undefined;
  readonly refusal: () => Error;
  /** Called when both ends are closed, or if the request fails. */
  readonly onOver: () => void;
}

/** Connects clients with listeners, and datagram sockets with each other, on one loop. */
export class Switchboard implements Network {
  readonly #random: Random;
  readonly #links: Links;
  readonly #chances: DatagramChances;
  #adopted: Scheduler | null = null;
  readonly #listeners = new Map<string, MemoryListener<Deno.Addr>>();
  readonly #sockets = new Map<string, MemoryDatagramConn>();
  readonly #connections = new Set<Connection>();
  /** The addresses of clients. */
  readonly #callers = new Set<string>();
  readonly #hosts = new Set<string>();
  #nextPort = FIRST_EPHEMERAL_PORT;

  constructor(random: Random, links: Links, chances: DatagramChances) {
    this.#random = random;
    this.#links = links;
    this.#chances = chances;
  }

  /** Serves a loop from now on; the previous loop must be closed. */
  adopt(scheduler: Scheduler): void {
    if (this.#adopted !== null && !this.#adopted.loop.isClosed()) {
      throw new RuntimeError(
        "Cannot use the network as another loop uses it: make one for each loop",
      );
    }
    this.#adopted = scheduler;
    this.#listeners.clear();
    this.#sockets.clear();
    this.#connections.clear();
    this.#callers.clear();
    this.#links.clear();
  }

  /** The scheduler of the loop that uses the network. */
  get scheduler(): Scheduler {
    if (this.#adopted !== null) return this.#adopted;
    throw new RuntimeError(
      "Cannot use the network as no VirtualTimeLoop has it yet",
    );
  }

  /** The number of connections that are open at one end or both. */
  get size(): number {
    return this.#connections.size;
  }

  /** Every host that has connected, listened or opened a datagram socket. */
  get hosts(): readonly string[] {
    return [...this.#hosts];
  }

  addressOf(host: string): string {
    return OWN_NAMES.has(host) ? currentHost.getStore() ?? DEFAULT_HOST : host;
  }

  connect(
    to: HostAddress,
    from: HostAddress | null,
    signal: AbortSignal,
  ): Promise<Deno.Conn> {
    const remote = this.#netAddr(to);
    const key = keyOf(remote);
    let local: Deno.NetAddr;
    try {
      local = this.#bind(from ?? ANYWHERE, (key) => this.#isUsed(key));
    } catch (error) {
      return failed(this.scheduler, error);
    }
    this.#callers.add(keyOf(local));
    return this.#dial({
      hosts: [local.hostname, remote.hostname],
      addrs: [local, remote],
      signal,
      listener: () => this.#listeners.get(key),
      refusal: () => new errors.ConnectionRefused("Connection refused"),
      onOver: () => this.#callers.delete(keyOf(local)),
    });
  }

  connectUnix(path: string, signal: AbortSignal): Promise<Deno.Conn> {
    const host = this.addressOf("");
    const key = unixKeyOf(host, path);
    return this.#dial({
      hosts: [host, host],
      addrs: [unixAddr(""), unixAddr(path)],
      signal,
      listener: () => this.#listeners.get(key),
      refusal: () => new errors.NotFound("No such file or directory"),
      onOver: () => {},
    });
  }

  listen(at: HostAddress): MemoryListener<Deno.NetAddr> {
    const addr = this.#bind(at, (key) => this.#isUsed(key));
    return this.#listenAt(keyOf(addr), addr);
  }

  listenUnix(path: string): MemoryListener<Deno.UnixAddr> {
    // As servers do, it takes over the path of an earlier listener.
    return this.#listenAt(
      unixKeyOf(this.addressOf(""), path),
      unixAddr(path),
    );
  }

  bindDatagrams(at: HostAddress | null): MemoryDatagramConn {
    const bound = this.#bind(at ?? ANYWHERE, (key) => this.#sockets.has(key));
    const addr: Deno.NetAddr = { ...bound, transport: "udp" };
    const key = keyOf(addr);
    const socket = new MemoryDatagramConn(this.scheduler, addr, {
      post: (data, to) => this.#post(addr, to, data),
      onClosed: () => this.#sockets.delete(key),
    });
    this.#sockets.set(key, socket);
    return socket;
  }

  /** Resets the connections of a host, or all connections; returns their number. */
  reset(host: string | undefined): number {
    const connections = this.#of(host);
    for (const { ends } of connections) {
      for (const end of ends) end.fail(connectionReset());
    }
    return connections.length;
  }

  /** Drops the connections of a host; returns their number. */
  crash(host: string): number {
    const connections = this.#of(host);
    for (const { hosts, ends } of connections) {
      if (hosts[0] === host) ends[0].vanish();
      if (hosts[1] === host) ends[1].vanish();
    }
    return connections.length;
  }

  #of(host: string | undefined): Connection[] {
    return [...this.#connections].filter(({ hosts }) =>
      host === undefined || hosts.includes(host)
    );
  }

  #listenAt<A extends Deno.Addr>(key: string, addr: A): MemoryListener<A> {
    const listener = new MemoryListener(this.scheduler, addr, () => {
      if (this.#listeners.get(key) === listener) this.#listeners.delete(key);
    });
    this.#listeners.set(key, listener);
    return listener;
  }

  #dial(call: Call): Promise<Deno.Conn> {
    const [from, to] = call.hosts;
    return dial(this.scheduler, {
      there: this.#links.route(this.scheduler, from, to),
      back: this.#links.route(this.scheduler, to, from),
      signal: call.signal,
      answer: () => {
        const listener = call.listener();
        if (listener === undefined) return null;
        const [near, far] = this.#join(call);
        listener.push(far);
        return near;
      },
      refusal: call.refusal,
      onFailed: call.onOver,
    });
  }

  #join({ hosts, addrs, onOver }: Call): [MemoryConn, MemoryConn] {
    const [from, to] = hosts;
    const [localAddr, remoteAddr] = addrs;
    const onClosed = () => {
      if (--connection.open > 0) return;
      this.#connections.delete(connection);
      onOver();
    };
    const ends = MemoryConn.pair(this.scheduler, {
      localAddr,
      remoteAddr,
      route: this.#links.route(this.scheduler, from, to),
      onClosed,
    }, {
      localAddr: remoteAddr,
      remoteAddr: localAddr,
      route: this.#links.route(this.scheduler, to, from),
      onClosed,
    });
    const connection: Connection = { hosts, ends, open: 2 };
    this.#connections.add(connection);
    return ends;
  }

  #post(
    from: Deno.NetAddr,
    to: Deno.NetAddr,
    data: Uint8Array<ArrayBuffer>,
  ): void {
    const key = keyOf({ ...to, hostname: this.addressOf(to.hostname) });
    const route = this.#links.route(this.scheduler, from.hostname, to.hostname);
    const { loss, duplication } = this.#chances;
    const copies = this.#happens(duplication) ? [data, data.slice()] : [data];
    for (const copy of copies) {
      if (this.#happens(loss)) continue;
      const arrival = this.scheduler.time() + route.latency();
      new TimedCall(this.scheduler, arrival, () => {
        if (route.isCut()) return;
        route.note(`datagram of ${data.length} bytes`);
        this.#sockets.get(key)?.push(copy, from);
      });
    }
  }

  #happens(probability: number): boolean {
    return probability > 0 && this.#random.next() < probability;
  }

  #isUsed(key: string): boolean {
    return this.#listeners.has(key) || this.#callers.has(key);
  }

  /** Resolves an address, and chooses a free port if there is none. */
  #bind(
    at: HostAddress,
    isUsed: (key: string) => boolean,
  ): Deno.NetAddr {
    const addr = this.#netAddr(at);
    this.#hosts.add(addr.hostname);
    if (addr.port === 0) return this.#withFreePort(addr, isUsed);
    if (!isUsed(keyOf(addr))) return addr;
    throw new errors.AddrInUse("Address already in use");
  }

  #withFreePort(
    addr: Deno.NetAddr,
    isUsed: (key: string) => boolean,
  ): Deno.NetAddr {
    for (let i = FIRST_EPHEMERAL_PORT; i <= LAST_PORT; i++) {
      const port = this.#nextPort;
      this.#nextPort = port === LAST_PORT ? FIRST_EPHEMERAL_PORT : port + 1;
      const free = { ...addr, port };
      if (!isUsed(keyOf(free))) return free;
    }
    throw new errors.AddrNotAvailable("Cannot assign requested address");
  }

  #netAddr({ hostname, port }: HostAddress): Deno.NetAddr {
    return { transport: "tcp", hostname: this.addressOf(hostname), port };
  }
}

function unixAddr(path: string): Deno.UnixAddr {
  return { transport: "unix", path };
}

function keyOf({ hostname, port }: HostAddress): string {
  return `${hostname}:${port}`;
}

function unixKeyOf(host: string, path: string): string {
  return `unix ${host} ${path}`;
}
