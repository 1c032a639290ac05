// Copyright 2026 the asyncio for Deno authors. MIT license.

/** The ready entries, oldest first. */
export interface ReadyEntries {
  readonly size: number;
  /** The entry with this index, which is less than the size. */
  at(index: number): object;
}

/** The environment of a scheduler. */
export interface Host {
  /** Monotonic time in seconds. */
  now(): number;
  /** The time, in seconds, by which slices are measured; `now()` by default. */
  sliceTime?(): number;
  /** Calls back in a new macrotask; if `afterIo`, after I/O had its turn. */
  macrotask(callback: () => void, afterIo: boolean): void;
  /** Calls back after `delay` seconds or earlier; returns a function that cancels the call. */
  timer(callback: () => void, delay: number): () => void;
  /** Chooses the entry that runs next, by its index; 0 by default. It is only called when the entry before is over. */
  choose?(ready: ReadyEntries): number;
  /** Called when nothing is ready any more and the timer is set, if there is one. */
  idle?(): void;
}

/**
 * Tokio, on which Deno runs, polls I/O only at every 61st turn while an immediate is pending. So one `setImmediate` does
 * not let I/O in; this many do.
 */
const TURNS_UNTIL_IO = 61;

/** A turn of this duration, in milliseconds, has let I/O in; on Deno 2.5 every turn does. */
const LONG_TURNS = 1;

/** The maximum delay of `setTimeout`, in milliseconds. */
const MAX_HOST_DELAY = 2 ** 31 - 1;

/** The callbacks that wait for I/O. They wait together, so that no loop runs on in the turns of another. */
let waitingForIo: (() => void)[] = [];
let turnsUntilIo = 0;
/** The time of the last turn in which a loop ran, which does not count as long. */
let idleSince = 0;

function callAfterIo(callback: () => void): void {
  idleSince = performance.now();
  if (waitingForIo.push(callback) > 1) return;
  turnsUntilIo = TURNS_UNTIL_IO;
  setImmediate(onTurn);
}

function onTurn(): void {
  turnsUntilIo--;
  const isLong = performance.now() - idleSince >= LONG_TURNS;
  if (turnsUntilIo > 0 && !isLong) {
    setImmediate(onTurn);
    return;
  }
  const callbacks = waitingForIo;
  waitingForIo = [];
  for (const callback of callbacks) callback();
}

/** The default host. */
export const DENO_HOST: Host = {
  now: () => performance.now() / 1000,
  macrotask(callback, afterIo) {
    if (afterIo) callAfterIo(callback);
    else setImmediate(callback);
  },
  timer(callback, delay) {
    const id = setTimeout(
      callback,
      Math.min(Math.ceil(delay * 1000), MAX_HOST_DELAY),
    );
    return () => clearTimeout(id);
  },
};
