// Copyright 2026 the asyncio for Deno authors. MIT license.

import { TimedCall } from "../../loop/core/call.ts";
import type { Scheduler } from "../../loop/core/scheduler.ts";

/** The route from one host to another, in its current state. */
export interface Route {
  /** Returns the latency of the next packet, in seconds; it may be random. */
  latency(): number;
  /** Returns the transmission time of so many bytes, in seconds. */
  transmission(size: number): number;
  /** Returns whether the route is cut. */
  isCut(): boolean;
  /** Calls back once the route is no longer cut; returns a function that cancels this. */
  whenMended(callback: () => void): () => void;
  /** Reports an arrival to the observer, if any. */
  note(what: string): void;
}

/**
 * Sends something over a route, again after each cut that stops it, and calls back when it arrives. Returns a
 * function that cancels the callback.
 */
export function deliver(
  scheduler: Scheduler,
  route: Route,
  arrived: () => void,
): () => void {
  let cancel: () => void;
  const send = () => {
    const arrival = scheduler.time() + route.latency();
    const timer = new TimedCall(scheduler, arrival, arrive);
    cancel = () => timer.cancel();
  };
  const arrive = () => {
    if (route.isCut()) cancel = route.whenMended(send);
    else arrived();
  };
  send();
  return () => cancel();
}
