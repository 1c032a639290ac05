// Copyright 2026 the asyncio for Deno authors. MIT license.

import { giveNetwork } from "../../loop/net/stream/callbacks.ts";
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

/**
 * The options of a {@linkcode MemoryNetwork}.
 *
 * @category Network in memory
 */
export interface MemoryNetworkOptions {
  /** The seed of all random choices, an integer; 0 by default. */
  seed?: number | undefined;
  /**
   * The latency from any host to any host, itself included, in seconds: a number, or the bounds of a random one;
   * 0.001 by default.
   */
  latency?: number | readonly [least: number, most: number] | undefined;
  /** The bandwidth of a connection, in bytes per second and direction; unlimited by default. */
  bandwidth?: number | undefined;
  /** The probability that a datagram is lost, from 0 to 1; 0 by default. */
  loss?: number | undefined;
  /** The probability that a datagram is duplicated, from 0 to 1; 0 by default. */
  duplication?: number | undefined;
  /** Called for every arrival. */
  observe?: ((event: NetworkEvent) => void) | undefined;
}

/** Throws unless the value is a {@linkcode MemoryNetwork}. */
export let assertNetwork: (value: unknown) => void;

/** Attaches the network to a loop, in place of the real one. */
export let attach: (network: MemoryNetwork, scheduler: Scheduler) => void;

/**
 * An in-memory network. Passed to a `VirtualTimeLoop`, it replaces the real network for everything that code on
 * that loop connects, serves or looks up. Hosts can have any names; latencies and faults are configurable. Random
 * choices follow from a seed, so runs are deterministic. A network serves one loop at a time.
 *
 * Connections behave like TCP: bytes arrive in order or not at all, at most 64 KiB are buffered, a cut stalls a
 * connection until it is mended or 15 minutes have passed, and connecting times out after 127 seconds. Datagrams
 * behave like UDP: they may be lost, duplicated or reordered. Unix sockets have paths on a host, but are not
 * files. TLS is not supported: leave it out in the test. Sockets that the program opens itself are not affected.
 *
 * @example A client and a server without sockets
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
 *
 * @category Network in memory
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
   * @param options The latency, the bandwidth, the faults of datagrams, and the seed.
   * @throws {RangeError} If an option is out of range.
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

  /** The number of connections that are open at one end or both. */
  get connections(): number {
    return this.#switchboard.size;
  }

  /**
   * Runs a function as code of a host: the function, and the tasks it starts, connect and serve from that host.
   * Other code runs at the host `"localhost"`.
   *
   * A host of `null`, `"localhost"`, and addresses such as `"127.0.0.1"` and `"0.0.0.0"` mean the calling code's
   * own host. A server can also listen at the name of another host.
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
   * Partitions the network: nothing gets through between the given hosts and all others. Connections stall, and
   * datagrams are lost.
   *
   * @param hosts The hosts on one side.
   * @returns A disposable that mends the cut.
   * @throws {RangeError} If no host is given.
   *
   * @example A connection stalls and recovers
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
   * Slows down the links between a host and all others.
   *
   * @param host The host.
   * @param factor The factor by which latencies grow.
   * @returns A disposable that ends the slowdown.
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
   * @param host The host whose connections are reset; all connections if omitted.
   * @returns The number of connections that were reset.
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
   * Crashes and restarts a host: its ends of all connections vanish without notice. A peer that reads waits
   * forever; a peer that writes gets a reset. The host's own code continues, and finds its connections reset; its
   * servers still listen.
   *
   * @param host The host.
   * @returns The number of connections that the host had.
   *
   * @example Only writing reveals that the peer is gone
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
   * Injects faults at random times, which follow from the network's seed.
   *
   * @param options The kinds, the frequency and the duration of the faults.
   * @returns A disposable that stops injecting, and ends all cuts and slowdowns.
   * @throws {RangeError} If an option is out of range.
   * @throws {RuntimeError} If no loop uses the network yet.
   *
   * @example A client that copes with cuts
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
