// Copyright 2026 the asyncio for Deno authors. MIT license.

import { isAbstract } from "../connect/unix.ts";

/** The paths of closed listeners that Deno has not released yet, with promises for their release. */
const releases = new Map<string, Promise<void>>();

/**
 * The file of a Unix socket, to be cleaned up or kept when the socket is closed.
 *
 * Deno 2.9.6 removes the file some time after `close()`, whatever file has that path by then; Deno 2.5 does not
 * remove it. A file to be kept therefore gets a second name in the meantime.
 */
export class SocketFile {
  readonly #path: string;
  readonly #inode: number | null;
  readonly #cleanUp: boolean;
  #otherName: string | null = null;
  #released: Promise<void> | null = null;

  /** Requires that the socket is listening. Keeps the file unless `cleanUp`. */
  constructor(path: string, cleanUp: boolean) {
    this.#path = path;
    this.#inode = inodeOf(path);
    this.#cleanUp = cleanUp;
  }

  /** Prepares for the closing of the socket. Called immediately before it. */
  closing(released: Promise<void>): void {
    if (isAbstract(this.#path)) return;
    const inode = inodeOf(this.#path);
    if (inode === null) return;
    // By now, the path may belong to another server or program.
    if (!this.#cleanUp || inode !== this.#inode) {
      const name = `${this.#path}.${crypto.randomUUID()}`;
      Deno.linkSync(this.#path, name);
      this.#otherName = name;
    }
    this.#released = released;
    releases.set(this.#path, released);
  }

  /** Removes or restores the file. Called once the socket is closed and Deno has released it. */
  closed(): void {
    // Another server at this path may have been closed in the meantime.
    if (releases.get(this.#path) === this.#released) {
      releases.delete(this.#path);
    }
    const otherName = this.#otherName;
    if (otherName !== null) {
      Deno.renameSync(otherName, this.#path);
      // rename(2) does nothing if both are names of the same file.
      removeIfThere(otherName);
    } else if (
      this.#cleanUp && this.#inode !== null &&
      inodeOf(this.#path) === this.#inode
    ) {
      removeIfThere(this.#path);
    }
  }
}

/** Waits until Deno has released the path. */
export async function whenReleased(path: string): Promise<void> {
  await releases.get(path);
}

/** Removes the socket of a server that was killed. Other files are kept. */
export function removeStaleSocket(path: string): void {
  if (isAbstract(path)) return;
  try {
    if (Deno.statSync(path).isSocket) Deno.removeSync(path);
  } catch {
    // Ignored: if the path cannot be used, listening fails.
  }
}

function inodeOf(path: string): number | null {
  if (isAbstract(path)) return null;
  try {
    return Deno.statSync(path).ino;
  } catch {
    // Ignored: without a readable file there is nothing to clean up.
    return null;
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
