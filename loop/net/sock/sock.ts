// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Outcome, unwrap } from "../../core/outcome.ts";
import {
  callOutsideTasks,
  type Resource,
  type Scheduler,
  schedulerOf,
} from "../../core/scheduler.ts";
import {
  assertReachable,
  networkCompletionOf,
  networkOf,
} from "../stream/callbacks.ts";
import type { EventLoop } from "../../event_loop.ts";
import { futureSharing } from "../../core/wrap_future.ts";
import { assertFlags, assertOptions, wrongType } from "../../core/validate.ts";
import {
  type Datagram,
  datagramAddressOf,
  type DatagramLink,
  datagramLinkOf,
  isBound,
  isDatagramSocket,
  netAddressOf,
} from "../datagram/datagram_link.ts";
import type { DatagramSocket } from "../datagram_socket.ts";
import {
  assertBuffer,
  assertBytes,
  assertConn,
  assertListener,
  assertSize,
} from "../stream/assertions.ts";
import { assertUnclaimed, connectTcp } from "../stream/sockets.ts";
import type { HostAddress, SendFileOptions } from "../options.ts";
import { type Attempt, race } from "../connect/connect.ts";
import { resolveHost } from "../dns/names.ts";
import { CancelledError } from "../../core/cancelled_error.ts";
import { SendfileNotAvailableError } from "../../core/errors.ts";
import { isSingleConnectionFailure } from "../stream/failures.ts";
import { assertFilePart, sendChunks } from "../file/send_file.ts";

/**
 * An operation on a socket that outlives the call that started it. Deno cannot cancel an operation: if the task that
 * awaits one is cancelled, the next call gets the outcome.
 */
class ResumableOperation<T> implements Resource {
  readonly #discard: (value: T) => void;
  #outcome: Outcome<T> | null = null;
  #pending: Promise<void> | null = null;
  #isAbandoned = false;

  /** Calls `discard` with a value that no call has taken. */
  constructor(discard: (value: T) => void = () => {}) {
    this.#discard = discard;
  }

  /** Waits for the operation in progress, or starts one. */
  async next(scheduler: Scheduler, begin: () => Promise<T>): Promise<T> {
    this.#isAbandoned = false;
    while (this.#outcome === null) {
      const pending = this.#pending ??= this.#begin(scheduler, begin);
      // An `await` of the promise would stay in memory when it is cancelled.
      const isOutside = networkOf(scheduler) === null;
      await futureSharing(scheduler, pending, isOutside);
    }
    const outcome = this.#outcome;
    this.#outcome = null;
    return unwrap(outcome);
  }

  /** Leaves a part of the value that `next()` has just returned for the next call. */
  putBack(value: T): void {
    this.#outcome = { value };
  }

  /** Discards the value, now or when the operation ends: no call follows. */
  abandon(): void {
    this.#isAbandoned = true;
    const outcome = this.#outcome;
    this.#outcome = null;
    if (outcome !== null && "value" in outcome) this.#discard(outcome.value);
  }

  /** Starts the operation outside the calling task, since it goes on when the task is cancelled. */
  #begin(scheduler: Scheduler, begin: () => Promise<T>): Promise<void> {
    let operation: Promise<void>;
    callOutsideTasks(scheduler, () => operation = this.#operate(begin));
    return operation!;
  }

  async #operate(begin: () => Promise<T>): Promise<void> {
    try {
      this.#outcome = { value: await begin() };
    } catch (error) {
      this.#outcome = { error };
    }
    this.#pending = null;
    if (this.#isAbandoned) this.abandon();
  }
}

const encoder = new TextEncoder();

const receivings = new WeakMap<DatagramLink, ResumableOperation<Datagram>>();

/** Implements `loop.sockRecvFrom()`. */
export async function sockRecvFrom(
  loop: EventLoop,
  sock: DatagramSocket,
  bufSize: number,
): Promise<[Uint8Array<ArrayBuffer>, Deno.Addr]> {
  const link = usableLinkOf("sockRecvFrom", sock);
  assertSize("bufSize", bufSize);
  const [data, addr] = await receive(loop, link);
  return [data.subarray(0, bufSize), addr];
}

/** Implements `loop.sockRecvFromInto()`. */
export async function sockRecvFromInto(
  loop: EventLoop,
  sock: DatagramSocket,
  buf: Uint8Array,
  nbytes: number,
): Promise<[number, Deno.Addr]> {
  const link = usableLinkOf("sockRecvFromInto", sock);
  assertBuffer("buf", buf);
  assertSize("nbytes", nbytes);
  if (nbytes > buf.length) {
    throw new RangeError(
      `The nbytes must be at most the length of buf, ${buf.length}: received ${nbytes}`,
    );
  }
  const [data, addr] = await receive(loop, link);
  const part = data.subarray(0, nbytes || buf.length);
  buf.set(part);
  return [part.length, addr];
}

/** Implements `loop.sockSendTo()`. */
export async function sockSendTo(
  loop: EventLoop,
  sock: DatagramSocket,
  data: Uint8Array | string,
  addr: HostAddress | Deno.UnixAddr,
): Promise<number> {
  const link = usableLinkOf("sockSendTo", sock);
  assertBytes("sockSendTo", data);
  const target = datagramAddressOf("addr", addr, link.localAddr.transport);
  const bytes = typeof data === "string" ? encoder.encode(data) : data;
  await networkCompletionOf(schedulerOf(loop), link.send(bytes, target));
  return bytes.length;
}

/** Returns the link of a bound datagram socket; throws if a transport uses the socket. */
function usableLinkOf(
  method: string,
  sock: DatagramSocket,
): DatagramLink {
  if (!isDatagramSocket(sock)) {
    throw wrongType(
      "The sock",
      "a socket of node:dgram or a Deno.DatagramConn",
      sock,
    );
  }
  if (!isBound(sock)) {
    throw new RangeError("The sock must be bound: received an unbound socket");
  }
  assertUnclaimed(method, sock);
  return datagramLinkOf(sock);
}

async function receive(
  loop: EventLoop,
  link: DatagramLink,
): Promise<Datagram> {
  let receiving = receivings.get(link);
  if (receiving === undefined) {
    receiving = new ResumableOperation();
    receivings.set(link, receiving);
  }
  return await receiving.next(schedulerOf(loop), () => link.receive());
}

/** Implements `loop.sockConnect()` for an address alone. */
export async function connectStream(
  loop: EventLoop,
  address: HostAddress | Deno.UnixAddr,
): Promise<Deno.Conn> {
  const scheduler = schedulerOf(loop);
  assertReachable("sockConnect", scheduler);
  const network = networkOf(scheduler);
  if (typeof address === "object" && address !== null && "path" in address) {
    const { path } = address;
    return await connected(
      scheduler,
      network === null
        ? () => Deno.connect({ transport: "unix", path })
        : (signal) => network.connectUnix(path, signal),
    );
  }
  const { hostname, port } = netAddressOf("address", address, 1);
  return await connected(
    scheduler,
    network === null
      ? (signal) => connectTcp({ hostname, port }, signal)
      : (signal) => network.connect({ hostname, port }, null, signal),
  );
}

/** Implements `loop.sockConnect()` for a datagram socket. */
export async function connectDatagrams(
  loop: EventLoop,
  sock: DatagramSocket,
  address: HostAddress | Deno.UnixAddr,
): Promise<void> {
  const link = usableLinkOf("sockConnect", sock);
  const { transport } = link.localAddr;
  const target = datagramAddressOf("address", address, transport);
  if (!("hostname" in target && "hostname" in link.localAddr)) {
    link.remoteAddr = target;
    return;
  }
  const found = await resolveHost(loop, target);
  const family = link.localAddr.hostname.includes(":") ? 6 : 4;
  const remote = found.get(family);
  if (remote === undefined) {
    throw new RangeError(
      `The address must be an IPv${family} address: received ${target.hostname}`,
    );
  }
  link.remoteAddr = remote;
}

/** Connects. On cancellation, aborts the attempt and closes a connection that was established. */
async function connected(
  scheduler: Scheduler,
  connect: Attempt<Deno.Conn>,
): Promise<Deno.Conn> {
  const outcome = await race(scheduler, {
    attempts: [connect],
    delay: null,
    discard: (conn) => conn.close(),
  });
  if ("value" in outcome) return outcome.value;
  throw outcome.error[0];
}

/** The maximum size of a read, in bytes. */
const MAX_READ = 64 * 1024;

/** The reads of each connection; no bytes at the end of the stream. */
const readings = new WeakMap<
  Deno.Conn,
  ResumableOperation<Uint8Array<ArrayBuffer>>
>();
/** The file chunk being sent on each connection, which goes on after a cancellation. */
const chunks = new WeakMap<Deno.Conn, Promise<void>>();
/** The pending accept of each listener. */
const acceptings = new WeakMap<Deno.Listener, ResumableOperation<Deno.Conn>>();

/** Implements `loop.sockRecv()`. */
export async function sockRecv(
  loop: EventLoop,
  conn: Deno.Conn,
  n: number,
): Promise<Uint8Array<ArrayBuffer>> {
  assertUsable("sockRecv", conn);
  assertSize("n", n);
  return await receiveFrom(schedulerOf(loop), conn, n);
}

/** Implements `loop.sockRecvInto()`. */
export async function sockRecvInto(
  loop: EventLoop,
  conn: Deno.Conn,
  buf: Uint8Array,
): Promise<number> {
  assertUsable("sockRecvInto", conn);
  assertBuffer("buf", buf);
  // Not read in place: a cancelled read goes on, and must not write into memory that the caller has taken back.
  const chunk = await receiveFrom(schedulerOf(loop), conn, buf.length);
  buf.set(chunk);
  return chunk.length;
}

/** Implements `loop.sockSendAll()`. */
export async function sockSendAll(
  loop: EventLoop,
  conn: Deno.Conn,
  data: Uint8Array | string,
): Promise<void> {
  assertUsable("sockSendAll", conn);
  assertBytes("sockSendAll", data);
  const bytes = typeof data === "string" ? encoder.encode(data) : data;
  const scheduler = schedulerOf(loop);
  await chunkSent(scheduler, conn);
  for (let sent = 0; sent < bytes.length;) {
    sent += await networkCompletionOf(
      scheduler,
      conn.write(bytes.subarray(sent)),
    );
  }
}

/** Implements `loop.sockSendFile()`. */
export async function sockSendFile(
  loop: EventLoop,
  conn: Deno.Conn,
  file: Deno.FsFile,
  options: SendFileOptions,
): Promise<number> {
  assertOptions("sockSendFile", options);
  assertFlags("sockSendFile", options, "fallback");
  const { offset = 0, count = null, fallback = true } = options;
  assertUsable("sockSendFile", conn);
  const part = { offset, count };
  assertFilePart("sockSendFile", file, part);
  if (!fallback) {
    throw new SendfileNotAvailableError(
      "The fallback option must not be false, as Deno does not support sendfile(2)",
    );
  }
  const scheduler = schedulerOf(loop);
  await chunkSent(scheduler, conn);
  return await sendChunks(
    scheduler,
    file,
    part,
    (chunk) => sendChunk(scheduler, conn, chunk),
  );
}

/** Implements `loop.sockAccept()`. */
export async function sockAccept(
  loop: EventLoop,
  listener: Deno.Listener,
): Promise<[Deno.Conn, Deno.Addr]> {
  assertListener("listener", listener);
  const scheduler = schedulerOf(loop);
  let accepting = acceptings.get(listener);
  if (accepting === undefined) {
    accepting = new ResumableOperation((conn) => conn.close());
    acceptings.set(listener, accepting);
  }
  try {
    const conn = await accepting.next(scheduler, () => acceptFrom(listener));
    scheduler.resources.delete(accepting);
    return [conn, conn.remoteAddr];
  } catch (error) {
    // A connection may still be accepted. If no call takes it, the end of the loop closes it.
    if (error instanceof CancelledError) scheduler.resources.add(accepting);
    throw error;
  }
}

/** Accepts the next connection that has not failed. */
async function acceptFrom(listener: Deno.Listener): Promise<Deno.Conn> {
  while (true) {
    try {
      return await listener.accept();
    } catch (error) {
      if (!isSingleConnectionFailure(error)) throw error;
    }
  }
}

/** Throws unless the value is a connection that no transport uses. */
function assertUsable(method: string, conn: Deno.Conn): void {
  assertConn("conn", conn);
  assertUnclaimed(method, conn);
}

async function receiveFrom(
  scheduler: Scheduler,
  conn: Deno.Conn,
  n: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (n === 0) return new Uint8Array(0);
  let reading = readings.get(conn);
  if (reading === undefined) {
    reading = new ResumableOperation();
    readings.set(conn, reading);
  }
  const chunk = await reading.next(scheduler, () => readFrom(conn, n));
  if (chunk.length <= n) return chunk;
  reading.putBack(chunk.subarray(n));
  return chunk.subarray(0, n);
}

async function readFrom(
  conn: Deno.Conn,
  n: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const memory = new Uint8Array(Math.min(n, MAX_READ));
  const length = await conn.read(memory);
  return memory.subarray(0, length ?? 0);
}

/** Sends a file chunk outside the calling task, since the rest is sent even if the task is cancelled. */
function sendChunk(
  scheduler: Scheduler,
  conn: Deno.Conn,
  chunk: Uint8Array,
): Promise<void> {
  let sending: Promise<void>;
  callOutsideTasks(scheduler, () => sending = writeAll(conn, chunk));
  chunks.set(conn, sending!);
  return sending!;
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) {
    sent += await conn.write(bytes.subarray(sent));
  }
}

/** Waits for a pending file chunk. If sending it fails, the next write fails, too. */
async function chunkSent(scheduler: Scheduler, conn: Deno.Conn): Promise<void> {
  const sending = chunks.get(conn);
  if (sending === undefined) return;
  await networkCompletionOf(scheduler, sending.catch(() => {}));
  if (chunks.get(conn) === sending) chunks.delete(conn);
}
