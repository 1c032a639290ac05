// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Duplex } from "node:stream";
import { closeConn } from "./_close_conn.ts";

const READ_SIZE = 64 * 1024;

/** A connection as Node has it. Whichever of the two is closed, the other is too. */
export async function duplexOf(conn: Deno.Conn): Promise<Duplex> {
  const { Duplex } = await import("node:stream");
  const memory = new Uint8Array(READ_SIZE);
  const duplex = new Duplex({
    allowHalfOpen: true,
    read() {
      conn.read(memory).then(
        (count) => {
          if (duplex.destroyed) return;
          duplex.push(count === null ? null : memory.slice(0, count));
        },
        (error) => duplex.destroy(error),
      );
    },
    write(data: Uint8Array, _encoding, callback) {
      writeAll(conn, data).then(() => callback(), callback);
    },
    final(callback) {
      conn.closeWrite().then(() => callback(), callback);
    },
    destroy(error, callback) {
      closeConn(conn);
      callback(error);
    },
  });
  return duplex;
}

async function writeAll(conn: Deno.Conn, data: Uint8Array): Promise<void> {
  for (let rest = data; rest.length > 0;) {
    rest = rest.subarray(await conn.write(rest));
  }
}
