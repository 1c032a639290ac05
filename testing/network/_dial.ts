// Copyright 2026 the asyncio for Deno authors. MIT license.

import { TimedCall } from "../../loop/core/call.ts";
import { Future } from "../../loop/core/future.ts";
import type { Scheduler } from "../../loop/core/scheduler.ts";
import { errors } from "../../loop/core/runtime.ts";
import { interrupted, type MemoryConn } from "./_memory_conn.ts";
import { deliver, type Route } from "./_route.ts";

/** For how long, in seconds, it is tried to connect to a host that nothing gets through to. */
const CONNECT_TIMEOUT = 127;

/** An attempt to connect. */
export interface Dialling {
  readonly there: Route;
  readonly back: Route;
  /** Whoever does not wait any more. */
  readonly signal: AbortSignal;
  /** The attempt has come to the other host: this end of the connection; `null` if it is refused. */
  readonly answer: () => MemoryConn | null;
  readonly refusal: () => Error;
  /** The attempt has failed before there was a connection. */
  readonly onFailed: () => void;
}

/** Connects: the other host is asked, and its answer comes back. */
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
