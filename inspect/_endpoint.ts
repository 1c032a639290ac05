// Copyright 2026 the asyncio for Deno authors. MIT license.

import { OS } from "../loop/core/runtime.ts";

/** The socket on which a program listens for viewers. */
export interface Endpoint {
  readonly path: string;
  readonly listener: Deno.Listener;
  /** The first message of a viewer; `null` if the system lets no other user connect. */
  readonly token: string | null;
  /** Stops listening, and removes the file. */
  close(): void;
}

/** How viewers connect where there are no Unix sockets: what stands in the file at the path. */
interface Address {
  readonly port: number;
  readonly token: string;
}

/** Opens an endpoint at a path: a Unix socket or, on Windows, a file that names a port and a token. */
export async function openEndpoint(
  path: string,
  kind: "unix" | "loopback" = OS === "windows" ? "loopback" : "unix",
): Promise<Endpoint> {
  await removeStale(path);
  return kind === "unix" ? listenOnSocket(path) : listenOnLoopback(path);
}

function listenOnSocket(path: string): Endpoint {
  // Created where no other user can enter, so that no other user connects before the mode is set.
  const directory = Deno.makeTempDirSync({ dir: parentOf(path), prefix: "." });
  const hidden = `${directory}/socket`;
  let listener: Deno.Listener | null = null;
  try {
    listener = Deno.listen({ transport: "unix", path: hidden });
    Deno.chmodSync(hidden, 0o600);
    Deno.renameSync(hidden, path);
  } catch (error) {
    listener?.close();
    throw error;
  } finally {
    removeIfThere(hidden);
    removeIfThere(directory);
  }
  return endpoint(path, listener, null);
}

function listenOnLoopback(path: string): Endpoint {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const address: Address = { port, token: newToken() };
  try {
    Deno.writeTextFileSync(path, JSON.stringify(address), {
      createNew: true,
      mode: 0o600,
    });
  } catch (error) {
    listener.close();
    throw error;
  }
  return endpoint(path, listener, address.token);
}

function endpoint(
  path: string,
  listener: Deno.Listener,
  token: string | null,
): Endpoint {
  return {
    path,
    listener,
    token,
    close() {
      listener.close();
      removeIfThere(path);
    },
  };
}

/** Connects to an endpoint; returns the connection and the token to send. */
export async function connectTo(
  path: string,
): Promise<{ conn: Deno.Conn; token: string | null }> {
  const { isFile } = await Deno.stat(path);
  if (!isFile) {
    return {
      conn: await Deno.connect({ transport: "unix", path }),
      token: null,
    };
  }
  const { port, token } = addressIn(path, await Deno.readTextFile(path));
  return { conn: await Deno.connect({ hostname: "127.0.0.1", port }), token };
}

function addressIn(path: string, text: string): Address {
  try {
    const { port, token } = JSON.parse(text);
    if (Number.isInteger(port) && typeof token === "string") {
      return { port, token };
    }
  } catch {
    // It is not JSON.
  }
  throw new Deno.errors.InvalidData(
    `Cannot inspect ${path} as it is not the address of a program`,
  );
}

/** Removes what a program left behind that was killed; throws if a program listens there. */
export async function removeStale(path: string): Promise<void> {
  try {
    const { conn } = await connectTo(path);
    conn.close();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    removeIfThere(path);
    return;
  }
  throw new Deno.errors.AddrInUse(
    `Cannot listen at ${path} as a program already does`,
  );
}

/** A token that cannot be guessed. */
export function newToken(): string {
  return crypto.getRandomValues(new Uint8Array(24)).toHex();
}

/** Compares two texts in a time that does not tell how much of them is equal. */
export function isSameToken(actual: unknown, expected: string): boolean {
  if (typeof actual !== "string" || actual.length !== expected.length) {
    return false;
  }
  let difference = 0;
  for (let i = 0; i < expected.length; i++) {
    difference |= actual.charCodeAt(i) ^ expected.charCodeAt(i);
  }
  return difference === 0;
}

function parentOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) || "/" : ".";
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It is gone.
  }
}

/** Sets whether a listener or connection keeps the program running. */
export function keepAlive(
  resource: Deno.Listener | Deno.Conn,
  isKept: boolean,
): void {
  const { ref, unref } = resource as Partial<Deno.TcpConn>;
  (isKept ? ref : unref)?.call(resource as Deno.TcpConn);
}
