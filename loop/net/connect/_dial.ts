// Copyright 2026 the asyncio for Deno authors. MIT license.

import { isUnresolvedHost } from "../../core/deno_workarounds.ts";
import type { EventLoop } from "../../event_loop.ts";
import { ExceptionGroup } from "../../core/exception_group.ts";
import { schedulerOf } from "../../core/scheduler.ts";
import type { AddrInfo, IpFamily } from "../dns/get_addr_info.ts";
import {
  hostAndPort,
  ipLiteralOf,
  mayUseAllNet,
  unresolved,
} from "../dns/host.ts";
import { messageOf, rephrase } from "../stream/failures.ts";
import { assertReachable, networkOf } from "../stream/network.ts";
import { connectTcp } from "../stream/sockets.ts";
import type { HostAddress } from "../options.ts";
import { connectFrom } from "./_connect_from.ts";
import { race } from "./race.ts";

/** The target of a connection, and how to connect. */
interface DialOptions {
  readonly host: string | null;
  readonly port: number;
  readonly family: IpFamily;
  readonly localAddr: HostAddress | null;
  readonly happyEyeballsDelay: number | null;
  /** The number of addresses of the first IP version to put first; 0 keeps the system's order. */
  readonly interleave: number;
  readonly allErrors: boolean;
}

/** Connects by TCP. Aborts the attempts on cancellation, and closes any connection that was established. */
export async function dial(
  loop: EventLoop,
  options: DialOptions,
): Promise<Deno.Conn> {
  assertReachable("createConnection", schedulerOf(loop));
  const targets = await targetsOf(loop, options);
  const connect = await connectorOf(loop, options);
  const outcome = await race<Deno.Conn>(schedulerOf(loop), {
    attempts: targets.map((target) => (signal) => connect(target, signal)),
    delay: options.happyEyeballsDelay,
    discard: (conn) => conn.close(),
  });
  if ("value" in outcome) return outcome.value;
  throw dialError(options, targets, outcome.error);
}

async function targetsOf(
  loop: EventLoop,
  { host, port, family, localAddr, interleave: count }: DialOptions,
): Promise<HostAddress[]> {
  const literal = host === null ? null : ipLiteralOf(host);
  if (family === 0) {
    if (literal !== null) return [{ hostname: literal.hostname, port }];
    // Only Deno may resolve the host then.
    if (localAddr === null && !mayUseAllNet()) {
      return [{ hostname: host ?? "localhost", port }];
    }
  }
  const infos = await loop.getAddrInfo(host, port, { family });
  return count > 0 ? interleave(infos, count) : infos;
}

/**
 * Interleaves the addresses of the two IP versions, starting with `count` of the version that comes first (RFC
 * 8305).
 */
export function interleave(
  infos: readonly AddrInfo[],
  count: number,
): AddrInfo[] {
  const first = infos.filter(({ family }) => family === infos[0]?.family);
  const second = infos.filter(({ family }) => family !== infos[0]?.family);
  const result = first.splice(0, count - 1);
  while (first.length > 0 || second.length > 0) {
    result.push(...first.splice(0, 1), ...second.splice(0, 1));
  }
  return result;
}

type Connector = (
  target: HostAddress,
  signal: AbortSignal,
) => Promise<Deno.Conn>;

async function connectorOf(
  loop: EventLoop,
  { localAddr, family, happyEyeballsDelay }: DialOptions,
): Promise<Connector> {
  const network = networkOf(schedulerOf(loop));
  if (network !== null) {
    return (target, signal) => network.connect(target, localAddr, signal);
  }
  if (localAddr !== null) {
    const { hostname, port } = localAddr;
    const locals = await loop.getAddrInfo(hostname, port, { family });
    return (target, signal) => connectFrom(locals, target, signal);
  }
  // Applies to hosts that Deno resolves.
  const own = happyEyeballsDelay === null
    ? {}
    : { autoSelectFamilyAttemptDelay: happyEyeballsDelay * 1000 };
  return ({ hostname, port }, signal) =>
    connectTcp({ hostname, port, ...own }, signal);
}

/** Returns an error of the class of the last one, as Deno would, with the messages of all. */
function dialError(
  { host, port, allErrors }: DialOptions,
  targets: readonly HostAddress[],
  errors: readonly unknown[],
): Error {
  const where = hostAndPort(host, port);
  const what = `Cannot connect to ${where}`;
  const tried = targets.map((target, i) => ({
    where: hostAndPort(target.hostname, target.port),
    error: errors[i],
  }));
  if (allErrors) {
    return new ExceptionGroup(
      what,
      tried.map(({ where, error }) => attemptError(where, error)),
    );
  }
  const last = tried.at(-1)!;
  if (last.where === where) {
    return isUnresolvedHost(last.error)
      ? unresolved(host, port, last.error)
      : attemptError(where, last.error);
  }
  const list = tried.map(({ where, error }) => `${where}: ${messageOf(error)}`);
  return rephrase(
    last.error,
    `${what} (tried ${list.join("; ")})`,
    errors.length === 1 ? last.error : new ExceptionGroup(what, errors),
  );
}

function attemptError(where: string, error: unknown): Error {
  return rephrase(error, `Cannot connect to ${where}: ${messageOf(error)}`);
}
