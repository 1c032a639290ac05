// Copyright 2026 the asyncio for Deno authors. MIT license.

import { TimedCall } from "../../loop/core/call.ts";
import { Future } from "../../loop/core/future.ts";
import type { Scheduler } from "../../loop/core/scheduler.ts";
import { errors } from "../../loop/core/runtime.ts";
import { interrupted, type MemoryConn } from "./_memory_conn.ts";
import { deliver, type Route } from "./_route.ts";

/** The time limit, in seconds, for connecting to a host that nothing reaches. */
const CONNECT_TIMEOUT = 127;

/** The parts of an attempt to connect. */
export interface Dialling {
  readonly there: Route;
  readonly back: Route;
  /** Aborts when the caller gives up. */
  readonly signal: AbortSignal;
  /** Called when the attempt reaches the other host; returns the near end, or `null` to refuse. */
  readonly answer: () => MemoryConn | null;
  readonly refusal: () => Error;
  /** Called if the attempt fails before there is a connection. */
  readonly onFailed: () => void;
}

/** Connects: sends a request to the other host and waits for its answer. */
export function dial(
  scheduler: Scheduler,
  { there, back, signal, answer, refusal, onFailed }: Dialling,
): Promise<Deno.Conn> {
  const connected = new Future<Deno.Conn>(scheduler);
  let near: MemoryConn | null = null;
  let cancelPacket: () => void;
  const end = () => {
    cancelPacket();
    timeout.cancel();
    signal.removeEventListener("abort", abort);
  };
  const fail = (error: Error) => {
    if (connected.done()) return;
    end();
    if (near === null) onFailed();
    else near.close();
    connected.setException(error);
  };
  const abort = () => fail(interrupted());
  const onAnswer = () => {
    back.note(near === null ? "refusal" : "welcome");
    if (near === null) return fail(refusal());
    end();
    connected.setResult(near);
  };
  const onArrival = () => {
    there.note("connect");
    near = answer();
    cancelPacket = deliver(scheduler, back, onAnswer);
  };
  cancelPacket = deliver(scheduler, there, onArrival);
  const timeout = new TimedCall(
    scheduler,
    scheduler.time() + CONNECT_TIMEOUT,
    () => fail(new errors.TimedOut("Connection timed out")),
  );
  signal.addEventListener("abort", abort);
  return connected;
}
