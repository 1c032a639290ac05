// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Scheduler } from "../../loop/core/scheduler.ts";
import { callAt } from "./_appointment.ts";

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

/** Calls back when something has got to the other host, however long that takes; returns what takes that back. */
export function overcome(
  scheduler: Scheduler,
  route: Route,
  arrived: () => void,
): () => void {
  let takeBack: () => void;
  const send = () => {
    takeBack = callAt(scheduler, scheduler.time() + route.latency(), arrive);
  };
  const arrive = () => {
    if (route.isCut()) takeBack = route.whenMended(send);
    else arrived();
  };
  send();
  return () => takeBack();
}
