// Copyright 2026 the asyncio for Deno authors. MIT license.

import { TimedCall } from "../../loop/core/call.ts";
import type { Scheduler } from "../../loop/core/scheduler.ts";

/** The way from one host to another, as it is at the moment. */
export interface Route {
  /** How long, in seconds, something takes; another time each time, perhaps. */
  latency(): number;
  /** How long, in seconds, it takes to put so many bytes on the way. */
  transmission(size: number): number;
  /** Whether nothing gets through. */
  isCut(): boolean;
  /** Calls back once something gets through again; returns what takes that back. */
  whenMended(callback: () => void): () => void;
  /** Says what happened, to who wants to know. */
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
    const alarm = new TimedCall(scheduler, arrival, arrive);
    cancel = () => alarm.cancel();
  };
  const arrive = () => {
    if (route.isCut()) cancel = route.whenMended(send);
    else arrived();
  };
  send();
  return () => cancel();
}
