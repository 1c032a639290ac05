// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertInstanceOf, assertRejects } from "@std/assert";
import {
  type BaseTransport,
  CancelledError,
  createTask,
  Future,
  run,
  sleep,
} from "../../mod.ts";
import { FakeConn } from "./conn.ts";
import type { DatagramRecorder } from "./datagram_recorder.ts";
import { Recorder, turns } from "./recorder.ts";

/**
 * Connects a protocol, and cancels that, which may be too late; sees the protocol to its end if it was connected.
 *
 * @param protocol The protocol.
 * @param connect What connects it.
 * @param steps After how many turns of the loop it is cancelled.
 * @returns Whether it was cancelled in time.
 */
export async function connectAndCancel(
  protocol: Recorder | DatagramRecorder,
  connect: () => PromiseLike<unknown>,
  steps: number,
): Promise<boolean> {
  const task = createTask(connect);
  for (let i = 0; i < steps; i++) await sleep(0);
  task.cancel();
  await task.catch(() => {});
  if (!task.cancelled()) protocol.transport.close();
  if (protocol.events.length > 0) await protocol.lost;
  return task.cancelled();
}

/**
 * Connects a protocol, and cancels that once the protocol is made, which may be too late; sees it to its end.
 *
 * @param connect What makes and connects it.
 * @param turn After how many microtasks it is cancelled.
 * @returns What the protocol is told about its end.
 */
export async function connectAndCancelOnceMade(
  connect: (
    make: () => Recorder,
  ) => PromiseLike<[BaseTransport, Recorder]>,
  turn: number,
): Promise<Error | null> {
  const protocol = new Recorder();
  const made = new Future<void>();
  const task = createTask(() =>
    connect(() => {
      made.setResult();
      return protocol;
    })
  );
  await made;
  for (let i = 0; i < turn; i++) await Promise.resolve();
  task.cancel();
  try {
    const [transport] = await task;
    transport.close();
  } catch (error) {
    assertInstanceOf(error, CancelledError);
  }
  return await protocol.lost;
}

/**
 * Has `Deno.connect()` bring a connection when what asked for it has been cancelled; expects that it is closed.
 *
 * @param connect What asks for it.
 */
export async function assertClosesWhatComesLate(
  connect: () => PromiseLike<unknown>,
): Promise<void> {
  const original = Deno.connect;
  const coming = Promise.withResolvers<FakeConn>();
  // Deno 2.9 does not hand it over either once the signal has aborted.
  const connectLate = async ({ signal }: { signal?: AbortSignal }) => {
    try {
      return await coming.promise;
    } finally {
      signal?.throwIfAborted();
    }
  };
  Deno.connect = connectLate as never;
  try {
    await run(async () => {
      const conn = new FakeConn();
      const task = createTask(connect);
      await turns();
      task.cancel();
      await assertRejects(() => task, CancelledError);
      coming.resolve(conn);
      await turns();
      assert(conn.isClosed);
    });
  } finally {
    Deno.connect = original;
  }
}
