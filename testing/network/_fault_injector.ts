// Copyright 2026 the asyncio for Deno authors. MIT license.

import { TimedCall } from "../../loop/core/call.ts";
import type { Scheduler } from "../../loop/core/scheduler.ts";
import {
  assertOneOf,
  assertPositive,
  assertString,
  wrongType,
} from "../../loop/core/validate.ts";
import type { Random } from "../_random.ts";
import type { MemoryNetwork } from "./memory_network.ts";

/**
 * A kind of fault: a host is cut off, slow, has its connections reset, or crashes.
 *
 * @category Network in memory
 */
export type FaultKind = "cut" | "slow" | "reset" | "crash";

/**
 * Which faults {@linkcode MemoryNetwork.injectFaults} injects, and how often.
 *
 * @category Network in memory
 */
export interface FaultOptions {
  /** The average time between two faults, in seconds. */
  every: number;
  /** The average duration of a cut or a slowdown, in seconds; 30 by default. */
  lasting?: number | undefined;
  /** The kinds of faults; all by default. */
  kinds?: readonly FaultKind[] | undefined;
  /** The affected hosts; all by default. */
  hosts?: readonly string[] | undefined;
}

/** Throws unless the options are valid. */
export function assertFaultOptions(options: FaultOptions): void {
  if (typeof options !== "object" || options === null) {
    throw wrongType("The options of injectFaults()", "an object", options);
  }
  const { every, lasting = 1, kinds = ALL_KINDS, hosts = [] } = options;
  assertPositive("The every option", every);
  assertPositive("The lasting option", lasting);
  assertArray("The kinds option", kinds);
  for (const kind of kinds) {
    assertOneOf("Each of the kinds option", kind, ALL_KINDS);
  }
  assertArray("The hosts option", hosts);
  for (const host of hosts) assertString("Each of the hosts option", host);
}

function assertArray(what: string, value: unknown): void {
  if (!Array.isArray(value)) throw wrongType(what, "an array", value);
}

const ALL_KINDS: readonly FaultKind[] = ["cut", "slow", "reset", "crash"];

/** The largest factor by which a host is slowed down. */
const MAX_SLOWNESS = 100;

/** Injects faults at random times until it is disposed. */
export class FaultInjector implements Disposable {
  readonly #network: MemoryNetwork;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #hosts: () => readonly string[];
  readonly #options: FaultOptions;
  /** Functions that end the current cuts and slowdowns. */
  readonly #lasting = new Set<() => void>();
  #next: TimedCall | null = null;

  constructor(
    network: MemoryNetwork,
    { scheduler, random, hosts }: {
      scheduler: Scheduler;
      random: Random;
      hosts: () => readonly string[];
    },
    options: FaultOptions,
  ) {
    this.#network = network;
    this.#scheduler = scheduler;
    this.#random = random;
    this.#hosts = hosts;
    this.#options = options;
    this.#planNext();
  }

  [Symbol.dispose](): void {
    this.#next?.cancel();
    for (const undo of this.#lasting) undo();
  }

  #planNext(): void {
    const when = this.#scheduler.time() + this.#about(this.#options.every);
    this.#next = new TimedCall(this.#scheduler, when, () => {
      this.#planNext();
      this.#injectOne();
    });
  }

  #injectOne(): void {
    const host = this.#oneOf(this.#options.hosts ?? this.#hosts());
    const kind = this.#oneOf(this.#options.kinds ?? ALL_KINDS);
    if (host === undefined || kind === undefined) return;
    switch (kind) {
      case "reset":
        this.#network.reset(host);
        break;
      case "crash":
        this.#network.crash(host);
        break;
      case "cut":
        this.#last(this.#network.cut(host));
        break;
      case "slow":
        this.#last(
          this.#network.slow(host, 1 + this.#random.below(MAX_SLOWNESS)),
        );
    }
  }

  #last(fault: Disposable): void {
    const when = this.#scheduler.time() +
      this.#about(this.#options.lasting ?? 30);
    const undo = () => {
      end.cancel();
      this.#lasting.delete(undo);
      fault[Symbol.dispose]();
    };
    const end = new TimedCall(this.#scheduler, when, undo);
    this.#lasting.add(undo);
  }

  /** Returns a random interval with an exponential distribution. */
  #about(mean: number): number {
    return -Math.log(1 - this.#random.next()) * mean;
  }

  #oneOf<T>(values: readonly T[]): T | undefined {
    return values[this.#random.below(values.length)];
  }
}
