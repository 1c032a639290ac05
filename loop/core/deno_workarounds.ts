// Copyright 2026 the asyncio for Deno authors. MIT license.

import { propertyOf } from "./unknown_value.ts";

// Workarounds for faults of Deno. Each names the version that has the fault and how to tell that it can be removed.
//
// The following are part of the code around them, and are marked there:
// - net/serve/serve_unix.ts: the listener of a Unix socket removes its file some time after `close()`, whatever
//   file has that path by then (2.9.6).
//   Remove when `Deno.listen()` leaves the file alone, or removes it before `close()` returns.
// - net/datagram/datagram_link.ts: concurrent `socket.send()` calls of `node:dgram` may send in any order (2.9.6).
//   Remove when datagrams of mixed sizes, sent in one step, always arrive in order on the loopback interface.
// - net/tls/native_tls.ts: a TLS connection that is closed during `handshake()` stays open until the peer closes it,
//   and the connections of a TLS listener cannot disable Nagle's algorithm (2.9.6).
//   Remove `node:tls` when both are fixed; remove the native code when Deno 2.5 is no longer supported.
// - net/tls/_node_tls.ts: `SNICallback` and the handshake timer of `node:tls` keep failed handshakes in memory (2.9.6).
//   Remove when the memory test of failing handshakes passes with the timer and the callback of `node:tls`.
// - net/tls/_node_tls.ts: a paused `TLSSocket` loses the end of the stream if it arrives together with data, and
//   one on a socket handle goes on to read from that; creating an error in a module whose source map is not decoded
//   yet panics while no file descriptor is free (2.9.6).
//   Remove when the TLS tests pass with `socket.pause()`, and `loop/net/serve/out_of_files_test.ts` without the line.

/**
 * Makes `Deno.connect()` return a connection that is established just before `signal` is aborted.
 *
 * Deno 2.9.6 calls `signal.throwIfAborted()` once it is connected, and leaks the connection if that throws. Can be
 * removed when `Deno.connect()` no longer calls it, or closes the connection.
 */
export function keepLateConnection(signal: AbortSignal): void {
  Object.defineProperty(signal, "throwIfAborted", { value: () => {} });
}

/**
 * Returns the number of the signal that ended a process, if that is why `child.status` was rejected.
 *
 * Deno 2.9.6 rejects with `TypeError: Invalid signal: 40` if it has no name for the signal. Can be removed when
 * `child.status` resolves for a process that a real-time signal has ended.
 */
export function unnamedSignalOf(error: unknown): number | null {
  const number = /signal: (\d+)/.exec(messageOf(error))?.[1];
  return number === undefined ? null : Number(number);
}

/**
 * Returns whether `child.kill()` failed because the process has ended.
 *
 * Deno 2.9.6 throws a plain `TypeError` in that case. Can be removed when it throws a `NotFound`.
 */
export function isAlreadyTerminated(error: unknown): boolean {
  return messageOf(error).includes("already terminated");
}

/**
 * Returns whether connecting or listening failed because the host has no address.
 *
 * The error of Deno 2.9.6 has neither a class nor a code for this, and its message differs between operating systems.
 * Can be removed when `Deno.connect({ hostname: "nonexistent.invalid", port: 1 })` is rejected with a code.
 */
export function isUnresolvedHost(error: unknown): boolean {
  return error instanceof URIError || error instanceof Error &&
      /failed to lookup address|no such host|not known/i.test(error.message);
}

/**
 * Returns whether the reason why a datagram was not sent is missing from the error.
 *
 * `node:dgram` in Deno 2.9.6 reports EACCES, most other codes and missing permissions as "UNKNOWN". Can be removed
 * when sending to 255.255.255.255 without `setBroadcast(true)` fails with the code "EACCES".
 */
export function isUnknownSendError(error: unknown): boolean {
  return propertyOf(error, "code") === "UNKNOWN";
}

/** Sets whether a worker keeps the program alive, as it does initially. The calls must alternate: off, on, off, … */
export type SetReferenced = (referenced: boolean) => void;

/**
 * Returns the function that sets whether a worker keeps the program alive; `null` if there is none.
 *
 * A web worker in Deno 2.9.6 has no public one, and keeps the program alive until it is terminated, even when idle.
 * `node:worker_threads` has `unref()`, but its workers take twenty times as long to start and twice as long per job.
 * The method it calls is the only one of `Worker` whose symbol has no description; if there are several, none is used.
 * Can be removed when `Worker` has `unref()`.
 */
export function setReferencedOf(worker: Worker): SetReferenced | null {
  const found: SetReferenced[] = [];
  // A program may have subclassed Worker.
  for (
    let prototype = Object.getPrototypeOf(worker);
    prototype !== EventTarget.prototype;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    for (const symbol of Object.getOwnPropertySymbols(prototype)) {
      if (symbol.description !== undefined) continue;
      const method: unknown = Reflect.get(prototype, symbol);
      if (typeof method === "function" && method.length === 1) {
        found.push((referenced) => method.call(worker, referenced));
      }
    }
  }
  return found.length === 1 ? found[0]! : null;
}

/**
 * Sets whether a pending read of `Deno.stdin` keeps the program alive, as it does initially.
 *
 * Deno 2.9.6 has no public way to let a program end while it waits for its standard input; `node:process` uses these
 * methods. Without them, such a program ends with the next input. Can be removed when `Deno.stdin` has `unref()`.
 */
export function setStdinReferenced(isReferenced: boolean): void {
  const prototype: object = Object.getPrototypeOf(Deno.stdin);
  const name = isReferenced ? "REF" : "UNREF";
  const symbol = Object.getOwnPropertySymbols(prototype)
    .find(({ description }) => description === name);
  if (symbol === undefined) return;
  const method: unknown = Reflect.get(prototype, symbol);
  if (typeof method === "function") method.call(Deno.stdin);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "";
}
