// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  fulfilled,
  Future,
  type Settlement,
  withError,
  withResult,
} from "../loop/core/future.ts";
import {
  failed,
  type PrimitiveBehavior,
  PrimitiveFuture,
  WaitQueue,
} from "../loop/core/primitive_future.ts";
import { errors } from "../loop/core/runtime.ts";
import type { Scheduler } from "../loop/core/scheduler.ts";
import { wrongType } from "../loop/core/validate.ts";

const DONE = withResult(undefined);

/** The state of a transport that writers wait for, as its protocol knows it. */
export class FlowControl {
  readonly scheduler: Scheduler;
  /** Whether the connection is one that a server accepted. */
  readonly isServerSide: boolean;
  readonly line = new WaitQueue();
  isPaused = false;
  isLost = false;
  /** The error that broke the connection; `null` if it was closed. */
  error: Error | null = null;
  #done: Future<void> | null = null;
  #closeWaiters: Set<Future<void>> | null = null;

  constructor(scheduler: Scheduler, isServerSide: boolean) {
    this.scheduler = scheduler;
    this.isServerSide = isServerSide;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.line.wakeAll();
  }

  lose(error: Error | null): void {
    if (this.isLost) return;
    this.isLost = true;
    this.error = error;
    this.line.wakeAll();
    for (const waiter of this.#closeWaiters ?? []) {
      if (waiter.done()) continue;
      if (error === null) waiter.setResult();
      else waiter.setException(error);
    }
    this.#closeWaiters = null;
  }

  drain(isClosing: boolean): Future<void> {
    if (!isClosing && !this.isLost && !this.isPaused) return this.#now();
    const subject = { flow: this, hasWaited: false };
    const drain = new PrimitiveFuture(this.scheduler, DRAIN, subject);
    // A closing transport is about to report that the connection is lost. Give it a turn: otherwise a loop
    // that writes would never learn of it.
    if (isClosing || this.isLost) drain.wake();
    else waitInLine(subject, drain);
    return drain;
  }

  waitClosed(): Future<void> {
    if (this.isLost) {
      return this.error === null
        ? this.#now()
        : failed(this.scheduler, this.error);
    }
    const waiter = new Future<void>({ loop: this.scheduler.loop });
    this.#closeWaiters ??= new Set();
    this.#closeWaiters.add(waiter);
    waiter.addDoneCallback(() => this.#closeWaiters?.delete(waiter));
    return waiter;
  }

  /** Returns a completed future, always the same one. */
  #now(): Future<void> {
    return this.#done ??= fulfilled(this.scheduler, undefined);
  }
}

/** A pending `drain()`. */
interface Drain {
  readonly flow: FlowControl;
  hasWaited: boolean;
}

const DRAIN: PrimitiveBehavior<void, Drain> = {
  name: "StreamWriter.drain()",
  poll(drain, operation): Settlement | null {
    const { isLost, isPaused, error } = drain.flow;
    if (drain.hasWaited) return error === null ? DONE : withError(error);
    if (isLost) {
      return withError(new errors.ConnectionReset("Connection lost"));
    }
    if (!isPaused) return DONE;
    waitInLine(drain, operation);
    return null;
  },
  onCancelled: (_, operation) => operation.leaveQueue(),
  handBack() {},
};

function waitInLine(
  drain: Drain,
  operation: PrimitiveFuture<void, Drain>,
): void {
  drain.hasWaited = true;
  operation.joinQueue(drain.flow.line);
}

const flows = new WeakMap<object, FlowControl>();

/** Creates the flow control of a protocol. */
export function createFlow(
  protocol: object,
  scheduler: Scheduler,
  isServerSide: boolean,
): FlowControl {
  const flow = new FlowControl(scheduler, isServerSide);
  flows.set(protocol, flow);
  return flow;
}

/** Returns the flow control of a protocol. */
export function flowOf(protocol: object): FlowControl {
  const flow = flows.get(protocol);
  if (flow !== undefined) return flow;
  throw wrongType(
    "The protocol of a StreamWriter",
    "a StreamReaderProtocol",
    protocol,
  );
}
