// Copyright 2026 the asyncio for Deno authors. MIT license.

/** What is ready to run, the oldest first. */
export interface ReadyEntries {
  readonly size: number;
  /** The entry with this index, which is less than the size. */
  at(index: number): object;
}

/** What a scheduler needs from the world around it. */
export interface Host {
  /** Monotonic time in seconds. */
  now(): number;
  /** The time, in seconds, by which others keep I/O waiting; without it, `now()`. */
  sliceTime?(): number;
  /** Calls back in a macrotask of its own, before which I/O had its turn if `afterIo`. */
  macrotask(callback: () => void, afterIo: boolean): void;
  /** Calls back after `delay` seconds or earlier; the result cancels that. */
  timer(callback: () => void, delay: number): () => void;
  /** The index of the entry that runs next; without it, 0. What is not over yet is over when it is called. */
  choose?(ready: ReadyEntries): number;
  /** Nothing is ready any more, and the timer is set, if there is one. */
  idle?(): void;
}

/**
 * Tokio, on which Deno runs, looks for I/O only at every 61st turn of a program that always has an
 * immediate callback pending. So one `setImmediate` does not let I/O in; this many do.
 */
const TURNS_UNTIL_IO = 61;

/** A turn that takes so long, in milliseconds, has let I/O in; on Deno 2.5 every turn does. */
const LONG_TURNS = 1;

/** The longest delay that `setTimeout` takes, in milliseconds. */
const MAX_HOST_DELAY = 2 ** 31 - 1;

/** The host that a program ordinarily runs on. */
export const DENO_HOST: Host = {
  now: () => performance.now() / 1000,
  macrotask(callback, afterIo) {
    if (!afterIo) {
      setImmediate(callback);
      return;
    }
    const start = performance.now();
    let turns = TURNS_UNTIL_IO;
    const turn = () => {
      turns--;
      const isOver = turns === 0 || performance.now() - start >= LONG_TURNS;
      if (isOver) callback();
      else setImmediate(turn);
    };
    setImmediate(turn);
  },
  timer(callback, delay) {
    const id = setTimeout(
      callback,
      Math.min(Math.ceil(delay * 1000), MAX_HOST_DELAY),
    );
    return () => clearTimeout(id);
  },
};
