// Copyright 2026 the asyncio for Deno authors. MIT license.

import { isAbstract } from "../connect/unix.ts";

/** The paths whose listeners are closed, but not yet let go by Deno, and when they will be. */
const releases = new Map<string, Promise<void>>();

/**
 * The file at which a Unix socket listens: what becomes of it when the socket is closed.
 *
 * Deno removes the file itself, some time after `close()`, whatever it is by then; Deno 2.5 does not.
 * A file that is to stay is therefore given a second name meanwhile.
 */
export class SocketFile {
  readonly #path: string;
  readonly #inode: number | null;
  readonly #cleanUp: boolean;
  #otherName: string | null = null;
  #released: Promise<void> | null = null;

  /** The socket listens already. If not `cleanUp`, its file is to stay. */
  constructor(path: string, cleanUp: boolean) {
    this.#path = path;
    this.#inode = inodeOf(path);
    this.#cleanUp = cleanUp;
  }

  /** To be called right before the socket is closed. */
  closing(released: Promise<void>): void {
    if (isAbstract(this.#path)) return;
    const inode = inodeOf(this.#path);
    if (inode === null) return;
    // Another server may listen there by now, or another program have its file there.
    if (!this.#cleanUp || inode !== this.#inode) {
      const name = `${this.#path}.${crypto.randomUUID()}`;
      Deno.linkSync(this.#path, name);
      this.#otherName = name;
    }
    this.#released = released;
    releases.set(this.#path, released);
  }

  /** To be called once the socket is closed and Deno has let go of it. */
  closed(): void {
    // Another server may have been closed at the path since.
    if (releases.get(this.#path) === this.#released) {
      releases.delete(this.#path);
    }
    const otherName = this.#otherName;
    if (otherName !== null) {
      Deno.renameSync(otherName, this.#path);
      // Two names of one file: nothing was renamed.
      removeIfThere(otherName);
    } else if (
      this.#cleanUp && this.#inode !== null &&
      inodeOf(this.#path) === this.#inode
    ) {
      removeIfThere(this.#path);
    }
  }
}

/** Waits until nobody is about to remove what listens at a path. */
export async function whenReleased(path: string): Promise<void> {
  await releases.get(path);
}

/** Removes the socket that a server left behind when it was killed; nothing but a socket. */
export function removeStaleSocket(path: string): void {
  if (isAbstract(path)) return;
  try {
    if (Deno.statSync(path).isSocket) Deno.removeSync(path);
  } catch {
    // Whether there is nothing or it may not be seen or removed: listening there will tell.
  }
}

function inodeOf(path: string): number | null {
  if (isAbstract(path)) return null;
  try {
    return Deno.statSync(path).ino;
  } catch {
    // Whether there is nothing or it may not be seen: there is nothing to clean up.
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
