// Copyright 2026 the asyncio for Deno authors. MIT license.

import { giveNetwork } from "../../loop/net/stream/network.ts";
import type { Scheduler } from "../../loop/core/scheduler.ts";
import {
  assertFunction,
  assertFunctionOrNull,
  assertInteger,
  assertOptions,
  assertPositive,
  outOfRange,
  wrongType,
} from "../../loop/core/validate.ts";
import { Random } from "../_random.ts";
import { runAt, Switchboard } from "./_switchboard.ts";
import {
  assertFaultOptions,
  FaultInjector,
  type FaultOptions,
} from "./_fault_injector.ts";
import { Links, type NetworkEvent } from "./_links.ts";

export type { NetworkEvent } from "./_links.ts";

/** How a {@linkcode MemoryNetwork} is. */
export interface MemoryNetworkOptions {
  /** What decides everything that is left to chance, an integer; 0 by default. */
  seed?: number | undefined;
  /**
   * How long, in seconds, something takes from one host to another, or to the same one: a number, or the least
   * and the most of a random one; 0.001 by default.
   */
  latency?: number | readonly [least: number, most: number] | undefined;
  /** How many bytes a connection carries in a second, in each direction; any number by default. */
  bandwidth?: number | undefined;
  /** How probable it is that a datagram is lost, from 0 to 1; 0 by default. */
  loss?: number | undefined;
  /** How probable it is that a datagram arrives twice, from 0 to 1; 0 by default. */
  duplication?: number | undefined;
  /** Is told of everything that arrives. */
  observe?: ((event: NetworkEvent) => void) | undefined;
}

/** Throws unless the value is a network in memory. */
export let assertNetwork: (value: unknown) => void;

/** Has a loop use the network, and none else. */
export let attach: (network: MemoryNetwork, scheduler: Scheduler) => void;

/**
 * A network inside the program: given to a `VirtualTimeLoop`, it takes the place of the real one for everything
 * that code on this loop connects, serves or looks up. It has hosts, by whatever names; delays; and faults,
 * when you want them. A seed decides what is left to chance, so that every run goes the same way. It serves one
 * loop at a time.
 *
 * TCP as far as programs can tell: bytes arrive in order or not at all, at most 64 KiB wait, a cut stalls a
 * connection until it is mended or 15 minutes are over, and connecting fails after 127 seconds. UDP: datagrams
 * may be lost, doubled, and overtake each other. Unix sockets are at paths of a host, and no files. There is no
 * TLS: leave that out in the test. Sockets that the program opens itself are its own affair.
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
  readonly #links: Links;
  readonly #switchboard: Switchboard;

  static {
    assertNetwork = (value) => {
      if (
        typeof value === "object" && value !== null && #switchboard in value
      ) {
        return;
      }
      throw wrongType("The network option", "a MemoryNetwork", value);
    };
    attach = (network, scheduler) => {
      network.#switchboard.adopt(scheduler);
      giveNetwork(scheduler, network.#switchboard);
    };
  }

  /**
   * Constructs a new instance.
   *
   * @param options How the network is.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: MemoryNetworkOptions = {}) {
    assertOptions("MemoryNetwork", options);
    const {
      seed = 0,
      latency = 0.001,
      bandwidth = Infinity,
      loss = 0,
      duplication = 0,
      observe = null,
    } = options;
    assertInteger("The seed option", seed);
    const range = rangeOf(latency);
    assertPositive("The bandwidth option", bandwidth);
    assertProbability("The loss option", loss);
    assertProbability("The duplication option", duplication);
    assertFunctionOrNull("The observe option", observe);
    const random = new Random(seed);
    this.#random = random;
    this.#links = new Links(random, { latency: range, bandwidth, observe });
    this.#switchboard = new Switchboard(random, this.#links, {
      loss,
      duplication,
    });
  }

  /** How many connections are open, at both ends or at one. */
  get connections(): number {
    return this.#switchboard.size;
  }

  /**
   * Runs a function as code of a host: what it, and what it starts, connects or serves is at that host. Other
   * code is at the host `"localhost"`.
   *
   * A host of `null`, `"localhost"`, and addresses such as `"127.0.0.1"` and `"0.0.0.0"` mean the host whose
   * code says so. A server may also listen at the name of another host.
   *
   * @typeParam T The type of the result.
   * @param host The name of the host.
   * @param body The function.
   * @returns What the function returns.
   * @throws {TypeError} If the host is not a string, or an empty one.
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
    assertHost("host", host);
    assertFunction("The body of at()", body);
    return runAt(host, body);
  }

  /**
   * Cuts the network in two: nothing gets through between some hosts and all others. Connections stall, and
   * datagrams are lost.
   *
   * @param hosts The hosts on one side.
   * @returns What mends the cut when it is disposed.
   * @throws {RangeError} If there is no host.
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
    if (hosts.length === 0) {
      throw new RangeError("Expected one host or more: received none");
    }
    for (const host of hosts) assertHost("host", host);
    const side = new Set(hosts);
    return this.#links.cut((from, to) => side.has(from) !== side.has(to));
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
    assertHost("host", host);
    assertPositive("The factor of slow()", factor);
    return this.#links.slow(host, factor);
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
    if (host !== undefined) assertHost("host", host);
    return this.#switchboard.reset(host);
  }

  /**
   * Has a host go down and come up again: its ends of all connections are gone without a word. Who waits for it
   * to say something waits for ever; who writes to it is told that the connection is reset. Its own code, which
   * goes on, finds its connections reset; its servers still listen.
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
    assertHost("host", host);
    return this.#switchboard.crash(host);
  }

  /**
   * Has faults happen at random times, which the network's seed decides.
   *
   * @param options How much of it.
   * @returns What ends it, and mends everything, when it is disposed.
   * @throws {RangeError} If an option is out of its range.
   * @throws {RuntimeError} If no loop has the network yet.
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
   *   using _ = network.injectFaults({ every: 60, lasting: 20, kinds: ["cut"] });
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
  injectFaults(options: FaultOptions): Disposable {
    assertFaultOptions(options);
    return new FaultInjector(this, {
      scheduler: this.#switchboard.scheduler,
      random: this.#random,
      hosts: () => this.#switchboard.hosts,
    }, options);
  }
}

const LATENCY = "a number of seconds, or the least and the most of it";

function rangeOf(
  latency: number | readonly [least: number, most: number],
): readonly [least: number, most: number] {
  const range: readonly unknown[] = Array.isArray(latency)
    ? latency
    : [latency, latency];
  const [least, most] = range;
  if (typeof least !== "number" || typeof most !== "number") {
    throw wrongType("The latency option", LATENCY, latency);
  }
  if (least >= 0 && most >= least && most < Infinity) return [least, most];
  throw outOfRange("The latency option", LATENCY, latency);
}

function assertHost(name: string, host: unknown): void {
  if (typeof host === "string" && host !== "") return;
  throw wrongType(`The ${name} of a network`, "the name of a host", host);
}

function assertProbability(name: string, value: number): void {
  if (typeof value !== "number") throw wrongType(name, "a number", value);
  if (value >= 0 && value <= 1) return;
  throw outOfRange(name, "a number from 0 to 1", value);
}
