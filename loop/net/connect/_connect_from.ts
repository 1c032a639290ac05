// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { AddrInfo } from "../dns/get_addr_info.ts";
import {
  hostAndPort,
  ipLiteralOf,
  isSameHost,
  mayUseAllNet,
} from "../dns/host.ts";
import {
  interrupted,
  messageOf,
  osErrorOf,
  rephrase,
} from "../stream/failures.ts";
import { NodeConn, type UnderlyingConn } from "../stream/node_conn.ts";
import type { HostAddress } from "../options.ts";

/**
 * Connects from a local address, which `Deno.connect()` does not support. Uses the first of the addresses that
 * matches the target's IP version and is free.
 */
export async function connectFrom(
  locals: readonly AddrInfo[],
  remote: HostAddress,
  signal: AbortSignal,
): Promise<Deno.Conn> {
  const family = ipLiteralOf(remote.hostname)?.family;
  const fitting = locals.filter((local) => local.family === family);
  if (fitting.length === 0) {
    throw new Deno.errors.AddrNotAvailable(
      `The local address must be an IPv${family} address`,
    );
  }
  let lastError: unknown;
  for (const local of fitting) {
    try {
      return await connectBound(local, remote, signal);
    } catch (error) {
      if (!isOfBinding(error)) throw osErrorOf(error);
      const message = `Cannot bind to ${
        hostAndPort(local.hostname, local.port)
      }`;
      lastError = rephrase(osErrorOf(error), `${message}: ${messageOf(error)}`);
    }
  }
  throw lastError;
}

async function connectBound(
  local: HostAddress,
  remote: HostAddress,
  signal: AbortSignal,
): Promise<Deno.Conn> {
  // Checked first, because `node:net` reports missing permissions as an uncaught exception.
  await assertPermitted(local);
  await assertPermitted(remote);
  const { connect } = await import("node:net");
  signal.throwIfAborted();
  const socket = connect({
    host: remote.hostname,
    port: remote.port,
    localAddress: local.hostname,
    localPort: local.port,
    noDelay: true,
    allowHalfOpen: true,
  });
  const abort = () => socket.destroy();
  signal.addEventListener("abort", abort);
  try {
    await connected(socket);
    return connOf(socket, local, remote);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.on("error", reject);
    socket.once("close", () => reject(new Deno.errors.Interrupted("Aborted")));
  });
}

function connOf(
  socket: Socket,
  local: HostAddress,
  remote: HostAddress,
): Deno.Conn {
  if (!isBoundTo(socket, local)) {
    socket.destroy();
    throw new Deno.errors.NotSupported(
      `localAddr is not supported by Deno ${Deno.version.deno}`,
    );
  }
  const { hostname, port } = remote;
  return new DuplexConn(socket, {
    localAddr: {
      transport: "tcp",
      hostname: socket.localAddress ?? local.hostname,
      port: socket.localPort ?? local.port,
    },
    remoteAddr: { transport: "tcp", hostname, port },
    close: () => {},
    ref: () => socket.ref(),
    unref: () => socket.unref(),
  });
}

/** Deno 2.5 ignores the local address. */
function isBoundTo(socket: Socket, { hostname, port }: HostAddress): boolean {
  if (port !== 0 && socket.localPort !== port) return false;
  if (hostname === "0.0.0.0" || hostname === "::") return true;
  return isSameHost(socket.localAddress ?? "", hostname);
}

function isOfBinding(error: unknown): boolean {
  return error instanceof Error && "syscall" in error &&
    error.syscall === "bind";
}

async function assertPermitted({ hostname, port }: HostAddress): Promise<void> {
  if (mayUseAllNet()) return;
  const host = hostAndPort(hostname, port);
  const { state } = await Deno.permissions.request({ name: "net", host });
  if (state === "granted") return;
  throw new Deno.errors.NotCapable(
    `Requires net access to "${host}", run again with the --allow-net flag`,
  );
}

const NOTHING = new Uint8Array(0);

/** A Node stream that is read directly. */
export class DuplexConn extends NodeConn {
  readonly #duplex: Duplex;
  #unread: Uint8Array = NOTHING;
  #error: Error | null = null;
  #isOver = false;
  #wake: (() => void) | null = null;

  /** The connection below is closed together with the stream. */
  constructor(duplex: Duplex, underlying: UnderlyingConn) {
    super(duplex, underlying);
    this.#duplex = duplex;
    const wake = () => this.#wake?.();
    const end = () => {
      this.#isOver = true;
      wake();
    };
    duplex.on("readable", wake);
    duplex.on("end", end);
    duplex.on("close", () => {
      if (!this.#isOver) this.#error ??= interrupted();
      end();
    });
    duplex.on("error", (error) => {
      this.#error ??= osErrorOf(error);
      wake();
    });
  }

  override write(data: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#duplex.write(data, (error) => {
        if (error) reject(this.#error ?? osErrorOf(error));
        else resolve(data.length);
      });
    });
  }

  override closeWrite(): Promise<void> {
    return new Promise((resolve, reject) => {
      const callback = (error?: Error | null) => {
        if (error) reject(this.#error ?? osErrorOf(error));
        else resolve();
      };
      this.#duplex.end(callback);
    });
  }

  protected override async readAlone(
    memory: Uint8Array,
  ): Promise<number | null> {
    while (this.#unread.length === 0) {
      const chunk: Uint8Array | null = this.#duplex.read();
      if (chunk !== null) this.#unread = chunk;
      else if (this.#error !== null) throw this.#error;
      else if (this.#isOver) return null;
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const count = Math.min(this.#unread.length, memory.length);
    memory.set(this.#unread.subarray(0, count));
    this.#unread = this.#unread.subarray(count);
    return count;
  }
}
