// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Duplex } from "node:stream";
import { closeUnlessClosed } from "../engine/close_unless_closed.ts";

const READ_SIZE = 64 * 1024;
const NO_MEMORY = new Uint8Array(0);

/** A connection as Node has it. */
export interface ConnDuplex {
  readonly conn: Deno.Conn;
  /** Closed together with the connection. */
  readonly duplex: Duplex;
  /** Waits until everything is written to the connection, or it is closed. */
  flushed(): Promise<void>;
  /** Reads no more from the connection for now. */
  pause(): void;
  /** Goes on reading. */
  resume(): void;
}

/** Makes a duplex stream of Node's. */
export async function duplexOf(conn: Deno.Conn): Promise<ConnDuplex> {
  const { Duplex } = await import("node:stream");
  let memory = new Uint8Array(READ_SIZE);
  let onWritten: (() => void) | null = null;
  let isPaused = false;
  let isWaiting = false;
  const read = () => {
    conn.read(memory).then(
      (count) => {
        if (duplex.destroyed) return;
        duplex.push(count === null ? null : memory.slice(0, count));
      },
      (error) => duplex.destroy(error),
    );
  };
  const duplex = new Duplex({
    allowHalfOpen: true,
    read() {
      if (isPaused) isWaiting = true;
      else read();
    },
    write(data: Uint8Array, _encoding, callback) {
      writeAll(conn, data).then(() => {
        callback();
        onWritten?.();
      }, callback);
    },
    final(callback) {
      conn.closeWrite().then(() => callback(), callback);
    },
    destroy(error, callback) {
      closeUnlessClosed(conn);
      // Deno 2.9 never forgets a handshake that failed at a server with several certificates.
      memory = NO_MEMORY;
      callback(error);
      onWritten?.();
    },
  });
  return {
    conn,
    duplex,
    async flushed() {
      while (!duplex.destroyed && duplex.writableLength > 0) {
        await new Promise<void>((resolve) => onWritten = resolve);
      }
    },
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
      if (!isWaiting) return;
      isWaiting = false;
      read();
    },
  };
}

async function writeAll(conn: Deno.Conn, data: Uint8Array): Promise<void> {
  for (let rest = data; rest.length > 0;) {
    rest = rest.subarray(await conn.write(rest));
  }
}
